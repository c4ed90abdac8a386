#ifndef RIVER_HOTELS_OUTPUTS_H
#define RIVER_HOTELS_OUTPUTS_H

/* The five outputs as bytes: topics, subjects, schemas, Avro (written by avro-c).
 *
 * Keys and values are framed 00 + schema id + body. Schemas are the literal
 * texts of schemas/, compiled into the binary, in the shape that Confluent
 * Cloud for Apache Flink gives such tables (nullable fields are ["null", T]
 * with default null, times timestamp-millis), so that Flink and Tableflow see
 * tables they could have made themselves.
 *
 * Life: outputs_new() -> register outputs_schema() under outputs_subject(), or
 * read what is registered and give it to outputs_use_schema() ->
 * outputs_set_ids() -> outputs_encode(). One thread: the loop, see
 * wire/avro_encoder.h. */

#include "base/buf.h"
#include "base/err.h"
#include "hotels/pipeline.h"

enum output_part { OUTPUT_KEY, OUTPUT_VALUE, OUTPUT_PARTS };

struct outputs_options {
	const char *topics[OUTPUTS]; /* NULL: the default name. Copied */
	enum date_type date_type;    /* CHECK_IN, CHECK_OUT */
	enum price_type price_type;
};

struct outputs;

/* NULL with ERR_CONFIG (a topic name Kafka would refuse), or ERR_RETRY when
 * out of memory. */
struct outputs *outputs_new(const struct outputs_options *options, struct err *err);
void outputs_free(struct outputs *o);

/* "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", ... */
const char *outputs_default_topic(enum output_topic topic);

/* The topic to write to, its subject ("<topic>-value"), and the text to
 * register. A topic of another name gets a record of that name when it is a
 * valid Avro name; else the record keeps its default name. Borrowed from `o`. */
const char *outputs_topic(const struct outputs *o, enum output_topic topic);
const char *outputs_subject(const struct outputs *o, enum output_topic topic, enum output_part part);
struct slice outputs_schema(const struct outputs *o, enum output_topic topic, enum output_part part);

/* Encode with this text instead (the latest of a subject that exists): our
 * fields are mapped onto it by name. -1 with ERR_CONFIG when a field without
 * default has no value of ours, or a type cannot hold ours; the former schema
 * then stays in use. outputs_schema() gives the new text afterwards. */
int outputs_use_schema(struct outputs *o, enum output_topic topic, enum output_part part, struct slice text,
		       struct err *err);

/* The ids that the registry gave to both schemas. */
void outputs_set_ids(struct outputs *o, enum output_topic topic, int32_t key_id, int32_t value_id);
bool outputs_ready(const struct outputs *o, enum output_topic topic);

/* Clears both buffers and fills them. -1 with ERR_FATAL when the ids of the
 * topic were not set, a value does not fit its schema, or a buffer is full. */
int outputs_encode(const struct outputs *o, const struct output *output, struct buf *key, struct buf *value,
		   struct err *err);

#endif
