#include "generate_options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const char help[] =
	"riverd generate: realistic hotel events into a Kafka of yours\n"
	"\n"
	"  riverd generate --brokers localhost:9092 --registry http://localhost:8081 --create-topics\n"
	"  riverd generate --brokers ... --registry ... --live --rate 200\n"
	"\n"
	"Writes hotels and customers first (as Debezium would), then bookings and reviews of\n"
	"earlier guests, then a history of sessions, and with --live goes on in real time. The\n"
	"same seed and options give the same records, in the same partitions.\n"
	"\n"
	"Where to\n"
	"  -b, --brokers HOST:PORT,...   Kafka\n"
	"  -r, --registry URL            schema registry (not needed for --format json)\n"
	"  -X, --property NAME=VALUE     for librdkafka: security.protocol, sasl.username, ...\n"
	"      --create-topics           create the five topics unless they exist\n"
	"      --partitions N            of created topics (4)\n"
	"      --replication N           of created topics (1)\n"
	"      --topic INPUT=NAME        another name; INPUT is clickstream, bookings, reviews,\n"
	"                                hotel or customer\n"
	"\n"
	"What\n"
	"  -s, --seed N                  (1)\n"
	"  -n, --events N                of the history (50000)\n"
	"      --history SPAN            how long the history is, as in 30d, 12h (7d); 0 for none\n"
	"      --start TIME              when it starts, as in 2026-03-01T00:00:00Z; else it ends now\n"
	"      --live                    go on in real time until stopped\n"
	"      --for SPAN                stop the live part after that time\n"
	"      --rate N|max              live: events per second (10); history: at most N a second (max)\n"
	"      --customers N             (2000)\n"
	"      --hotels N                (120)\n"
	"      --past-bookings N         bookings before the history, most of them reviewed (600)\n"
	"      --continue NUMBER         no hotels, customers and past again; bookings and reviews are\n"
	"                                numbered from NUMBER: goes on where another run ended\n"
	"      --seal SPAN               at the end one record per partition that much later, so that\n"
	"                                every window closes\n"
	"\n"
	"How\n"
	"  -g, --generation WHICH        schemas: 2025-spring, 2025-autumn, 2026, mixed (2026)\n"
	"      --format avro|json        (avro)\n"
	"      --cdc debezium|flat       envelope or bare after-state (debezium)\n"
	"      --out-of-order SHARE      of events that arrive late, as in 0.05 (0)\n"
	"      --out-of-order-bound SPAN by at most that much (4s)\n"
	"      --duplicates SHARE        of records sent twice (0)\n"
	"      --poison SHARE            of records that cannot be used (0)\n"
	"      --changes SHARE           of events that change a hotel or customer (0.004)\n"
	"  -q, --quiet                   no progress\n"
	"  -h, --help\n";

const char *generate_options_help(void)
{
	return help;
}

enum {
	OPT_CREATE = 256,
	OPT_PARTITIONS,
	OPT_REPLICATION,
	OPT_TOPIC,
	OPT_HISTORY,
	OPT_START,
	OPT_LIVE,
	OPT_FOR,
	OPT_RATE,
	OPT_CUSTOMERS,
	OPT_HOTELS,
	OPT_PAST,
	OPT_CONTINUE,
	OPT_SEAL,
	OPT_FORMAT,
	OPT_CDC,
	OPT_DISORDER,
	OPT_BOUND,
	OPT_DUPLICATES,
	OPT_POISON,
	OPT_CHANGES
};

