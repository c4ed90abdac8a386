#include "hotels/outputs.h"

#include "hotels/output_text.h"
#include "hotels/schemas.h"
#include "wire/avro_encoder.h"
#include "wire/framing.h"

#include <stdlib.h>

#define MAX_FIELDS 9

/* Our fields of the target outputs, in the order in which they become known:
 * SIMILAR has the first seven, REVIEWS eight, SUMMARY all. */
enum { T_EMAIL, T_HOTEL_ID, T_TIME, T_NAME, T_CITY, T_AMENITIES, T_SIMILAR, T_REVIEWS, T_SUMMARY, T_FIELDS };

static const struct avro_input_field target_fields[T_FIELDS] = {
	[T_EMAIL] = {.name = "CUSTOMER_EMAIL", .kind = VALUE_STRING},
	[T_HOTEL_ID] = {.name = "HOTEL_ID", .kind = VALUE_STRING},
	[T_TIME] = {.name = "ACTIVITY_TIME", .kind = VALUE_LONG, .unit = UNIT_MILLIS},
	[T_NAME] = {.name = "HOTEL_NAME", .kind = VALUE_STRING},
	[T_CITY] = {.name = "HOTEL_CITY", .kind = VALUE_STRING, .nullable = true},
	[T_AMENITIES] = {.name = "HOTEL_AMENITIES", .kind = VALUE_STRING, .nullable = true},
	[T_SIMILAR] = {.name = "SIMILAR_HOTELS", .kind = VALUE_STRING, .is_array = true},
	[T_REVIEWS] = {.name = "HOTEL_REVIEWS", .kind = VALUE_STRING},
	[T_SUMMARY] = {.name = "REVIEW_SUMMARY", .kind = VALUE_STRING},
};

enum { B_ID, B_EMAIL, B_HOTEL_ID, B_NAME, B_CITY, B_COUNTRY, B_CHECK_IN, B_CHECK_OUT, B_PRICE, B_FIELDS };

/* CHECK_IN, CHECK_OUT and PRICE get the kinds of the options. */
static const struct avro_input_field booking_fields[B_FIELDS] = {
	[B_ID] = {.name = "BOOKING_ID", .kind = VALUE_STRING},
	[B_EMAIL] = {.name = "CUSTOMER_EMAIL", .kind = VALUE_STRING},
	[B_HOTEL_ID] = {.name = "HOTEL_ID", .kind = VALUE_STRING},
	[B_NAME] = {.name = "HOTEL_NAME", .kind = VALUE_STRING, .nullable = true},
	[B_CITY] = {.name = "CITY", .kind = VALUE_STRING, .nullable = true},
	[B_COUNTRY] = {.name = "COUNTRY", .kind = VALUE_STRING, .nullable = true},
	[B_CHECK_IN] = {.name = "CHECK_IN", .kind = VALUE_LONG, .nullable = true},
	[B_CHECK_OUT] = {.name = "CHECK_OUT", .kind = VALUE_LONG, .nullable = true},
	[B_PRICE] = {.name = "PRICE", .kind = VALUE_LONG, .nullable = true},
};

enum { C_HOTEL_ID, C_NAME, C_DESCRIPTION, C_CITY, C_COUNTRY, C_FIELDS };

static const struct avro_input_field catalog_fields[C_FIELDS] = {
	[C_HOTEL_ID] = {.name = "HOTEL_ID", .kind = VALUE_STRING},
	[C_NAME] = {.name = "NAME", .kind = VALUE_STRING, .nullable = true},
	[C_DESCRIPTION] = {.name = "DESCRIPTION", .kind = VALUE_STRING, .nullable = true},
	[C_CITY] = {.name = "CITY", .kind = VALUE_STRING, .nullable = true},
	[C_COUNTRY] = {.name = "COUNTRY", .kind = VALUE_STRING, .nullable = true},
};

struct output_def {
	const char *topic;
	const char *schemas[OUTPUT_PARTS];
	const struct avro_input_field *fields;
	size_t count;
};

static const struct output_def defs[OUTPUTS] = {
	[OUTPUT_SUMMARY] = {"TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY",
			    {schema_TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_key,
			     schema_TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY_value},
			    target_fields,
			    T_FIELDS},
	[OUTPUT_SIMILAR] = {"TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS",
			    {schema_TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS_key,
			     schema_TARGET_CUSTOMERS_WITH_SIMILAR_HOTELS_value},
			    target_fields,
			    T_SIMILAR + 1},
	[OUTPUT_REVIEWS] = {"TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS",
			    {schema_TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS_key,
			     schema_TARGET_CUSTOMERS_WITH_REVIEWS_AND_HOTELS_value},
			    target_fields,
			    T_REVIEWS + 1},
	[OUTPUT_BOOKINGS] = {"HOTEL_BOOKINGS",
			     {schema_HOTEL_BOOKINGS_key, schema_HOTEL_BOOKINGS_value},
			     booking_fields,
			     B_FIELDS},
	[OUTPUT_CATALOG] = {"HOTEL_CATALOG",
			    {schema_HOTEL_CATALOG_key, schema_HOTEL_CATALOG_value},
			    catalog_fields,
			    C_FIELDS},
};

