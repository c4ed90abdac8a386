#ifndef RIVER_WORLD_GENERATOR_BODY_H
#define RIVER_WORLD_GENERATOR_BODY_H

/* The two renderings behind generator_encode: bodies only, no flaws. */

#include "world/generator_encode.h"

/* Framing and body of the value; not for tombstones. */
void generator_avro_value(const struct generator_encoding *e, const struct generated *g, struct buf *out);
void generator_avro_key(const struct generator_encoding *e, const struct generated *g, struct buf *out);

void generator_json_value(const struct generator_encoding *e, const struct generated *g, struct buf *out);
void generator_json_key(const struct generated *g, struct buf *out);

/* Whichever of before and after is filled: the row a changelog record is about. */
struct slice generated_row_id(const struct generated *g);

#endif
