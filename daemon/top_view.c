#include "daemon/top_view.h"

#include "base/json_read.h"
#include "daemon/screen.h"
#include "daemon/top_words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define NAME_COLUMNS   34 /* of a wide terminal */
#define NAME_LEAST     18
#define COUNT_COLUMNS  14
#define RATE_COLUMNS   9
#define TIME_COLUMNS   8
#define BEHIND_COLUMNS 8

struct view {
	struct screen screen;
	const cJSON *now, *before;
	double seconds; /* between them; 0: no rates */
	double now_ms;
	size_t name_columns;
};

static void put_number(struct view *v, double n)
{
	char to[64];

	screen_put(&v->screen, SCREEN_BOLD, words_grouped(to, sizeof(to), n));
}

static void count_cell(struct view *v, double n)
{
	char to[64];

	screen_cell(&v->screen, SCREEN_PLAIN, words_grouped(to, sizeof(to), n), COUNT_COLUMNS, true);
}

static void rate_cell(struct view *v, double now, double before)
{
	char to[64];
	double r = v->seconds > 0 ? (now - before) / v->seconds : NAN;

	screen_cell(&v->screen, r > 0 ? SCREEN_ACCENT : SCREEN_DIM, words_rate(to, sizeof(to), r),
		    RATE_COLUMNS, true);
}

/* The name of a topic, with `suffix` behind it, in exactly the first column. */
static void name_cell(struct view *v, enum screen_colour colour, struct slice name, const char *suffix)
{
	size_t room = v->name_columns - screen_width(slice_str(suffix)), used = screen_width(name);

	if (used > room) {
		screen_str(&v->screen, SCREEN_DIM, "…");
		name = screen_tail(name, room - 1);
		used = screen_width(name) + 1;
	}
	screen_put(&v->screen, colour, name);
	screen_cell(&v->screen, SCREEN_DIM, slice_str(suffix), v->name_columns - used, false);
}

static void title(struct view *v, const char *name, size_t width)
{
	screen_cell(&v->screen, SCREEN_DIM, slice_str(name), width, false);
}

static void right_title(struct view *v, const char *name, size_t width)
{
	screen_cell(&v->screen, SCREEN_DIM, slice_str(name), width, true);
}

/* ---- the parts ---- */

static void put_state(struct view *v)
{
	const cJSON *check;
	bool ready = status_true(v->now, "ready");
	struct slice first = {0};

	cJSON_ArrayForEach(check, json_member(v->now, "health"))
	{
		if (first.len == 0 && !slice_is(status_text(check, "status"), "ok"))
			first = status_text(check, "text");
	}
	screen_str(&v->screen, ready ? (first.len > 0 ? SCREEN_WARN : SCREEN_GOOD) : SCREEN_BAD,
		   ready ? "ready" : "not ready");
	if (!ready && !slice_is(status_text(v->now, "state"), "running")) {
		screen_str(&v->screen, SCREEN_PLAIN, ", ");
		screen_put(&v->screen, SCREEN_PLAIN, status_text(v->now, "state"));
	}
	if (first.len > 0) {
		screen_str(&v->screen, SCREEN_PLAIN, ": ");
		screen_put(&v->screen, SCREEN_PLAIN, first);
	}
}

static void put_fact(struct view *v, const char *name, struct slice value)
{
	screen_str(&v->screen, SCREEN_DIM, name);
	screen_put(&v->screen, SCREEN_PLAIN, value);
}

static void draw_head(struct view *v)
{
	double watermark = status_number(v->now, "watermark_ms");
	char to[64];

	screen_put(&v->screen, SCREEN_BOLD, status_text(v->now, "service"));
	screen_str(&v->screen, SCREEN_PLAIN, " ");
	screen_put(&v->screen, SCREEN_DIM, status_text(v->now, "version"));
	screen_str(&v->screen, SCREEN_PLAIN, "  ");
	put_state(v);
	screen_line(&v->screen);
	put_fact(v, "now ", words_clock(to, sizeof(to), v->now_ms));
	put_fact(v, " UTC  up ", words_span(to, sizeof(to), v->now_ms - status_number(v->now, "started_ms")));
	put_fact(v, "  watermark ", words_clock(to, sizeof(to), watermark));
	if (isfinite(watermark)) {
		put_fact(v, ", ", words_span(to, sizeof(to), v->now_ms - watermark));
		screen_str(&v->screen, SCREEN_PLAIN, " behind");
	}
	put_fact(v, "  summaries ", status_text(v->now, "model"));
	screen_line(&v->screen);
	screen_line(&v->screen);
}

