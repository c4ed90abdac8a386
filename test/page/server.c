/* Serves the live page with made-up numbers that move, and with texts that try
 * to be markup wherever a producer could put them. For `make page`, and for
 * people who work on the page: build/page/server 8080 */

#include "base/clock.h"
#include "daemon/status.h"
#include "serve/page.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define ATTACK	   "<img src=x onerror=\"document.title='pwned'\"><script>document.title='pwned'</script>"
#define PARTITIONS 14
#define START_MS   1772359200000 /* 2026-03-01 10:00 UTC */

struct world {
	struct clock clock;
	int64_t began_ms;
	uint64_t clicks, pending_added, booked, abandoned, emitted;
	struct metrics_partition partitions[PARTITIONS];
	struct recent_targets recent;
	bool quiet; /* nothing has come yet */
	struct http_server *server;
};

static int64_t world_now(const struct world *w)
{
	return START_MS + clock_mono_ms(&w->clock) - w->began_ms;
}

static void add_target(struct world *w, int k)
{
	static const char *const hotels[] = {"Hotel Lindner am Michel", "The Grand " ATTACK, "Riverside Inn",
					     "Casa Azul", "Pensão Estrela"};
	static const char *const cities[] = {"Hamburg", "Springfield", "Lyon", "Sevilla", "Lisboa"};
	static const char *const summaries[] = {
		"Guests loved the quiet rooms above the harbour and the breakfast with a view.",
		"Ignore this " ATTACK " and that. \xe2\x80\xae right to left",
		"Warm welcome, very clean, and the best coffee on the river.",
		"NO REVIEWS FOUND.",
		"A roof terrace that nobody wanted to leave, friendly staff who remember every name, beds "
		"that guests "
		"write home about, and a location from which all of the old town can be reached on foot; "
		"several "
		"mention the small library, and one the cat that sleeps in it.",
	};
	struct value similar[10];
	struct target_view t = {0};
	char email[64];

	snprintf(email, sizeof(email), "%c.guest%d@example.org", 'a' + k % 26, k);
	for (int i = 0; i < 10; i++)
		similar[i] = (struct value){.kind = VALUE_STRING,
					    .s = slice_str(i == 1 ? ATTACK : hotels[(k + i) % 5])};
	t.email = slice_str(email);
	t.hotel_id = SLICE_LITERAL("H042");
	t.hotel_name = slice_str(hotels[k % 5]);
	t.hotel_city = (struct value){.kind = VALUE_STRING, .s = slice_str(cities[k % 5])};
	t.similar = similar;
	t.similar_count = k % 3 == 0 ? 0 : k % 4 == 0 ? 10 : 3;
	t.reviews = k % 5 == 3 ? SLICE_LITERAL("") : SLICE_LITERAL("good||| better||| best");
	t.review_count = k % 5 == 3 ? 0 : 3 + (size_t)k % 9;
	t.summary = slice_str(summaries[k % 5]);
	t.activity_time = event_time_at(world_now(w) - 1205000);
	recent_targets_add(&w->recent, &t, world_now(w));
}

/* A request is a tick: numbers grow with the time that passed. */
static void move_world(struct world *w)
{
	uint64_t seconds = (uint64_t)(clock_mono_ms(&w->clock) - w->began_ms) / 100;
	uint64_t emitted = 812 + seconds / 25;

	if (w->quiet)
		return;
	w->clicks = 4213377 + seconds * 1234;
	w->pending_added = 98431 + seconds * 3 + seconds * seconds % 7;
	w->booked = 96020 + seconds * 2;
	w->abandoned = 1304 + seconds / 20;
	for (; w->emitted < emitted; w->emitted++)
		if (emitted - w->emitted < 30)
			add_target(w, (int)w->emitted);
}

static void fill_partitions(struct world *w, struct metrics_snapshot *s)
{
	for (int i = 0; i < PARTITIONS; i++) {
		struct metrics_partition *p = &w->partitions[i];

		p->input = i < 6   ? INPUT_CLICKSTREAM
			   : i < 9 ? INPUT_BOOKINGS
				   : (enum input)(INPUT_REVIEWS + (i - 9) % 3);
		p->partition = i < 6 ? i : i < 9 ? i - 6 : (i - 9) / 3;
		p->lag = i == 3 ? 48213 : i == 4 ? 1200 : 0;
		p->position = 702229 + i * 977;
		p->end = p->position + p->lag;
		p->at_end = p->lag == 0;
		p->idle = i > 9;
		p->watermark_ms = i == 12 ? METRICS_NO_TIME : world_now(w) - 5000 - (i == 3 ? 95000 : i * 7);
		p->max_event_time_ms = p->watermark_ms + 5000;
	}
	s->partitions = w->partitions;
	s->partition_count = w->quiet ? 0 : PARTITIONS;
}

static void fill_inputs(struct world *w, struct metrics_snapshot *s)
{
	static const char *const topics[INPUTS] = {"clickstream", "bookings", "hotel_reviews",
						   "riverhotel.SAMPLE.HOTEL", "riverhotel." ATTACK};

	for (int i = 0; i < INPUTS; i++) {
		struct metrics_input *in = &s->inputs[i];

		in->topic = topics[i];
		if (w->quiet)
			continue;
		in->consumed = i == 0 ? w->clicks : 51234 / (uint64_t)i;
		in->late = i == 1 ? 431 : i == 0 ? 12 : 0;
		in->dead[POISON_BYTES] = i == 1 ? 3 : 0;
		in->dead[POISON_EVENT_TIME] = i == 0 ? 17 : 0;
		in->filtered = i == 0 ? in->consumed - w->pending_added - 29 : 0;
		in->used = in->consumed - in->filtered - in->late - metrics_dead(in);
		in->bytes = in->consumed * 98;
	}
}

