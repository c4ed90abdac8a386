#ifndef RIVER_WIRE_DECODER_H
#define RIVER_WIRE_DECODER_H

/* One decoder per input topic: bytes in, record out.
 *
 * It reads the framing (header __value_schema_id first, then the 0x00 prefix,
 * else plain JSON), looks up the plan compiled for that writer schema, runs
 * it, and unwraps Debezium forms when the topic is a changelog. It does no
 * I/O: when it meets a schema id it does not know it says so, and the caller
 * fetches the schema and gives it to every decoder by decoder_learn(). */

#include "base/err.h"
#include "wire/record.h"

enum decode_result {
	DECODE_OK = 0,
	DECODE_POISON,	     /* err says why; class ERR_POISON. err->code is an enum poison */
	DECODE_NEEDS_SCHEMA, /* `needed` of the call says which */
};

/* Reasons for the dead-letter topic and its metric label. */
enum poison {
	POISON_FRAMING,	   /* empty, unknown magic byte, cut header */
	POISON_SCHEMA,	   /* registry has no such id, or the schema is not usable */
	POISON_BYTES,	   /* bytes do not follow the schema, or are not JSON */
	POISON_NULL_VALUE, /* null value in an append topic */
	POISON_FIELD,	   /* a needed field is missing, null or of a wrong type */
	POISON_EVENT_TIME, /* no event time, or one beyond max_future_skew */
	POISON_TOO_LARGE,  /* over the size limit */
	POISON_REASONS
};
const char *poison_name(enum poison reason);
/* The same in a few words for people. */
const char *poison_help(enum poison reason);

enum value_format { FORMAT_AUTO, FORMAT_AVRO, FORMAT_JSON_SCHEMA, FORMAT_JSON };

/* A schema is named by id, or (newer framing) by GUID. */
struct schema_ref {
	bool is_guid;
	int32_t id;
	uint8_t guid[16];
};

struct decoder;

struct decoder_options {
	struct layout layout;
	enum value_format
		format; /* AUTO: framed Avro or JSON Schema by what the registry says of the id, else JSON */
	bool changelog; /* understand Debezium forms and tombstones */
	size_t max_message; /* bytes; larger is poison; 0 means 1 MiB */
};

struct decoder *decoder_new(const struct decoder_options *options, struct err *err);
void decoder_free(struct decoder *d);

/* Decodes one message into *out. Slots beyond the layout are not touched; on
 * anything but DECODE_OK none may be used. No allocation on the Avro path once
 * the schema is known. `needed` is filled for DECODE_NEEDS_SCHEMA. */
enum decode_result decoder_decode(struct decoder *d, const struct message *m, struct record *out,
				  struct schema_ref *needed, struct err *err);

/* What the registry said of a schema: type "AVRO" or "JSON" and its text. A
 * schema that cannot be vetted is remembered as unusable (its records are
 * poison with the reason); that is not an error of this call. Returns -1 only
 * when out of memory. */
int decoder_learn(struct decoder *d, const struct schema_ref *ref, const char *type, struct slice text,
		  struct err *err);

/* The registry has no such schema: its records are poison. */
int decoder_learn_missing(struct decoder *d, const struct schema_ref *ref, struct err *err);

/* Whether the ref was learnt (either way). */
bool decoder_knows(const struct decoder *d, const struct schema_ref *ref);

/* Number of schemas learnt, for metrics. */
size_t decoder_schema_count(const struct decoder *d);

#endif