static const struct option long_options[] = {
	{"brokers", required_argument, NULL, 'b'},
	{"registry", required_argument, NULL, 'r'},
	{"property", required_argument, NULL, 'X'},
	{"create-topics", no_argument, NULL, OPT_CREATE},
	{"partitions", required_argument, NULL, OPT_PARTITIONS},
	{"replication", required_argument, NULL, OPT_REPLICATION},
	{"topic", required_argument, NULL, OPT_TOPIC},
	{"seed", required_argument, NULL, 's'},
	{"events", required_argument, NULL, 'n'},
	{"history", required_argument, NULL, OPT_HISTORY},
	{"start", required_argument, NULL, OPT_START},
	{"live", no_argument, NULL, OPT_LIVE},
	{"for", required_argument, NULL, OPT_FOR},
	{"rate", required_argument, NULL, OPT_RATE},
	{"customers", required_argument, NULL, OPT_CUSTOMERS},
	{"hotels", required_argument, NULL, OPT_HOTELS},
	{"past-bookings", required_argument, NULL, OPT_PAST},
	{"continue", required_argument, NULL, OPT_CONTINUE},
	{"seal", required_argument, NULL, OPT_SEAL},
	{"generation", required_argument, NULL, 'g'},
	{"format", required_argument, NULL, OPT_FORMAT},
	{"cdc", required_argument, NULL, OPT_CDC},
	{"out-of-order", required_argument, NULL, OPT_DISORDER},
	{"out-of-order-bound", required_argument, NULL, OPT_BOUND},
	{"duplicates", required_argument, NULL, OPT_DUPLICATES},
	{"poison", required_argument, NULL, OPT_POISON},
	{"changes", required_argument, NULL, OPT_CHANGES},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

int64_t generate_duration(const char *text)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}};
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)*text) || errno != 0 || n > 1000000000)
		return -1;
	if (*end == '\0' && n == 0)
		return 0;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(end, units[i].unit) == 0)
			return n * units[i].ms;
	}
	return -1;
}

int64_t generate_instant(const char *text)
{
	struct tm tm = {0};
	char *end;
	long long ms;

	errno = 0;
	ms = strtoll(text, &end, 10);
	if (*end == '\0' && end != text && errno == 0)
		return ms;
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL)
		end = strptime(text, "%Y-%m-%d", &tm);
	return end != NULL && *end == '\0' ? (int64_t)timegm(&tm) * 1000 : INT64_MIN;
}

/* These return false when the text is not of the kind. */
static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
	unsigned long long n;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	*out = n;
	return isdigit((unsigned char)*text) && *end == '\0' && errno == 0 && n >= low && n <= high;
}

static bool read_size(const char *text, uint64_t low, uint64_t high, size_t *out)
{
	uint64_t n = 0;
	bool ok = read_number(text, low, high, &n);

	*out = (size_t)n;
	return ok;
}

static bool read_int(const char *text, int *out)
{
	uint64_t n = 0;
	bool ok = read_number(text, 1, 10000, &n);

	*out = (int)n;
	return ok;
}

static bool read_share(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out >= 0 && *out <= 0.5;
}

static bool read_rate(const char *text, double *out)
{
	char *end;

	*out = 0;
	if (strcmp(text, "max") == 0)
		return true;
	*out = strtod(text, &end);
	return end != text && *end == '\0' && *out > 0 && *out <= 1e9;
}

static bool read_span(const char *text, int64_t *out)
{
	*out = generate_duration(text);
	return *out >= 0;
}

static bool read_instant(const char *text, int64_t *out)
{
	*out = generate_instant(text);
	return *out != INT64_MIN;
}

static bool read_topic(const char *text, struct generate_options *o)
{
	static const char *const names[INPUTS] = {"clickstream", "bookings", "reviews", "hotel", "customer"};
	const char *equals = strchr(text, '=');

	for (int i = 0; equals != NULL && equals[1] != '\0' && i < INPUTS; i++) {
		if (strncmp(text, names[i], (size_t)(equals - text)) == 0 &&
		    strlen(names[i]) == (size_t)(equals - text)) {
			o->topics[i] = equals + 1;
			return true;
		}
	}
	return false;
}

static bool read_property(const char *text, struct generate_options *o)
{
	for (int i = 0; i < GENERATE_PROPERTIES_MAX; i++) {
		if (o->properties[i] == NULL) {
			o->properties[i] = text;
			return strchr(text, '=') != NULL;
		}
	}
	return false;
}

static bool read_choice(const char *text, const char *zero, const char *one, unsigned *out)
{
	*out = strcmp(text, one) == 0;
	return *out || strcmp(text, zero) == 0;
}

static bool read_continue(const char *text, struct generate_options *o)
{
	o->generator.prelude = false;
	return read_number(text, 1, 1000000000000ULL, &o->generator.first_number);
}

static bool read_generation(const char *text, struct generate_options *o)
{
	int generation = generation_parse(text);

	o->generator.generation = (enum generation)generation;
	return generation >= 0;
}

