#ifndef RIVER_WIRE_JSON_H
#define RIVER_WIRE_JSON_H

/* JSON text as a cursor: values are read where they stand.
 *
 * Messages of 1 MiB come from strangers, and ids in them are 64-bit numbers,
 * so the text is walked once, in order, without building a tree: a tree of
 * [[],[],...] takes forty times the memory of its text, cJSON keeps numbers as
 * doubles (9007199254740993 would change) and cuts strings at \u0000. cJSON is
 * the oracle of this reader in the tests.
 *
 * RFC 8259, strictly: no comments, no leading zeros, no control characters in
 * strings, no lone surrogates. A reader over a text that json_check() accepted
 * cannot fail on its structure. */

#include "base/buf.h"
#include "base/err.h"
#include "wire/record.h"

#define JSON_MAX_DEPTH 32

/* The whole text is one valid JSON value, is UTF-8, and nests no deeper than
 * max_depth. -1 with ERR_POISON / POISON_BYTES and the place. */
int json_check(struct slice text, unsigned max_depth, struct err *err);

/* Walks the members of an object, or the items of an array. `text` was
 * checked, and starts at (or blanks before) the '{' or '['. */
struct json_cursor {
	const char *p, *end;
};

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* The type of a checked value, by its first byte. */
enum json_type json_type_of(struct slice value);

struct json_cursor json_enter(struct slice container);

/* The next member: its name as written between the quotes, and its value (both
 * borrowed from the text). False at the end. */
bool json_next_member(struct json_cursor *c, struct slice *name, struct slice *value);
bool json_next_item(struct json_cursor *c, struct slice *value);

/* Whether a name as written equals `wanted` (escapes resolved): 2 when
 * exactly, 1 when only the case differs, 0 when not. */
int json_name_matches(struct slice name, const char *wanted);

/* The member of an object with this very name (last one when repeated);
 * false when there is none. */
bool json_find_member(struct slice object, const char *name, struct slice *value);

/* The text of a string value. Without escapes it is a slice of the message;
 * with escapes it is built in `scratch` (which must have been reserved for the
 * message's length, so that earlier slices do not move). */
struct slice json_string(struct slice value, struct buf *scratch);

/* A scalar as a value: integers that fit 64 bits exactly are VALUE_LONG, those
 * that do not are an error (never rounded), numbers with a fraction or exponent
 * VALUE_DOUBLE. -1 with ERR_POISON / POISON_FIELD for those, arrays and objects. */
int json_scalar(struct slice value, struct buf *scratch, struct value *out, struct err *err);

#endif
