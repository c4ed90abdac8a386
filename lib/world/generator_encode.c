#include "world/generator_encode.h"

#include "world/generator_body.h"

#define UNKNOWN_SCHEMA_ID 2000000001

struct slice generated_row_id(const struct generated *g)
{
	if (g->input == INPUT_HOTEL)
		return g->hotel.after.hotel_id.len ? g->hotel.after.hotel_id : g->hotel.before.hotel_id;
	return g->customer.after.customer_id.len ? g->customer.after.customer_id
						 : g->customer.before.customer_id;
}

static void put_unknown_schema(struct buf *value)
{
	static const char framing[5] = {0, (char)(UNKNOWN_SCHEMA_ID >> 24 & 255),
					(char)(UNKNOWN_SCHEMA_ID >> 16 & 255),
					(char)(UNKNOWN_SCHEMA_ID >> 8 & 255),
					(char)(UNKNOWN_SCHEMA_ID & 255)};

	buf_append(value, framing, sizeof(framing));
	buf_str(value, "whatever");
}

/* Any strict prefix of an Avro record or of a JSON object is broken; what is
 * left is at least the framing and a byte. */
static void cut(struct buf *value, uint64_t salt)
{
	if (value->len > 8)
		value->len = 6 + (size_t)(salt % (value->len - 6));
}

static void spoil(const struct generated *g, struct buf *value, bool *has_value)
{
	switch (g->flaw) {
	case FLAW_MAGIC:
		if (value->len > 0)
			value->data[0] = 0x07;
		break;
	case FLAW_CUT: cut(value, g->salt); break;
	case FLAW_UNKNOWN_SCHEMA:
		value->len = 0;
		put_unknown_schema(value);
		break;
	case FLAW_JSON:
		value->len = 0;
		buf_str(value, "{\"HOTEL_ID\": \"H10000001\", \"ACTION\" \"booking-click\"}");
		break;
	case FLAW_FIELD:
		value->len = 0;
		buf_str(value, "{\"greeting\": \"hello\"}");
		break;
	case FLAW_NULL:
		value->len = 0;
		*has_value = false;
		break;
	default: break; /* FLAW_FUTURE is in the times */
	}
}

void generator_encode(const struct generator_encoding *e, const struct generated *g, struct buf *key,
		      bool *has_key, struct buf *value, bool *has_value)
{
	bool changelog = g->input == INPUT_HOTEL || g->input == INPUT_CUSTOMER;
	/* the bare after-state has no delete: only the tombstone says it */
	bool gone = g->op == GENERATED_TOMBSTONE || (g->op == GENERATED_DELETE && e->cdc == GENERATED_FLAT);

	*has_key = changelog;
	*has_value = !gone;
	if (changelog && e->format == GENERATED_AVRO)
		generator_avro_key(e, g, key);
	else if (changelog)
		generator_json_key(g, key);
	if (gone)
		return;
	if (e->format == GENERATED_AVRO)
		generator_avro_value(e, g, value);
	else
		generator_json_value(e, g, value);
	spoil(g, value, has_value);
}