static bool read_what(struct generate_options *o, int option, const char *text)
{
	struct generator_options *g = &o->generator;

	switch (option) {
	case 's': return read_number(text, 0, UINT64_MAX, &g->seed);
	case 'n': return read_number(text, 1, 1000000000000ULL, &o->events);
	case 'g': return read_generation(text, o);
	case OPT_HISTORY: return read_span(text, &o->history_ms);
	case OPT_START: return read_instant(text, &o->start_ms);
	case OPT_FOR: return read_span(text, &o->live_for_ms);
	case OPT_RATE: return read_rate(text, &o->rate);
	case OPT_CUSTOMERS: return read_size(text, 1, 50000000, &g->customers);
	case OPT_HOTELS: return read_size(text, 1, 1000000, &g->hotels);
	case OPT_PAST: return read_size(text, 0, 10000000, &g->past_bookings);
	case OPT_CONTINUE: return read_continue(text, o);
	case OPT_SEAL: return read_span(text, &o->seal_ms);
	case OPT_DISORDER: return read_share(text, &g->out_of_order);
	case OPT_BOUND: return read_span(text, &g->out_of_order_ms);
	case OPT_DUPLICATES: return read_share(text, &g->duplicates);
	case OPT_POISON: return read_share(text, &g->poison);
	case OPT_CHANGES: return read_share(text, &g->changes);
	default: return false;
	}
}

static bool read_one(struct generate_options *o, int option, const char *text)
{
	unsigned choice = 0;
	bool ok;

	switch (option) {
	case 'b': o->brokers = text; return true;
	case 'r': o->registry = text; return true;
	case 'X': return read_property(text, o);
	case 'q': o->quiet = true; return true;
	case OPT_CREATE: o->create_topics = true; return true;
	case OPT_LIVE: o->live = true; return true;
	case OPT_PARTITIONS: return read_int(text, &o->partitions);
	case OPT_REPLICATION: return read_int(text, &o->replication);
	case OPT_TOPIC: return read_topic(text, o);
	case OPT_FORMAT:
		ok = read_choice(text, "avro", "json", &choice);
		o->encoding.format = choice ? GENERATED_JSON : GENERATED_AVRO;
		return ok;
	case OPT_CDC:
		ok = read_choice(text, "debezium", "flat", &choice);
		o->encoding.cdc = choice ? GENERATED_FLAT : GENERATED_DEBEZIUM;
		return ok;
	default: return read_what(o, option, text);
	}
}

static enum generate_parse complain(const char *what)
{
	fprintf(stderr, "riverd generate: %s\nTry `riverd generate --help`.\n", what);
	return GENERATE_USAGE;
}

static enum generate_parse check(const struct generate_options *o)
{
	if (o->brokers == NULL)
		return complain("--brokers is needed");
	if (o->registry == NULL && o->encoding.format == GENERATED_AVRO)
		return complain("--registry is needed (or --format json)");
	if (o->history_ms == 0 && !o->live)
		return complain("nothing to do: no history and not --live");
	return GENERATE_GO;
}

enum generate_parse generate_options_parse(struct generate_options *o, int argc, char **argv)
{
	int option, index = 0;
	char text[200];

	*o = (struct generate_options){
		.partitions = 4,
		.replication = 1,
		.history_ms = 7 * 86400000LL,
		.start_ms = INT64_MIN,
		.events = 50000,
	};
	generator_defaults(&o->generator);
	world_feed_topics(o->topics);
	optind = 0; /* another command may have used getopt before */
	opterr = 1;
	while ((option = getopt_long(argc, argv, "b:r:X:s:n:g:qh", long_options, &index)) != -1) {
		if (option == 'h') {
			fputs(help, stdout);
			return GENERATE_HELP;
		}
		if (option == '?')
			return complain("wrong usage");
		if (!read_one(o, option, optarg)) {
			snprintf(text, sizeof(text), "--%s %s is not understood or out of range",
				 option >= 256 ? long_options[index].name : (char[]){(char)option, '\0'},
				 optarg);
			return complain(text);
		}
	}
	if (optind < argc) {
		snprintf(text, sizeof(text), "%s is one word too many", argv[optind]);
		return complain(text);
	}
	return check(o);
}
