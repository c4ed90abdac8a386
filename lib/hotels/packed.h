#ifndef RIVER_HOTELS_PACKED_H
#define RIVER_HOTELS_PACKED_H

/* A list of strings and nulls as one text: "6:Ritz A -" is "Ritz A" and a
 * null. Exact for any bytes, and readable for people who look into the
 * database. */

#include "base/buf.h"
#include "wire/record.h"

/* Appends an item. */
void pack_value(struct buf *to, const struct value *v);

/* The item at *at, which moves on: 1, 0 at the end, -1 when damaged. The string is borrowed. */
int unpack_value(struct slice packed, size_t *at, struct value *out);

#endif
