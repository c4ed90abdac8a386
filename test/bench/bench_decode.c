/* Decodes one clickstream record, in the schema of 2026, N times: work for
 * test/bench/limits. */

#include "base/buf.h"
#include "test/bench/measure.h"
#include "wire/decoder.h"
#include "wire/framing.h"

#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {"CUSTOMER_EMAIL", "HOTEL_ID", "ACTION", "CREATED_AT"};

static void put_text(struct buf *b, const char *text)
{
	buf_byte(b, (uint8_t)(2 * strlen(text)));
	buf_str(b, text);
}

static void put_click(struct buf *b)
{
	framing_append(b, 100001);
	put_text(b, "A10000123");
	put_text(b, "jennifer.hamilton@example.com");
	put_text(b, "H10000042");
	put_text(b, "booking-click");
	buf_append(b, "\xd8\x04", 2); /* 300 */
	put_text(b, "https://river-hotels.example/h/10000042");
	buf_append(b, "\x80\xd0\x95\xff\xf1\x65", 6); /* 1750000000000, about */
}

static int read_file(struct buf *b, const char *path)
{
	FILE *f = fopen(path, "rb");
	char *to;
	size_t n;

	if (f == NULL)
		return -1;
	while ((to = buf_reserve(b, 4096)) != NULL && (n = fread(to, 1, 4096, f)) > 0)
		b->len += n;
	fclose(f);
	return buf_failed(b) ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct decoder_options options = {.layout = {names, 4}};
	struct schema_ref ref = {.id = 100001}, needed;
	struct message m = {.topic = "clickstream", .timestamp_ms = -1, .has_value = true};
	struct buf schema, value;
	struct decoder *d;
	struct record out;
	struct err err = {0};
	int64_t begun;
	long times;
	int rc = 1;

	if (argc != 3)
		return 64;
	times = strtol(argv[2], NULL, 10);
	buf_init(&schema, 65536);
	buf_init(&value, 4096);
	put_click(&value);
	m.value = buf_view(&value);
	d = decoder_new(&options, &err);
	if (d == NULL || read_file(&schema, argv[1]) != 0 ||
	    decoder_learn(d, &ref, "AVRO", buf_view(&schema), &err) != 0)
		goto out;
	begun = measure_begin();
	for (long i = 0; i < times; i++)
		if (decoder_decode(d, &m, &out, &needed, &err) != DECODE_OK)
			goto out;
	measure_end(begun, "decode.click", (size_t)times);
	rc = 0;
out:
	if (rc != 0)
		fprintf(stderr, "bench_decode: %s\n", err.text);
	decoder_free(d);
	buf_release(&schema);
	buf_release(&value);
	return rc;
}
