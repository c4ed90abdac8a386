#ifndef RIVER_DAEMON_GENERATE_OPTIONS_H
#define RIVER_DAEMON_GENERATE_OPTIONS_H

/* The command line of `riverd generate`. */

#include "world_feed.h"

#include <stdbool.h>
#include <stdint.h>

#define GENERATE_PROPERTIES_MAX 32

struct generate_options {
	const char *brokers, *registry; /* borrowed from argv */
	const char *properties[GENERATE_PROPERTIES_MAX + 1];
	const char *topics[INPUTS];
	struct generator_options generator; /* without start_ms and rate, which follow from below */
	struct generator_encoding encoding;
	bool create_topics;
	int partitions, replication;
	int64_t history_ms;  /* its span */
	int64_t start_ms;    /* where it begins; INT64_MIN: so that it ends now */
	uint64_t events;     /* of the history */
	bool live;	     /* go on in real time */
	int64_t live_for_ms; /* 0: until stopped */
	double rate; /* live: events/s; writing a history: at most so many a second; 0: as fast as possible */
	int64_t seal_ms; /* after the history, that much later, one record per partition; 0: none */
	bool quiet;
};

enum generate_parse { GENERATE_GO, GENERATE_HELP, GENERATE_USAGE };

/* Complaints and help are printed. */
enum generate_parse generate_options_parse(struct generate_options *o, int argc, char **argv);

/* The text of `riverd generate --help`. */
const char *generate_options_help(void);

/* "250ms", "30s", "20m", "12h", "30d"; -1 when it is none of these. */
int64_t generate_duration(const char *text);

/* "2026-03-01T00:00:00Z" (UTC) or epoch milliseconds; INT64_MIN when neither. */
int64_t generate_instant(const char *text);

#endif
