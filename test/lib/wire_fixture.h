#ifndef RIVER_TEST_WIRE_FIXTURE_H
#define RIVER_TEST_WIRE_FIXTURE_H

/* Help for the tests of wire/: files, plans and messages in one line. Each
 * function stops the test when it fails. */

#include "base/buf.h"
#include "wire/avro_plan.h"
#include "wire/decoder.h"

/* The text of a file below the top of the source tree. Free b. */
void fixture_file(struct buf *b, const char *path);

/* A layout over a literal list of names. */
#define LAYOUT(...)                                                                                          \
	((struct layout){(const char *const[]){__VA_ARGS__},                                                 \
			 sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *)})

struct avro_plan *fixture_plan(const char *schema, struct layout layout, bool changelog);

/* A decoder that knows `schema` as id 7 of the type. */
struct decoder *fixture_decoder(struct layout layout, bool changelog, const char *type, struct slice schema);

/* 00 + id 7 + body; `b` is cleared first. */
void fixture_frame(struct buf *b, int32_t id, struct slice body);

/* Avro by hand, beside which avro-c is held: a zigzag varint (ints, longs,
 * lengths, branches), a string, a double. */
void hand_long(struct buf *b, int64_t v);
void hand_string(struct buf *b, struct slice s);
void hand_double(struct buf *b, double d);

struct message fixture_message(struct slice value);

#endif