/* "1,234 words" with a comma before all but the first. */
static void put_count(struct view *v, enum screen_colour colour, double n, struct slice words, bool *any)
{
	char to[64];

	screen_str(&v->screen, SCREEN_DIM, *any ? ", " : "");
	screen_put(&v->screen, colour, words_grouped(to, sizeof(to), n));
	screen_str(&v->screen, SCREEN_DIM, " ");
	screen_put(&v->screen, SCREEN_DIM, words);
	*any = true;
}

/* What became of an input's records, as far as they were not used. */
static void put_fates(struct view *v, const cJSON *input)
{
	static const struct {
		const char *name, *words;
		enum screen_colour colour;
	} fates[] = {{"filtered", "not for us", SCREEN_DIM},
		     {"late", "late", SCREEN_WARN},
		     {"dead", "dead", SCREEN_BAD}};
	bool any = false;

	for (size_t i = 0; i < sizeof(fates) / sizeof(fates[0]); i++)
		if (status_number(input, fates[i].name) > 0)
			put_count(v, fates[i].colour, status_number(input, fates[i].name),
				  slice_str(fates[i].words), &any);
	if (status_number(input, "unaccounted") != 0)
		screen_str(&v->screen, SCREEN_BAD,
			   any ? ", records are unaccounted for" : "records are unaccounted for");
}

/* What waits at a stage, and what left the stream there. */
static void put_exits(struct view *v, const cJSON *stage)
{
	const cJSON *item;
	bool any = false;

	if (status_number(stage, "waiting") > 0)
		put_count(v, SCREEN_BOLD, status_number(stage, "waiting"),
			  status_text(stage, "waiting_label"), &any);
	cJSON_ArrayForEach(item, json_member(stage, "exits"))
	{
		if (status_number(item, "count") > 0)
			put_count(v, SCREEN_PLAIN, status_number(item, "count"), status_text(item, "label"),
				  &any);
	}
}

static void draw_flow(struct view *v)
{
	const cJSON *item, *was;

	title(v, "FLOW", v->name_columns);
	right_title(v, "records", COUNT_COLUMNS);
	right_title(v, "rate", RATE_COLUMNS);
	screen_line(&v->screen);
	cJSON_ArrayForEach(item, json_member(v->now, "inputs"))
	{
		struct slice name = status_text(item, "topic");

		was = status_same(json_member(v->before, "inputs"), item, "input", NULL);
		name_cell(v, SCREEN_PLAIN, name.len > 0 ? name : status_text(item, "input"), "");
		count_cell(v, status_number(item, "consumed"));
		rate_cell(v, status_number(item, "consumed"), status_number(was, "consumed"));
		put_fates(v, item);
		screen_line(&v->screen);
	}
	cJSON_ArrayForEach(item, json_member(v->now, "flow"))
	{
		was = status_same(json_member(v->before, "flow"), item, "name", NULL);
		screen_str(&v->screen, SCREEN_ACCENT, "> ");
		screen_cell(&v->screen, SCREEN_BOLD, status_text(item, "label"), v->name_columns - 2, false);
		count_cell(v, status_number(item, "count"));
		rate_cell(v, status_number(item, "count"), status_number(was, "count"));
		put_exits(v, item);
		screen_line(&v->screen);
	}
	screen_line(&v->screen);
}

static void draw_model(struct view *v)
{
	const cJSON *m = json_member(v->now, "summary");
	double asked = status_number(m, "asked"), saved = status_number(m, "saved");
	char line[256];

	screen_str(&v->screen, SCREEN_DIM, "MODEL  ");
	snprintf(line, sizeof(line), "median %.0f ms, 99 %% %.0f ms", status_number(m, "p50_ms"),
		 status_number(m, "p99_ms"));
	screen_str(&v->screen, SCREEN_PLAIN, status_number(m, "p50_ms") > 0 ? line : "no calls");
	if (asked + saved > 0) {
		snprintf(line, sizeof(line), "; %.0f %% of %.0f calls saved", 100 * saved / (asked + saved),
			 asked + saved);
		screen_str(&v->screen, SCREEN_PLAIN, line);
	}
	screen_str(&v->screen, SCREEN_PLAIN, "; tokens ");
	put_number(v, status_number(m, "tokens_in"));
	screen_str(&v->screen, SCREEN_PLAIN, " in, ");
	put_number(v, status_number(m, "tokens_out"));
	screen_str(&v->screen, SCREEN_PLAIN, " out");
	if (status_number(m, "failures") > 0) {
		screen_str(&v->screen, SCREEN_BAD, "; failures ");
		put_number(v, status_number(m, "failures"));
	}
	if (status_true(m, "circuit_open"))
		screen_str(&v->screen, SCREEN_BAD, "; left alone");
	screen_line(&v->screen);
}

