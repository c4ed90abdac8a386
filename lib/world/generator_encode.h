#ifndef RIVER_WORLD_GENERATOR_ENCODE_H
#define RIVER_WORLD_GENERATOR_ENCODE_H

/* Generated events as bytes: Confluent Avro framing (0x00, schema id big
 * endian, body) in the writer schema of the event's generation, or plain JSON.
 * HOTEL and CUSTOMER carry an Avro (JSON) key and either a full Debezium
 * envelope or the bare after-state. Bytes are written by hand, without any
 * Avro library, so that the generator and the decoders cannot share a mistake. */

#include "base/buf.h"
#include "world/generator.h"

enum generated_format { GENERATED_AVRO, GENERATED_JSON };
enum generated_cdc { GENERATED_DEBEZIUM, GENERATED_FLAT };

/* One slot per schema that may be registered. Event schemas: input * GENERATIONS + generation. */
enum generator_schema {
	SCHEMA_CLICK = 0,
	SCHEMA_BOOKING = GENERATIONS,
	SCHEMA_REVIEW = 2 * GENERATIONS,
	SCHEMA_HOTEL_KEY = 3 * GENERATIONS,
	SCHEMA_HOTEL_ENVELOPE,
	SCHEMA_HOTEL_FLAT,
	SCHEMA_CUSTOMER_KEY,
	SCHEMA_CUSTOMER_ENVELOPE,
	SCHEMA_CUSTOMER_FLAT,
	GENERATOR_SCHEMAS
};

/* The literal text to register. */
const char *generator_schema_text(enum generator_schema schema);
enum input generator_schema_input(enum generator_schema schema);
bool generator_schema_is_key(enum generator_schema schema);
/* "2025-spring", "2025-autumn", "2026". */
const char *generation_name(enum generation generation);
/* Also knows "mixed". -1 when unknown. */
int generation_parse(const char *word);

struct generator_encoding {
	enum generated_format format;
	enum generated_cdc cdc;
	int32_t schema_ids[GENERATOR_SCHEMAS]; /* as the registry gave them; unused for JSON */
};

/* Whether this encoding and generation writes records of that schema. */
bool generator_schema_needed(const struct generator_encoding *e, enum generation generation,
			     enum generator_schema schema);

/* Appends to `key` and `value`, which the caller has cleared. A flaw is
 * applied. Sets whether each is null. */
void generator_encode(const struct generator_encoding *e, const struct generated *g, struct buf *key,
		      bool *has_key, struct buf *value, bool *has_value);

#endif
