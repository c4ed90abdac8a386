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