static void draw_delivery(struct view *v)
{
	const cJSON *d = json_member(v->now, "delivery");
	double commit = status_number(d, "commit_p50_ms"), publish = status_number(d, "publish_p50_ms");
	char line[128];
	bool any = false;

	screen_str(&v->screen, SCREEN_DIM, "KAFKA  ");
	put_count(v, SCREEN_BOLD, status_number(d, "brokers_up"),
		  status_number(d, "brokers_up") == 1 ? SLICE_LITERAL("broker") : SLICE_LITERAL("brokers"),
		  &any);
	put_count(v, SCREEN_BOLD, status_number(d, "transactions_committed"), SLICE_LITERAL("transactions"),
		  &any);
	if (status_number(d, "transactions_aborted") > 0)
		put_count(v, SCREEN_WARN, status_number(d, "transactions_aborted"), SLICE_LITERAL("aborted"),
			  &any);
	if (commit >= 0 && commit < 1e9 && publish >= 0 && publish < 1e9) {
		snprintf(line, sizeof(line), "; commit %.1f ms, transaction %.1f ms", commit, publish);
		screen_str(&v->screen, SCREEN_PLAIN, line);
	}
	if (status_number(d, "epoch_failures") > 0) {
		screen_str(&v->screen, SCREEN_BAD, "; failed commits ");
		put_number(v, status_number(d, "epoch_failures"));
	}
	screen_line(&v->screen);
}

static void draw_dead_letters(struct view *v)
{
	const cJSON *item;
	bool any = false;

	screen_str(&v->screen, SCREEN_DIM, "DEAD   ");
	cJSON_ArrayForEach(item, json_member(v->now, "dead_letters"))
	{
		screen_str(&v->screen, SCREEN_PLAIN, any ? ", " : "");
		screen_put(&v->screen, SCREEN_PLAIN, status_text(item, "input"));
		screen_str(&v->screen, SCREEN_PLAIN, " ");
		screen_put(&v->screen, SCREEN_PLAIN, status_text(item, "reason"));
		screen_str(&v->screen, SCREEN_PLAIN, " ");
		put_number(v, status_number(item, "count"));
		any = true;
	}
	if (!any)
		screen_str(&v->screen, SCREEN_PLAIN, "no dead letters");
	screen_line(&v->screen);
}

/* Why: only what really waits. */
static void draw_waiting(struct view *v)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, json_member(v->now, "waiting"))
	{
		if (!(status_number(item, "count") > 0))
			continue;
		screen_str(&v->screen, SCREEN_DIM, "WAITS  ");
		put_number(v, status_number(item, "count"));
		screen_str(&v->screen, SCREEN_PLAIN, " ");
		screen_put(&v->screen, SCREEN_PLAIN, status_text(item, "label"));
		screen_str(&v->screen, SCREEN_DIM, ": ");
		screen_put(&v->screen, SCREEN_DIM, status_text(item, "why"));
		screen_line(&v->screen);
	}
	screen_line(&v->screen);
}

static void partition_row(struct view *v, const cJSON *item)
{
	const cJSON *was = status_same(json_member(v->before, "partitions"), item, "input", "partition");
	double lag = status_number(item, "lag"), watermark = status_number(item, "watermark_ms");
	bool slowest = status_true(item, "slowest"), idle = status_true(item, "idle");
	char to[64], suffix[32];
	struct slice topic = status_text(item, "topic");

	snprintf(suffix, sizeof(suffix), " / %.0f", status_number(item, "partition"));
	name_cell(v, slowest ? SCREEN_BOLD : SCREEN_PLAIN, topic, strlen(suffix) < 14 ? suffix : "");
	screen_cell(&v->screen, lag > 0 ? SCREEN_WARN : SCREEN_DIM, words_grouped(to, sizeof(to), lag),
		    COUNT_COLUMNS, true);
	rate_cell(v, status_number(item, "position"), status_number(was, "position"));
	screen_cell(&v->screen, SCREEN_PLAIN, words_clock(to, sizeof(to), watermark), TIME_COLUMNS, true);
	screen_cell(&v->screen,
		    idle      ? SCREEN_DIM
		    : slowest ? SCREEN_WARN
			      : SCREEN_PLAIN,
		    words_span(to, sizeof(to), v->now_ms - watermark), BEHIND_COLUMNS, true);
	screen_str(&v->screen, SCREEN_DIM,
		   idle				 ? "idle"
		   : slowest			 ? "watermark follows"
		   : status_true(item, "at_end") ? "live"
						 : "catching up");
	screen_line(&v->screen);
}

