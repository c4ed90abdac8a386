#include "daemon/cli_internal.h"

#include "base/buf.h"

#include <cjson/cJSON.h>
#include <curl/curl.h>
#include <librdkafka/rdkafka.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

const struct cli_command cli_commands[COMMANDS] = {
	[COMMAND_RUN] = {"run", "run the pipeline (this is what riverd does without a command)",
			 "Runs the pipeline until it is told to stop (SIGTERM, SIGINT). SIGHUP reads the\n"
			 "configuration again and applies what can change while running.",
			 false, NULL},
	[COMMAND_CHECK] =
		{"check", "check the configuration",
		 "Reads the configuration as `run` would and says what is wrong with it, all of it\n"
		 "at once, by file and line. With --online it also asks the brokers, the topics, the\n"
		 "schema registry and the model. Nothing is changed anywhere.",
		 false, NULL},
	[COMMAND_DEMO] = {"demo", "watch it work: Kafka, registry and events included, nothing to install",
			  "Starts a small Kafka and a schema registry of its own, feeds them the clicks,\n"
			  "bookings and reviews of made-up travellers, and runs riverd on them. Time passes\n"
			  "faster than real time. Stop it with Ctrl-C.",
			  false, NULL},
	[COMMAND_GENERATE] = {"generate", "write realistic events into a real Kafka",
			      "Writes clicks, bookings, reviews, hotels and customers into a real Kafka.",
			      true, NULL},
	[COMMAND_HEALTH] =
		{"health", "ask a running riverd how it is (for HEALTHCHECK)",
		 "Asks a running riverd how it is. Exit status 0: ready, 1: not ready or not\n"
		 "reachable.",
		 true,
		 "      --url URL            its address; default $RIVERD_HTTP_URL or http://127.0.0.1:8080\n"
		 "      --timeout SECONDS    how long to wait for an answer\n"
		 "      --live               only whether it is alive\n"
		 "      --quiet              print nothing\n"},
	[COMMAND_TOP] =
		{"top", "watch a running riverd at the terminal",
		 "Shows what a running riverd does: topics and stages with their rates, what waits\n"
		 "and why, lag and watermark of each partition, the model, dead letters, and the\n"
		 "latest results. It asks /status and needs nothing else. q or Ctrl-C ends it.",
		 true,
		 "      --url URL            its address; default $RIVERD_HTTP_URL or http://127.0.0.1:8080\n"
		 "      --interval SECONDS   how often it asks; default 1\n"
		 "      --once               print everything once, without colours unless on a terminal\n"
		 "      --no-color           no colours (so does the variable NO_COLOR)\n"},
	[COMMAND_DEAD_LETTERS] =
		{"dead-letters", "look at records that could not be used, and replay them",
		 "Reads the dead-letter topic, where every record is that could not be used, as it\n"
		 "came and with the reason.\n\n"
		 "  riverd dead-letters [list]                counts by topic and reason, with examples\n"
		 "  riverd dead-letters show PARTITION/OFFSET one of them, whole: it may hold addresses\n"
		 "  riverd dead-letters replay [PARTITION/OFFSET ...]\n"
		 "                                            write them back to where they came from\n\n"
		 "A replayed record goes to its own topic and partition with its key, value, headers\n"
		 "and timestamp; the same Kafka transaction marks it in the dead-letter topic, and\n"
		 "what is marked is left out the next time. Repeat a replay after any trouble.",
		 true,
		 "      --reason REASON      only this reason, as list names it\n"
		 "      --topic TOPIC        only what came from this topic\n"
		 "      --again              replay: also what was replayed before\n"
		 "      --now                replay: with the time of now instead of the record's own\n"
		 "      --dry-run            replay: only say what would be written\n"
		 "      --yes                replay: do not ask\n"
		 "  -c, --config FILE        configuration file, as for run\n"
		 "  -o, --set KEY=VALUE      set a key\n"},
};

#define RUN  CLI_ON(COMMAND_RUN)
#define DEMO CLI_ON(COMMAND_DEMO)