static const char *const part_names[OUTPUT_PARTS] = {[OUTPUT_KEY] = "key", [OUTPUT_VALUE] = "value"};

struct output_state {
	char *topic;
	char *subjects[OUTPUT_PARTS];
	char *schemas[OUTPUT_PARTS];
	struct avro_encoder *encoders[OUTPUT_PARTS];
	int32_t ids[OUTPUT_PARTS];
	bool has_ids;
	struct avro_input_field fields[MAX_FIELDS];
	size_t count;
};

struct outputs {
	struct output_state topics[OUTPUTS];
};

const char *outputs_default_topic(enum output_topic topic)
{
	return defs[topic].topic;
}

/* ---- making ---- */

static void state_fields(struct output_state *s, enum output_topic topic,
			 const struct outputs_options *options)
{
	static const uint8_t price_kinds[] = {
		[PRICE_INT] = VALUE_LONG,
		[PRICE_LONG] = VALUE_LONG,
		[PRICE_DOUBLE] = VALUE_DOUBLE,
		[PRICE_STRING] = VALUE_STRING,
	};

	s->count = defs[topic].count;
	memcpy(s->fields, defs[topic].fields, s->count * sizeof(*s->fields));
	if (topic == OUTPUT_SUMMARY)
		s->fields[T_CITY].nullable = false;
	if (topic == OUTPUT_BOOKINGS) {
		s->fields[B_CHECK_IN].kind = options->date_type == DATE_STRING ? VALUE_STRING : VALUE_LONG;
		s->fields[B_CHECK_OUT].kind = s->fields[B_CHECK_IN].kind;
		s->fields[B_PRICE].kind = price_kinds[options->price_type];
	}
}

static int no_memory(struct err *err)
{
	return err_set(err, ERR_RETRY, 0, "out of memory making the outputs");
}

static int state_part(struct output_state *s, enum output_topic topic, enum output_part part,
		      const struct outputs_options *options, struct err *err)
{
	char **text = &s->schemas[part];

	s->subjects[part] = output_text(s->topic, "-", part_names[part]);
	*text = slice_dup(slice_str(defs[topic].schemas[part]));
	if (s->subjects[part] == NULL || *text == NULL)
		return no_memory(err);
	if (output_text_rename(text, defs[topic].topic, s->topic) != 0)
		return no_memory(err);
	if (topic == OUTPUT_BOOKINGS && output_text_set_types(text, options) != 0)
		return no_memory(err);
	s->encoders[part] = avro_encoder_new(slice_str(*text), s->fields, s->count, err);
	return s->encoders[part] ? 0 : err_wrap(err, "schema of %s", s->subjects[part]);
}

static int state_init(struct output_state *s, enum output_topic topic, const struct outputs_options *options,
		      struct err *err)
{
	const char *name = options->topics[topic] ? options->topics[topic] : defs[topic].topic;

	if (!output_topic_valid(name))
		return err_set(err, ERR_CONFIG, 0, "'%.100s' is no topic name", name);
	s->topic = slice_dup(slice_str(name));
	if (s->topic == NULL)
		return no_memory(err);
	state_fields(s, topic, options);
	for (int part = 0; part < OUTPUT_PARTS; part++)
		if (state_part(s, topic, (enum output_part)part, options, err) != 0)
			return -1;
	return 0;
}

struct outputs *outputs_new(const struct outputs_options *options, struct err *err)
{
	struct outputs *o = calloc(1, sizeof(*o));

	if (o == NULL) {
		no_memory(err);
		return NULL;
	}
	for (int t = 0; t < OUTPUTS; t++) {
		if (state_init(&o->topics[t], (enum output_topic)t, options, err) != 0) {
			outputs_free(o);
			return NULL;
		}
	}
	return o;
}

void outputs_free(struct outputs *o)
{
	if (o == NULL)
		return;
	for (int t = 0; t < OUTPUTS; t++) {
		struct output_state *s = &o->topics[t];

		free(s->topic);
		for (int part = 0; part < OUTPUT_PARTS; part++) {
			free(s->subjects[part]);
			free(s->schemas[part]);
			avro_encoder_free(s->encoders[part]);
		}
	}
	free(o);
}

