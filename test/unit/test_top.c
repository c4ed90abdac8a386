/* What the terminal shows: texts cannot do anything to it, and a screen fits. */

#include "daemon/screen.h"
#include "daemon/top.h"
#include "daemon/top_view.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct buf out;
	struct screen screen;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	buf_init(&f->out, 1 << 20);
	screen_init(&f->screen, &f->out, 40, false);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	buf_release(&f->out);
	free(f);
	return 0;
}

static void texts_cannot_command_the_terminal(void **state)
{
	struct fixture *f = *state;

	/* ESC, BEL, C1 CSI, right-to-left override, zero width space, a byte that is not UTF-8, a tag
	 * character */
	screen_str(&f->screen, SCREEN_PLAIN,
		   "a\033[2Jb\007c\xc2\x9b"
		   "d\xe2\x80\xae"
		   "e\xe2\x80\x8b"
		   "f\xff"
		   "g\xf3\xa0\x81\x81h\ni");
	assert_string_equal(buf_cstr(&f->out), "a?[2Jb?c?d?e?f?g?h?i");
}

static void a_line_never_grows_beyond_the_terminal(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 10; i++)
		screen_str(&f->screen, SCREEN_PLAIN, "Grand H\xc3\xb4tel ");
	assert_int_equal(screen_width(buf_view(&f->out)), 40);
	assert_non_null(strstr(buf_cstr(&f->out), "…"));
}

static void cells_are_as_wide_as_they_should_be(void **state)
{
	struct fixture *f = *state;

	screen_cell(&f->screen, SCREEN_PLAIN, SLICE_LITERAL("12"), 5, true);
	screen_cell(&f->screen, SCREEN_PLAIN, SLICE_LITERAL("東京ホテル"), 7, false); /* ten columns */
	screen_cell(&f->screen, SCREEN_PLAIN, SLICE_LITERAL("e\xcc\x81t\xcc\x81"), 3, false);
	screen_str(&f->screen, SCREEN_PLAIN, "|");
	assert_string_equal(buf_cstr(&f->out), "   12  東京ホ…  e\xcc\x81t\xcc\x81   |");
}

static void the_end_of_a_name_is_kept(void **state)
{
	(void)state;
	assert_true(slice_is(screen_tail(SLICE_LITERAL("river.SAMPLE.HOTEL"), 7), "E.HOTEL"));
	assert_true(slice_is(screen_tail(SLICE_LITERAL("東京ホ"), 3), "ホ"));
	assert_true(slice_is(screen_tail(SLICE_LITERAL("x"), 7), "x"));
}

/* ---- the view ---- */

static const char status_text[] =
	"{\"service\":\"riverd\",\"version\":\"1\",\"state\":\"running\",\"ready\":true,\"now_ms\":"
	"1772359200000,"
	"\"started_ms\":1772352000000,\"watermark_ms\":1772359190000,\"model\":\"m\",\"health\":[],"
	"\"flow\":[{\"name\":\"pending\",\"label\":\"Clicks\",\"count\":%d,\"waiting\":7,"
	"\"waiting_label\":\"windows "
	"open\",\"exits\":[{\"label\":\"booked\",\"count\":4},{\"label\":\"gone\",\"count\":0}]}],"
	"\"inputs\":[{\"input\":\"clickstream\",\"topic\":\"clicks\\u001b[31m\",\"consumed\":%d,"
	"\"filtered\":9,\"late\":2,\"dead\":0,\"unaccounted\":0}],"
	"\"delivery\":{\"brokers_up\":3,\"transactions_committed\":812,\"transactions_aborted\":0,"
	"\"commit_p50_ms\":17.25,\"publish_p50_ms\":34},"
	"\"partitions\":[%s],\"waiting\":[{\"label\":\"clicks\",\"count\":7,\"why\":\"because\"},"
	"{\"label\":\"hotels\",\"count\":0,\"why\":\"\"}],"
	"\"dead_letters\":[{\"input\":\"bookings\",\"reason\":\"bytes\",\"count\":1234567}],"
	"\"summary\":{\"asked\":25,\"saved\":75,\"p50_ms\":10,\"p99_ms\":20,\"tokens_in\":5,\"tokens_out\":6}"
	","
	"\"latest_title\":\"Latest\",\"latest\":[{\"time_ms\":1772359000000,\"who\":\"a***@b.c\",\"what\":"
	"\"Inn\","
	"\"where\":\"Ulm\",\"text\":\"Nice.\"}]}";

