#include "test/lib/decoder_bench.h"

#include "test/lib/cmocka_all.h"
#include "test/lib/wire_fixture.h"

static const char *const hotel_names[] = {"HOTEL_ID", "NAME", "AMENITIES", "DESCRIPTION", "CITY", "COUNTRY"};
const struct layout bench_hotel = {hotel_names, 6};
static const char *const click_names[] = {"CUSTOMER_EMAIL", "HOTEL_ID", "ACTION", "CREATED_AT"};
const struct layout bench_clicks = {click_names, 4};

void bench_learn(struct decoder_bench *t, int32_t id, const char *type, const char *file)
{
	struct schema_ref ref = {.id = id};
	struct buf text;

	fixture_file(&text, file);
	assert_int_equal(decoder_learn(t->decoder, &ref, type, buf_view(&text), &t->err), 0);
	buf_release(&text);
}

void bench_open(struct decoder_bench *t, struct layout layout, bool changelog)
{
	*t = (struct decoder_bench){0};
	t->decoder = fixture_decoder(layout, changelog, "", slice_make(NULL, 0));
	buf_init(&t->body, 65536);
	buf_init(&t->value, 65536);
	buf_init(&t->key, 65536);
	t->message = fixture_message(slice_make(NULL, 0));
	t->message.has_value = false;
}

void bench_close(struct decoder_bench *t)
{
	decoder_free(t->decoder);
	buf_release(&t->body);
	buf_release(&t->value);
	buf_release(&t->key);
}

/* Takes what the body holds as the value, framed with the id (0: as it is). */
enum decode_result bench_decode(struct decoder_bench *t, int32_t id)
{
	if (id != 0)
		fixture_frame(&t->value, id, buf_view(&t->body));
	t->message.value = buf_view(id ? &t->value : &t->body);
	t->message.has_value = true;
	return decoder_decode(t->decoder, &t->message, &t->record, &t->needed, &t->err);
}

enum decode_result bench_json(struct decoder_bench *t, const char *json)
{
	buf_clear(&t->body);
	buf_str(&t->body, json);
	return bench_decode(t, 0);
}

enum decode_result bench_tombstone(struct decoder_bench *t)
{
	t->message.has_value = false;
	t->message.value = slice_make(NULL, 0);
	return decoder_decode(t->decoder, &t->message, &t->record, &t->needed, &t->err);
}

void bench_key(struct decoder_bench *t, struct slice key)
{
	buf_clear(&t->key);
	buf_slice(&t->key, key);
	t->message.key = buf_view(&t->key);
	t->message.has_key = true;
}

void bench_avro_key(struct decoder_bench *t, const char *id)
{
	buf_clear(&t->body);
	hand_string(&t->body, slice_str(id));
	fixture_frame(&t->key, BENCH_KEY_ID, buf_view(&t->body));
	t->message.key = buf_view(&t->key);
	t->message.has_key = true;
}

void bench_text(const struct value *v, const char *text)
{
	assert_int_equal(v->kind, VALUE_STRING);
	if (!slice_is(v->s, text))
		fail_msg("'" SLICE_FMT "' is not '%s'", SLICE_ARG(v->s), text);
}

void bench_poison(struct decoder_bench *t, enum decode_result result, enum poison reason)
{
	assert_int_equal(result, DECODE_POISON);
	assert_int_equal(t->err.class, ERR_POISON);
	if (t->err.code != (int)reason)
		fail_msg("%s, not %s: %s", poison_name((enum poison)t->err.code), poison_name(reason),
			 t->err.text);
}
