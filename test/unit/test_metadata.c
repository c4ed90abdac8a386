/* The string beside each committed offset. */

#include "publish/metadata.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>

static const struct metadata sample = {
	.uuid = "0123456789abcdef0123456789abcdef",
	.life = "00c0ffee00c0ffee",
	.epoch = 7,
	.seq = 42,
	.consumed = 1000,
	.replay_from = 900,
	.watermark_ms = 1767225600000,
};

static void what_is_written_is_read_back(void **state)
{
	struct metadata all[] = {sample, sample, sample, sample}, out;
	char text[METADATA_MAX];

	(void)state;
	all[1].epoch = all[1].seq = UINT64_MAX;
	all[1].consumed = all[1].replay_from = INT64_MAX;
	all[1].watermark_ms = INT64_MIN;
	all[2].epoch = all[2].seq = 0;
	all[2].consumed = all[2].replay_from = all[2].watermark_ms = -1;
	all[3].life[0] = '\0'; /* as before there were lives */
	for (size_t i = 0; i < 4; i++) {
		size_t len = metadata_format(&all[i], text);

		assert_int_equal(strlen(text), len);
		assert_true(len < METADATA_MAX);
		assert_int_equal(metadata_parse(slice_make(text, len), &out), 0);
		assert_string_equal(out.uuid, all[i].uuid);
		assert_string_equal(out.life, all[i].life);
		assert_true(out.epoch == all[i].epoch && out.seq == all[i].seq);
		assert_true(out.consumed == all[i].consumed && out.replay_from == all[i].replay_from);
		assert_true(out.watermark_ms == all[i].watermark_ms);
	}
}

static void the_format_is_the_documented_one(void **state)
{
	struct metadata before = sample;
	char text[METADATA_MAX];

	(void)state;

	/* CRC-32C computed by an independent implementation */
	metadata_format(&sample, text);
	assert_string_equal(text,
			    "2;0123456789abcdef0123456789abcdef;00c0ffee00c0ffee;7;42;1000;900;1767225600000;"
			    "2f1eefe6");
	before.life[0] = '\0';
	metadata_format(&before, text);
	assert_string_equal(text, "1;0123456789abcdef0123456789abcdef;7;42;1000;900;1767225600000;59af428d");
}

static void every_single_changed_byte_is_noticed(void **state)
{
	char text[METADATA_MAX], copy[METADATA_MAX];
	struct metadata out;
	size_t len = metadata_format(&sample, text);

	(void)state;
	for (size_t i = 0; i < len; i++) {
		for (int c = 0; c < 256; c++) {
			if ((char)c == text[i])
				continue;
			memcpy(copy, text, len);
			copy[i] = (char)c;
			assert_int_equal(metadata_parse(slice_make(copy, len), &out), -1);
		}
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(metadata_parse(slice_make(text, cut), &out), -1);
}

static void a_string_that_is_not_terminated_is_fine(void **state)
{
	char text[METADATA_MAX + 10];
	struct metadata out;
	size_t len = metadata_format(&sample, text);

	(void)state;
	memset(text + len, '9', sizeof(text) - len);
	assert_int_equal(metadata_parse(slice_make(text, len), &out), 0);
	assert_int_equal(metadata_parse(slice_make(text, len + 1), &out), -1);
}

static void what_others_leave_there_is_not_ours(void **state)
{
	static const char *const texts[] = {"",
					    ";",
					    "1",
					    "1;",
					    "AQAAAYx3h4wA",
					    "1;;;;;;;",
					    "2;x",
					    "3;0123456789abcdef0123456789abcdef;7;42;1000;900;0;00000000",
					    "1;0123456789ABCDEF0123456789ABCDEF;7;42;1000;900;0;00000000"};
	struct metadata out;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(metadata_parse(slice_str(texts[i]), &out), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_back),
		cmocka_unit_test(the_format_is_the_documented_one),
		cmocka_unit_test(every_single_changed_byte_is_noticed),
		cmocka_unit_test(a_string_that_is_not_terminated_is_fine),
		cmocka_unit_test(what_others_leave_there_is_not_ours),
	};

	return cmocka_run_group_tests_name("metadata", tests, NULL, NULL);
}
