#include "daemon/health_command.h"

#include "daemon/ask_running.h"

#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define ANSWER_MAX 65536
#define USAGE_EXIT 64 /* sysexits.h: EX_USAGE */

struct health_options {
	const char *url;
	long timeout_s;
	bool live, quiet;
};

static void usage(FILE *to)
{
	fputs("usage: riverd health [--url URL] [--timeout SECONDS] [--live] [--quiet]\n"
	      "Asks a running riverd whether it is ready (or, with --live, alive).\n"
	      "  --url URL         default: as RIVERD_HTTP_LISTEN says, or http://127.0.0.1:8080\n"
	      "  --timeout SECONDS default 5\n"
	      "Exit status: 0 yes, 1 no or not reachable, 64 usage.\n",
	      to);
}

/* 0: go on; 1: done (help); -1: wrong. */
static int parse_options(int argc, char **argv, struct health_options *o)
{
	static const struct option longs[] = {
		{"url", required_argument, NULL, 'u'}, {"timeout", required_argument, NULL, 't'},
		{"live", no_argument, NULL, 'l'},      {"quiet", no_argument, NULL, 'q'},
		{"help", no_argument, NULL, 'h'},      {NULL, 0, NULL, 0},
	};
	char *end;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'u': o->url = optarg; break;
		case 't':
			o->timeout_s = strtol(optarg, &end, 10);
			if (*optarg == '\0' || *end != '\0' || o->timeout_s < 1 || o->timeout_s > 3600)
				return -1;
			break;
		case 'l': o->live = true; break;
		case 'q': o->quiet = true; break;
		case 'h': return 1;
		default: return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

static int run(const struct health_options *o)
{
	struct buf url, answer;
	const char *why;
	long status;

	buf_init(&url, 4096);
	buf_init(&answer, ANSWER_MAX);
	status = ask_running(o->url, o->live ? "/livez?verbose" : "/readyz?verbose", o->timeout_s * 1000,
			     &answer, &url, &why);
	if (status == 0)
		fprintf(stderr, "riverd health: %s: %s\n", buf_cstr(&url), why);
	else if (!o->quiet)
		fputs(buf_cstr(&answer), stdout);
	buf_release(&url);
	buf_release(&answer);
	return status == 200 ? 0 : 1;
}

int health_ask(const char *url, int timeout_s, bool live, bool quiet)
{
	const struct health_options o = {.url = url, .timeout_s = timeout_s, .live = live, .quiet = quiet};
	int rc;

	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return 1;
	rc = run(&o);
	curl_global_cleanup();
	return rc;
}

int health_command(int argc, char **argv)
{
	struct health_options o = {.timeout_s = 5};
	int rc = parse_options(argc, argv, &o);

	if (rc != 0) {
		usage(rc < 0 ? stderr : stdout);
		return rc < 0 ? USAGE_EXIT : 0;
	}
	return health_ask(o.url, (int)o.timeout_s, o.live, o.quiet);
}
