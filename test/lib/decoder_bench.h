/* A decoder with buffers for one message, for the tests of the decoder. */
#ifndef RIVER_TEST_DECODER_BENCH_H
#define RIVER_TEST_DECODER_BENCH_H

#include "base/buf.h"
#include "wire/decoder.h"

#define BENCH_KEY_ID 8

struct decoder_bench {
	struct decoder *decoder;
	struct buf body, value, key;
	struct message message;
	struct record record;
	struct schema_ref needed;
	struct err err;
};

extern const struct layout bench_hotel, bench_clicks;

void bench_learn(struct decoder_bench *t, int32_t id, const char *type, const char *file);
void bench_open(struct decoder_bench *t, struct layout layout, bool changelog);
void bench_close(struct decoder_bench *t);
enum decode_result bench_decode(struct decoder_bench *t, int32_t id);
enum decode_result bench_json(struct decoder_bench *t, const char *json);
enum decode_result bench_tombstone(struct decoder_bench *t);
void bench_key(struct decoder_bench *t, struct slice key);
void bench_avro_key(struct decoder_bench *t, const char *id);
void bench_text(const struct value *v, const char *text);
void bench_poison(struct decoder_bench *t, enum decode_result result, enum poison reason);

#endif