const struct cli_option cli_options[] = {
	{CLI_CONFIG, 'c', "config", "FILE", CLI_EVERYWHERE,
	 "configuration file; default /etc/riverd/riverd.conf if it exists"},
	{CLI_SET, 'o', "set", "KEY=VALUE", CLI_EVERYWHERE, "set a key; overrides environment and file"},
	{CLI_ACCEPT_LOSS, 0, "accept-loss", NULL, RUN,
	 "go on although Kafka has deleted input that was not read yet"},
	{CLI_REBUILD, 0, "rebuild", NULL, RUN, "move the database aside and make it anew from the topics"},
	{CLI_ONLINE, 0, "online", NULL, CLI_ON(COMMAND_CHECK),
	 "also ask Kafka, the schema registry and the model"},
	{CLI_ONCE, 0, "once", NULL, DEMO,
	 "a fixed history instead of a live one; print its results and exit"},
	{CLI_SEED, 0, "seed", "N", DEMO, "another world; the same seed gives the same events"},
	{CLI_EVENTS, 0, "events", "N", DEMO, "how many events --once has"},
	{CLI_RATE, 0, "rate", "N", DEMO, "events per second"},
	{CLI_SPEED, 0, "speed", "N", DEMO, "how many times faster than real time"},
	{CLI_PRINT_CONFIG, 0, "print-config", NULL, CLI_EVERYWHERE,
	 "print the configuration in force and its origins, then exit"},
	{CLI_HELP, 'h', "help", NULL, CLI_EVERYWHERE,
	 "this help; behind a command, the help of that command"},
	{CLI_HELP_CONFIG, 0, "help-config", NULL, CLI_EVERYWHERE, "explain every configuration key"},
	{CLI_SAMPLE_CONFIG, 0, "sample-config", NULL, CLI_EVERYWHERE,
	 "print a configuration file with every key"},
	{CLI_CONFIG_REFERENCE, 0, "config-reference", NULL, CLI_EVERYWHERE, "the same as tables in Markdown"},
	{CLI_MANUAL, 0, "manual", "PAGE", CLI_EVERYWHERE,
	 "print riverd.8, riverd.conf.5 or riverd.bash (completion)"},
	{CLI_LIST_FAILPOINTS, 0, "list-failpoints", NULL, CLI_EVERYWHERE,
	 "names for RIVERD_FAULT=NAME:crash|error|sleep=MS[@N], for crash tests"},
	{CLI_VERSION, 'V', "version", NULL, CLI_EVERYWHERE, "version of riverd and of its libraries"},
};
const size_t cli_option_count = sizeof(cli_options) / sizeof(cli_options[0]);

const struct cli_option *cli_option_by_id(int id)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		if ((int)cli_options[i].id == id || (id != 0 && cli_options[i].letter == id))
			return &cli_options[i];
	}
	return NULL;
}

const char *cli_command_name(enum command command)
{
	return cli_commands[command].name;
}

static void help_option(const struct cli_option *o, struct buf *out)
{
	char names[64];

	snprintf(names, sizeof(names), "%c%c%s --%s%s%s", o->letter ? '-' : ' ', o->letter ? o->letter : ' ',
		 o->letter ? "," : " ", o->name, o->argument ? " " : "", o->argument ? o->argument : "");
	buf_printf(out, "  %-25s%s\n", names, o->help);
}

static void help_options(unsigned mask, bool everywhere, struct buf *out)
{
	for (size_t i = 0; i < cli_option_count; i++) {
		if ((cli_options[i].commands & mask) &&
		    (cli_options[i].commands == CLI_EVERYWHERE) == everywhere)
			help_option(&cli_options[i], out);
	}
}

static void help_overview(struct buf *out)
{
	buf_str(out, "riverd finds booking clicks that no booking follows, joins them with hotels and\n"
		     "reviews, has the reviews summarised, and writes the results to Kafka exactly once.\n\n"
		     "Usage: riverd [COMMAND] [OPTIONS]\n\nCommands:\n");
	for (int i = 0; i < COMMANDS; i++)
		buf_printf(out, "  %-14s%s\n", cli_commands[i].name, cli_commands[i].line);
	buf_str(out, "\nOptions:\n");
	help_options(~0u, true, out);
	buf_str(out, "\nriverd COMMAND --help tells more of a command.\n\n"
		     "Begin with:  riverd demo\n"
		     "Then:        riverd --sample-config > riverd.conf\n"
		     "             riverd check -c riverd.conf --online\n"
		     "             riverd -c riverd.conf\n\n"
		     "Every key can be set in the file, as an environment variable\n"
		     "(kafka.bootstrap.servers is RIVERD_KAFKA_BOOTSTRAP_SERVERS) or with -o.\n\n"
		     "Exit status: 0 fine, 1 a fault, 3 the state must not be used as it is,\n"
		     "64 wrong usage, 69 something needed cannot be reached, 78 configuration.\n");
}

void cli_help(enum command command, struct buf *out)
{
	const struct cli_command *c = &cli_commands[command < COMMANDS ? command : 0];
	size_t before;

	if (command >= COMMANDS) {
		help_overview(out);
		return;
	}
	buf_printf(out, "Usage: riverd %s [OPTIONS]\n\n%s\n\nOptions:\n", c->name, c->description);
	if (c->own_arguments) {
		buf_str(out, c->own_help != NULL ? c->own_help : "");
		return;
	}
	before = out->len;
	help_options(CLI_ON(command), false, out);
	if (out->len > before)
		buf_str(out, "\n");
	help_options(CLI_ON(command), true, out);
}

void cli_version(struct buf *out)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

	buf_printf(out, "riverd %s (%s)\n", RIVERD_VERSION, RIVERD_REVISION);
	buf_printf(out, "librdkafka %s, SQLite %s, libcurl %s, libuv %s, libmicrohttpd %s, cJSON %s\n",
		   rd_kafka_version_str(), sqlite3_libversion(), curl->version, uv_version_string(),
		   MHD_get_version(), cJSON_Version());
	buf_printf(out, "%s\n", OpenSSL_version(OPENSSL_VERSION));
}
