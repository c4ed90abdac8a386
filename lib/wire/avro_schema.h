#ifndef RIVER_WIRE_AVRO_SCHEMA_H
#define RIVER_WIRE_AVRO_SCHEMA_H

/* An Avro schema as a tree, vetted.
 *
 * Schemas come from a registry that others write to, so nothing of them is
 * trusted: size, depth, number of fields and names are bounded, no type may
 * contain itself, and no array item can be of zero size (five bytes could
 * otherwise stand for a million items). The text must not say a thing twice,
 * and bounded too is what it stands for once references to named types are
 * expanded: a short text may name 2^30 fields.
 *
 * Why not avro-c, which writes our outputs: it drops the annotations that give
 * numbers their meaning (logicalType, connect.name) and the defaults; it refuses
 * names with a '-', which registries let in; and avro-c 1.11 is not safe on
 * hostile text (a fixed of negative size crashes it, a type that names itself
 * often enough fills the memory). So it reads only texts that were accepted
 * here: the outputs' at run time, and in tests those of inputs, as an oracle.
 *
 * Avro 1.11 specification, "Schema Declaration" and "Names". The tree borrows
 * strings from the parsed JSON text that it owns. Immutable once made; any
 * thread may read it. */

#include "base/err.h"
#include "base/slice.h"
#include "wire/record.h"

#include <stdint.h>

#define AVRO_SCHEMA_MAX_TEXT	 (256 * 1024)
#define AVRO_SCHEMA_MAX_DEPTH	 32
#define AVRO_SCHEMA_MAX_FIELDS	 1000 /* of all records of one schema together */
#define AVRO_SCHEMA_MAX_BRANCHES 32
#define AVRO_SCHEMA_MAX_FIXED	 (64 * 1024)
#define AVRO_SCHEMA_MAX_EXPANDED 20000 /* types, each counted wherever it is referred to */

enum avro_type {
	AVRO_TYPE_NULL,
	AVRO_TYPE_BOOLEAN,
	AVRO_TYPE_INT,
	AVRO_TYPE_LONG,
	AVRO_TYPE_FLOAT,
	AVRO_TYPE_DOUBLE,
	AVRO_TYPE_BYTES,
	AVRO_TYPE_STRING,
	AVRO_TYPE_RECORD,
	AVRO_TYPE_ENUM,
	AVRO_TYPE_ARRAY,
	AVRO_TYPE_MAP,
	AVRO_TYPE_UNION,
	AVRO_TYPE_FIXED,
};

struct cJSON;

struct avro_field {
	const char *name;
	const struct avro_node *type;
	const struct cJSON *fallback; /* the "default"; NULL when there is none */
};

struct avro_node {
	uint8_t type;	   /* enum avro_type */
	uint8_t unit;	   /* enum value_unit, of int, long, bytes and fixed */
	int16_t scale;	   /* UNIT_DECIMAL: digits after the point */
	bool open;	   /* still being read: a reference to it would be a cycle */
	bool is_decimal;   /* record {scale, value}: Debezium's VariableScaleDecimal */
	uint32_t min_size; /* least bytes of an encoded value; saturates */
	uint32_t expanded; /* types in it, itself included, with references expanded; saturates */
	uint32_t height;   /* levels of types below it */
	uint32_t size;	   /* FIXED: bytes */
	uint32_t count;	   /* RECORD: fields, UNION: branches, ENUM: symbols */
	char *name;	   /* full name of RECORD, ENUM, FIXED; else NULL. Owned by the schema */
	union {
		struct avro_field *fields;	   /* RECORD */
		const struct avro_node **branches; /* UNION */
		struct slice *symbols;		   /* ENUM */
		const struct avro_node *items;	   /* ARRAY items, MAP values */
	};
};

struct avro_schema {
	const struct avro_node *root;
	struct cJSON *json;
	struct avro_node **nodes; /* all of them, for release */
	size_t node_count, node_cap;
	size_t field_count;
};

/* Reads and vets. NULL with ERR_POISON / POISON_SCHEMA when the text is not a
 * usable schema, ERR_RETRY when out of memory. The text is not kept. */
struct avro_schema *avro_schema_parse(struct slice text, struct err *err);
void avro_schema_free(struct avro_schema *schema);

const char *avro_type_name(enum avro_type type);

/* The field of a record whose name matches: the exact one, else the first
 * that differs in ASCII case only; -1 when there is none. */
int avro_record_find(const struct avro_node *record, const char *name);

#endif