const char *outputs_topic(const struct outputs *o, enum output_topic topic)
{
	return o->topics[topic].topic;
}

const char *outputs_subject(const struct outputs *o, enum output_topic topic, enum output_part part)
{
	return o->topics[topic].subjects[part];
}

struct slice outputs_schema(const struct outputs *o, enum output_topic topic, enum output_part part)
{
	return slice_str(o->topics[topic].schemas[part]);
}

int outputs_use_schema(struct outputs *o, enum output_topic topic, enum output_part part, struct slice text,
		       struct err *err)
{
	struct output_state *s = &o->topics[topic];
	struct avro_encoder *encoder = avro_encoder_new(text, s->fields, s->count, err);
	char *copy;

	if (encoder == NULL)
		return err_wrap(err, "registered schema of %s", s->subjects[part]);
	copy = slice_dup(text);
	if (copy == NULL) {
		avro_encoder_free(encoder);
		return no_memory(err);
	}
	avro_encoder_free(s->encoders[part]);
	free(s->schemas[part]);
	s->encoders[part] = encoder;
	s->schemas[part] = copy;
	return 0;
}

void outputs_set_ids(struct outputs *o, enum output_topic topic, int32_t key_id, int32_t value_id)
{
	struct output_state *s = &o->topics[topic];

	s->ids[OUTPUT_KEY] = key_id;
	s->ids[OUTPUT_VALUE] = value_id;
	s->has_ids = true;
}

bool outputs_ready(const struct outputs *o, enum output_topic topic)
{
	return o->topics[topic].has_ids;
}

/* ---- encoding ---- */

static struct avro_input text_input(struct slice s)
{
	return (struct avro_input){.scalar = {.kind = VALUE_STRING, .s = s}};
}

static struct avro_input value_input(struct value v)
{
	return (struct avro_input){.scalar = v};
}

static void target_inputs(const struct target_view *t, struct avro_input *in)
{
	in[T_EMAIL] = text_input(t->email);
	in[T_HOTEL_ID] = text_input(t->hotel_id);
	in[T_TIME] = value_input((struct value){.kind = VALUE_LONG, .i = t->activity_time.ms});
	in[T_NAME] = text_input(t->hotel_name);
	in[T_CITY] = value_input(t->hotel_city);
	in[T_AMENITIES] = value_input(t->hotel_amenities);
	in[T_SIMILAR] = (struct avro_input){.items = t->similar, .item_count = t->similar_count};
	in[T_REVIEWS] = text_input(t->reviews);
	in[T_SUMMARY] = text_input(t->summary);
}

static void booking_inputs(const struct booking_view *b, struct avro_input *in)
{
	in[B_ID] = text_input(b->booking_id);
	in[B_EMAIL] = text_input(b->email);
	in[B_HOTEL_ID] = text_input(b->hotel_id);
	in[B_NAME] = value_input(b->hotel_name);
	in[B_CITY] = value_input(b->city);
	in[B_COUNTRY] = value_input(b->country);
	in[B_CHECK_IN] = value_input(b->check_in);
	in[B_CHECK_OUT] = value_input(b->check_out);
	in[B_PRICE] = value_input(b->price);
}

static void catalog_inputs(const struct catalog_view *c, struct avro_input *in)
{
	in[C_HOTEL_ID] = text_input(c->hotel_id);
	in[C_NAME] = value_input(c->name);
	in[C_DESCRIPTION] = value_input(c->description);
	in[C_CITY] = value_input(c->city);
	in[C_COUNTRY] = value_input(c->country);
}

int outputs_encode(const struct outputs *o, const struct output *output, struct buf *key, struct buf *value,
		   struct err *err)
{
	const struct output_state *s = &o->topics[output->topic];
	struct buf *const to[OUTPUT_PARTS] = {[OUTPUT_KEY] = key, [OUTPUT_VALUE] = value};
	struct avro_input in[MAX_FIELDS];

	if (!s->has_ids)
		return err_set(err, ERR_FATAL, 0, "the schemas of %s are not registered yet", s->topic);
	switch (output->topic) {
	case OUTPUT_BOOKINGS: booking_inputs(&output->booking, in); break;
	case OUTPUT_CATALOG: catalog_inputs(&output->catalog, in); break;
	default: target_inputs(&output->target, in); break;
	}
	for (int part = 0; part < OUTPUT_PARTS; part++) {
		buf_clear(to[part]);
		framing_append(to[part], s->ids[part]);
		if (avro_encoder_write(s->encoders[part], in, to[part], err) != 0)
			return err_wrap(err, "%s of %s", part_names[part], s->topic);
	}
	return 0;
}
