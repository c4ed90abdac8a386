#ifndef RIVER_WIRE_RECORD_H
#define RIVER_WIRE_RECORD_H

/* The values that flow: a message as Kafka gave it, and the record that the
 * decoders make of it.
 *
 * A record holds one value per *wanted* field. Who wants which fields is said
 * by a layout (a list of names, matched case-insensitively against the
 * writer's schema), so that nothing in this floor knows what a hotel is.
 * All slices point into the message (or the decoder's scratch memory) and are
 * valid until the next message is decoded. */

#include "base/slice.h"

#include <stdint.h>

enum value_kind {
	VALUE_ABSENT = 0, /* the writer's schema has no such field */
	VALUE_NULL,
	VALUE_STRING, /* UTF-8 as the producer wrote it; also enums */
	VALUE_LONG,
	VALUE_DOUBLE,
	VALUE_BOOL,  /* in i: 0 or 1 */
	VALUE_BYTES, /* raw bytes; a decimal when unit says so */
};

/* What a number or string means, from logicalType or connect.name. */
enum value_unit {
	UNIT_NONE = 0,
	UNIT_MILLIS, /* since the epoch; also local-timestamp-* read as UTC */
	UNIT_MICROS,
	UNIT_NANOS,
	UNIT_DAYS,    /* Avro date */
	UNIT_DECIMAL, /* bytes: big-endian two's complement, `scale` digits after the point */
};

struct value {
	uint8_t kind; /* enum value_kind */
	uint8_t unit; /* enum value_unit */
	int16_t scale;
	union {
		struct slice s;
		int64_t i;
		double d;
	};
};

/* Fields wanted from a topic, at most RECORD_MAX_FIELDS; slot k of a record
 * holds the field names[k]. Both strings and array outlive their users. */
#define RECORD_MAX_FIELDS 16

struct layout {
	const char *const *names;
	size_t count;
};

enum change {
	CHANGE_UPSERT, /* append, insert, update, snapshot read */
	CHANGE_DELETE, /* delete event or tombstone: fields hold what is known of the old row */
	CHANGE_NONE,   /* nothing to apply (Debezium truncate or message event) */
};

/* One message as consumed. Slices are borrowed from the Kafka client. */
struct message_header {
	struct slice name, value;
};

struct message {
	const char *topic;
	int32_t partition;
	int64_t offset;
	int64_t timestamp_ms; /* Kafka record timestamp; -1 when there is none */
	struct slice key, value;
	bool has_key, has_value; /* false: null, which is not the same as empty */
	const struct message_header *headers;
	size_t header_count;
};

struct record {
	const struct message *message;
	enum change change;
	struct value fields[RECORD_MAX_FIELDS];
};

static inline bool value_present(const struct value *v)
{
	return v->kind != VALUE_ABSENT && v->kind != VALUE_NULL;
}

#endif