static void fill_pipeline(struct world *w, struct metrics_snapshot *s)
{
	struct pipeline_counters *c = &s->pipeline;

	c->clicks_pending_added = w->pending_added;
	c->clicks_booked = w->booked;
	c->clicks_abandoned = w->abandoned;
	c->targets_emitted = w->emitted;
	if (w->quiet)
		return;
	c->targets_dropped_no_hotel = 4;
	c->targets_dropped_no_reviews = 212;
	c->summaries_asked = 301;
	c->summaries_reused = w->emitted - 301;
	s->sizes = (struct pipeline_sizes){.clicks_pending = w->pending_added - w->booked - w->abandoned,
					   .targets_waiting_hotel = 2,
					   .targets_waiting_answer = 7,
					   .hotels = 30,
					   .customers = 2000,
					   .reviews = 871,
					   .bookings_kept = 3120,
					   .answers = 301,
					   .questions_open = 3};
}

static void fill(struct world *w, struct metrics_snapshot *s)
{
	metrics_init(s);
	metrics_process(s);
	s->now_ms = world_now(w);
	s->start_time_ms = START_MS - 7500000;
	s->watermark_ms = w->quiet ? METRICS_NO_TIME : s->now_ms - 100000;
	s->model = "gemma3:270m";
	s->state = w->quiet ? "starting" : "running";
	s->ready = !w->quiet;
	fill_inputs(w, s);
	fill_partitions(w, s);
	fill_pipeline(w, s);
	if (w->quiet)
		return;
	s->epochs = 7411;
	s->records_produced = w->emitted + 51234;
	s->transactions_committed = 812;
	s->transactions_resolved = 1;
	s->outbox_rows = 3;
	s->database_bytes = 48 << 20;
	s->wal_bytes = 2 << 20;
	s->disk_free_bytes = (int64_t)81 << 30;
	s->summary_requests = 309;
	s->summary_answers = 301;
	s->summary_retries = 5;
	s->summary_failures = 5;
	s->summary_in_flight = 3;
	s->summary_queued = 2;
	s->summary_input_tokens = 301 * 1874;
	s->summary_output_tokens = 301 * 38;
	s->brokers_up = 3;
	for (int i = 0; i < 100; i++) {
		histogram_add(&s->commit_seconds, 0.002 + i * 0.0003);
		histogram_add(&s->publish_seconds, 0.009 + i * 0.0005);
		histogram_add(&s->summary_seconds, 0.3 + i * 0.03);
	}
}

static int write_status(struct world *w, struct buf *to)
{
	static struct metrics_snapshot s;
	static struct health_verdict verdict;
	const struct health_input in = {
		.now_ms = 100000,
		.life = w->quiet ? LIFE_STARTING : LIFE_RUNNING,
		.tick_ms = 100000,
		.broker_answered_ms = 100000,
		.committed_ms = 99000,
		.oldest_waiting_ms = HEALTH_NEVER,
		.outbox_waiting_ms = HEALTH_NEVER,
		.disk_free = 50,
		.disk_total = 100,
		.model = {true, 58000, "HTTP 429 " ATTACK},
		.registry = {true, HEALTH_NEVER, NULL},
	};
	struct health_limits limits;

	move_world(w);
	fill(w, &s);
	health_defaults(&limits);
	health_judge(&in, &limits, &verdict);
	return status_write(to, &s, &verdict, &w->recent, &(struct status_options){0});
}

static void status(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct world *w = ctx;

	(void)request;
	response->content_type = "application/json";
	if (write_status(w, &response->body) != 0)
		response->status = 500;
}

static void events(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct world *w = ctx;

	(void)request;
	response->stream = true;
	write_status(w, &response->body);
}

static void on_event_due(uv_timer_t *timer)
{
	struct world *w = timer->data;
	struct buf event;

	buf_init(&event, HTTP_RESPONSE_MAX);
	if (write_status(w, &event) == 0)
		http_server_publish(w->server, buf_view(&event));
	buf_release(&event);
}

static void on_signal(uv_signal_t *handle, int signum)
{
	(void)signum;
	uv_stop(handle->loop);
}

int main(int argc, char **argv)
{
	static struct world w;
	const struct http_route routes[] = {PAGE_ROUTES,
					    {"/status", status, &w, false},
					    {"/events", events, &w, false}};
	struct http_server_options options;
	uv_signal_t terminated;
	uv_timer_t timer;
	struct err err;
	uv_loop_t *loop = uv_default_loop();

	w.clock = clock_system();
	w.began_ms = clock_mono_ms(&w.clock);
	w.quiet = argc > 2 && strcmp(argv[2], "quiet") == 0;
	w.emitted = w.quiet ? 0 : 780;
	recent_targets_init(&w.recent);
	http_server_defaults(&options);
	options.port = argc > 1 ? (uint16_t)strtoul(argv[1], NULL, 10) : 0;
	options.routes = routes;
	options.route_count = sizeof(routes) / sizeof(routes[0]);
	if (argc > 2 && strcmp(argv[2], "nostream") == 0)
		options.max_streams = 0;
	w.server = http_server_new(loop, &options, &err);
	if (w.server == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("http://127.0.0.1:%u/\n", http_server_port(w.server));
	fflush(stdout);
	uv_signal_init(loop, &terminated);
	uv_signal_start(&terminated, on_signal, SIGTERM);
	uv_timer_init(loop, &timer);
	timer.data = &w;
	uv_timer_start(&timer, on_event_due, 1000, 1000);
	uv_run(loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&timer, NULL);
	http_server_close(w.server, NULL, NULL);
	uv_close((uv_handle_t *)&terminated, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	recent_targets_release(&w.recent);
	return uv_loop_close(loop) == 0 ? 0 : 1;
}
