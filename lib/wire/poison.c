#include "wire/decoder.h"

const char *poison_name(enum poison reason)
{
	switch (reason) {
	case POISON_FRAMING: return "framing";
	case POISON_SCHEMA: return "schema";
	case POISON_BYTES: return "bytes";
	case POISON_NULL_VALUE: return "null_value";
	case POISON_FIELD: return "field";
	case POISON_EVENT_TIME: return "event_time";
	case POISON_TOO_LARGE: return "too_large";
	case POISON_REASONS: break;
	}
	return "unknown";
}

const char *poison_help(enum poison reason)
{
	switch (reason) {
	case POISON_FRAMING: return "nothing in front of the value says which schema it has";
	case POISON_SCHEMA: return "the schema is not in the registry, or cannot be used";
	case POISON_BYTES: return "the bytes do not follow the schema, or are not JSON";
	case POISON_NULL_VALUE: return "there is no value";
	case POISON_FIELD: return "a needed field is missing, null or of a wrong type";
	case POISON_EVENT_TIME: return "no event time, or one too far in the future";
	case POISON_TOO_LARGE: return "larger than is allowed";
	case POISON_REASONS: break;
	}
	return "";
}