static cJSON *status(int clicks, int partitions)
{
	struct buf list;
	char *text = NULL;
	cJSON *json;

	buf_init(&list, 1 << 20);
	for (int i = 0; i < partitions; i++)
		buf_printf(
			&list,
			"%s{\"input\":\"clickstream\",\"topic\":\"clicks\",\"partition\":%d,\"position\":%d,"
			"\"lag\":%d,\"watermark_ms\":1772359190000,\"slowest\":%s}",
			i ? "," : "", i, clicks, i == 3 ? 5 : 0, i == 2 ? "true" : "false");
	assert_true(asprintf(&text, status_text, clicks, clicks, buf_cstr(&list)) > 0);
	json = cJSON_Parse(text);
	assert_non_null(json);
	free(text);
	buf_release(&list);
	return json;
}

static void numbers_rates_and_reasons_are_shown(void **state)
{
	struct fixture *f = *state;
	const struct top_style style = {.columns = 120, .rows = 60, .seconds = 2};
	cJSON *before = status(1000, 1), *now = status(3500, 1);

	top_draw(&f->out, now, before, &style);
	for (const char *const *part =
		     (const char *const[]){"ready", "up 2 h", "10 s behind", "clicks?[31m", "3,500", "1250/s",
					   "7 windows open, 4 booked", "9 not for us, 2 late",
					   "3 brokers, 812 transactions; commit 17.2 ms, transaction 34.0 ms",
					   "75 % of 100 calls saved", "bookings bytes 1,234,567",
					   "7 clicks: because", "a***@b.c", "Nice.", NULL};
	     *part != NULL; part++)
		if (strstr(buf_cstr(&f->out), *part) == NULL)
			fail_msg("'%s' is not in:\n%s", *part, buf_cstr(&f->out));
	assert_null(strstr(buf_cstr(&f->out), "0 hotels"));
	assert_null(strstr(buf_cstr(&f->out), "gone"));
	assert_null(strstr(buf_cstr(&f->out), "aborted"));
	cJSON_Delete(before);
	cJSON_Delete(now);
}

static void without_an_earlier_answer_there_are_no_rates(void **state)
{
	struct fixture *f = *state;
	const struct top_style style = {.columns = 120};
	cJSON *now = status(3500, 1);

	top_draw(&f->out, now, NULL, &style);
	assert_null(strstr(buf_cstr(&f->out), "/s"));
	cJSON_Delete(now);
}

static void a_screen_has_no_more_lines_than_the_terminal(void **state)
{
	struct fixture *f = *state;
	cJSON *now = status(10, 100);

	for (size_t rows = 5; rows < 130; rows += 7) {
		const struct top_style style = {.columns = 80, .rows = rows};
		size_t lines = 0;

		buf_clear(&f->out);
		top_draw(&f->out, now, NULL, &style);
		for (size_t i = 0; i < f->out.len; i++)
			lines += f->out.data[i] == '\n';
		assert_in_range(lines, rows < 20 ? 5 : 10, rows);
		/* what matters comes first */
		if (rows > 27)
			assert_non_null(strstr(buf_cstr(&f->out), "clicks / 2"));
	}
	cJSON_Delete(now);
}

static void an_answer_of_somebody_else_breaks_nothing(void **state)
{
	struct fixture *f = *state;
	const struct top_style style = {.columns = 80, .rows = 24};
	static const char *const odd[] = {
		"{}",
		"{\"flow\":7,\"inputs\":[1,null,\"x\"],\"partitions\":{},\"latest\":[[]],\"now_ms\":\"x\"}",
		"{\"now_ms\":1e300,\"watermark_ms\":-1e300,\"partitions\":[{\"watermark_ms\":1e18,\"lag\":"
		"1e40}]}"};

	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		cJSON *json = cJSON_Parse(odd[i]);

		assert_non_null(json);
		top_draw(&f->out, json, json, &style);
		cJSON_Delete(json);
	}
	assert_false(buf_failed(&f->out));
}

static void usage_is_checked(void **state)
{
	char *wrong[] = {(char *)"top", (char *)"--interval", (char *)"0", NULL};
	char *more[] = {(char *)"top", (char *)"now", NULL};

	(void)state;
	assert_int_equal(top_command(3, wrong), 64);
	assert_int_equal(top_command(2, more), 64);
}

static void nobody_there_is_exit_1(void **state)
{
	char *words[] = {(char *)"top", (char *)"--once", (char *)"--url", (char *)"http://127.0.0.1:9",
			 NULL};

	(void)state;
	assert_int_equal(top_command(4, words), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(texts_cannot_command_the_terminal),
		TEST(a_line_never_grows_beyond_the_terminal),
		TEST(cells_are_as_wide_as_they_should_be),
		TEST(the_end_of_a_name_is_kept),
		TEST(numbers_rates_and_reasons_are_shown),
		TEST(without_an_earlier_answer_there_are_no_rates),
		TEST(a_screen_has_no_more_lines_than_the_terminal),
		TEST(an_answer_of_somebody_else_breaks_nothing),
		TEST(usage_is_checked),
		TEST(nobody_there_is_exit_1),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