/* The slowest and those with lag first, when not all fit. */
static int urgency(const cJSON *item)
{
	return status_true(item, "slowest")	? 0
	       : status_number(item, "lag") > 0 ? 1
	       : status_true(item, "idle")	? 3
						: 2;
}

static void draw_partitions(struct view *v, size_t room)
{
	const cJSON *item, *partitions = json_member(v->now, "partitions");
	size_t shown = 0, all = (size_t)cJSON_GetArraySize(partitions);
	char line[64];

	title(v, "PARTITION", v->name_columns);
	right_title(v, "lag", COUNT_COLUMNS);
	right_title(v, "rate", RATE_COLUMNS);
	right_title(v, "watermrk", TIME_COLUMNS);
	right_title(v, "behind", BEHIND_COLUMNS);
	screen_line(&v->screen);
	for (int u = 0; u < 4 && shown < room; u++)
		cJSON_ArrayForEach(item, partitions)
		{
			if (urgency(item) != u || shown == room)
				continue;
			partition_row(v, item);
			shown++;
		}
	if (shown < all) {
		snprintf(line, sizeof(line), "and %zu more", all - shown);
		screen_str(&v->screen, SCREEN_DIM, line);
		screen_line(&v->screen);
	}
	screen_line(&v->screen);
}

static void draw_latest(struct view *v, size_t room)
{
	const cJSON *item;
	char to[64];

	if (room == 0)
		return;
	screen_put(&v->screen, SCREEN_DIM, status_text(v->now, "latest_title"));
	screen_line(&v->screen);
	cJSON_ArrayForEach(item, json_member(v->now, "latest"))
	{
		if (--room == 0)
			return;
		screen_cell(&v->screen, SCREEN_DIM,
			    words_clock(to, sizeof(to), status_number(item, "time_ms")), TIME_COLUMNS, false);
		screen_cell(&v->screen, SCREEN_ACCENT, status_text(item, "who"), 20, false);
		screen_cell(&v->screen, SCREEN_BOLD, status_text(item, "what"), 24, false);
		screen_cell(&v->screen, SCREEN_PLAIN, status_text(item, "where"), 12, false);
		screen_put(&v->screen, SCREEN_PLAIN, status_text(item, "text"));
		screen_line(&v->screen);
	}
}

static void draw_parts(struct view *v, size_t rows)
{
	size_t all = (size_t)cJSON_GetArraySize(json_member(v->now, "partitions")), left;

	draw_head(v);
	draw_flow(v);
	draw_model(v);
	draw_delivery(v);
	draw_dead_letters(v);
	draw_waiting(v);
	if (rows == 0) {
		draw_partitions(v, SIZE_MAX);
		draw_latest(v, 21);
		return;
	}
	left = rows > v->screen.lines + 4 ? rows - v->screen.lines - 4 : 0;
	if (left == 0)
		return;
	draw_partitions(v, all <= left / 2 ? all : left / 2);
	draw_latest(v, rows > v->screen.lines ? rows - v->screen.lines : 0);
}

void top_draw(struct buf *out, const cJSON *status, const cJSON *before, const struct top_style *style)
{
	struct view v = {.now = status, .before = before, .now_ms = status_number(status, "now_ms")};
	size_t begin = out->len, lines = 0;

	screen_init(&v.screen, out, style->columns, style->colour);
	v.name_columns = style->columns > NAME_LEAST + 62 ? style->columns - 62 : NAME_LEAST;
	if (v.name_columns > NAME_COLUMNS)
		v.name_columns = NAME_COLUMNS;
	if (before != NULL)
		v.seconds = style->seconds;
	draw_parts(&v, style->rows);
	for (size_t i = begin; style->rows > 0 && i < out->len; i++) {
		lines += out->data[i] == '\n';
		if (lines == style->rows)
			out->len = i + 1; /* a very low terminal: what matters most stands first */
	}
}
