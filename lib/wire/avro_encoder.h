#ifndef RIVER_WIRE_AVRO_ENCODER_H
#define RIVER_WIRE_AVRO_ENCODER_H

/* Our fields into a record of an Avro schema, by name.
 *
 * The schema is parsed and each of its fields mapped once: to one of ours, or
 * to the bytes of its default. Writing then is a walk over the fields, without
 * allocation. The schema may be our own or one that is already registered for the
 * subject; what cannot be mapped is found when the encoder is made, not when a
 * record is waiting.
 *
 * The text is vetted by avro_schema.h before avro-c sees it: a registered one is
 * written by others, and avro-c crashes on some texts. avro-c has to accept it
 * too, and writes the defaults; it is what the tests read our bytes with.
 *
 * avro-c keeps the text of its last error in one place for the whole process, so
 * encoders are made in the loop only.
 *
 * Named encoder and not writer since avro-c exports avro_writer_*. */

#include "base/buf.h"
#include "base/err.h"
#include "wire/record.h"

/* What we have for a field. */
struct avro_input_field {
	const char *name;
	uint8_t kind;  /* enum value_kind: STRING, LONG, DOUBLE or BOOL */
	uint8_t unit;  /* of a LONG: UNIT_MILLIS becomes micros or nanos when the schema says so */
	bool nullable; /* may be null; the schema must then allow null */
	bool is_array; /* of values of `kind`, each of which may be null; `nullable` is of the array */
};

/* A value to write. For an array: items. */
struct avro_input {
	struct value scalar;
	const struct value *items;
	size_t item_count;
};

struct avro_encoder;

/* `fields` (and its names) outlive the encoder. NULL with ERR_CONFIG when the schema is not a
 * record or avro-c refuses it, cannot hold one of our fields, or has a field without default that we
 * lack. Our fields that the schema lacks are left out. */
struct avro_encoder *avro_encoder_new(struct slice schema_text, const struct avro_input_field *fields,
				      size_t count, struct err *err);
void avro_encoder_free(struct avro_encoder *e);

/* Appends the binary encoding (no framing). inputs[k] belongs to fields[k].
 * Texts are borrowed for the time of the call. -1 with ERR_FATAL when a value
 * does not match what its field promised, or the buffer is full. */
int avro_encoder_write(const struct avro_encoder *e, const struct avro_input *inputs, struct buf *out,
		       struct err *err);

#endif
