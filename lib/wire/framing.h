#ifndef RIVER_WIRE_FRAMING_H
#define RIVER_WIRE_FRAMING_H

/* Where a message says which schema its bytes follow.
 *
 * Two places, the first wins (Confluent's DualSchemaIdDeserializer reads them
 * in this order since 8.0; of several headers of that name the last one with
 * a value counts):
 *
 *   header __value_schema_id or __key_schema_id    body is the bare payload
 *   the first bytes of the body
 *
 * and two forms, in either place: 00 + schema id (4 bytes, big endian), or
 * 01 + GUID (16 bytes). A body with neither is plain when its first
 * non-blank byte is '{'. Pure functions, any thread. */

#include "base/buf.h"
#include "base/err.h"
#include "wire/decoder.h"

struct framing {
	bool has_schema;       /* false: plain JSON, nothing to look up */
	struct schema_ref ref; /* when has_schema */
	struct slice body;     /* borrowed from the message */
};

/* The value of a message. -1 with ERR_POISON / POISON_FRAMING when it is
 * empty, cut, or begins with a byte that means nothing. */
int framing_of_value(const struct message *m, struct framing *out, struct err *err);

/* The key. Keys without framing exist in many forms, so that one without a
 * schema is handed back whole (has_schema false) unless it is empty. 00 + id 0
 * is not a schema (registries count from 1) but the first bytes of a number. */
int framing_of_key(const struct message *m, struct framing *out, struct err *err);

/* Appends 00 + id: what every record we write begins with. */
void framing_append(struct buf *b, int32_t schema_id);

/* Same schema id, or same GUID. */
static inline bool schema_ref_equal(const struct schema_ref *a, const struct schema_ref *b)
{
	if (a->is_guid != b->is_guid)
		return false;
	return a->is_guid ? memcmp(a->guid, b->guid, sizeof(a->guid)) == 0 : a->id == b->id;
}

/* "id 42" or "guid 0f..." and a NUL, for sentences. */
#define SCHEMA_REF_TEXT 48
void schema_ref_text(const struct schema_ref *ref, char out[SCHEMA_REF_TEXT]);

#endif
