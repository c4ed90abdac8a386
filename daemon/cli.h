#ifndef RIVER_DAEMON_CLI_H
#define RIVER_DAEMON_CLI_H

/* The command line, as a table: commands, their options, their help.
 *
 *   riverd [COMMAND] [OPTIONS]
 *
 * Without a command it is `run`. Options may stand before or after the
 * command. Wrong usage is said on stderr with the nearest right word, exit 64. */

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* sysexits(3) where they fit. */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,  /* a fault; starting again may help */
	EXIT_REFUSED = 3, /* the state must not be used as it is; do not restart */
	EXIT_USAGE = 64,
	EXIT_UNAVAILABLE = 69, /* something that riverd needs cannot be reached */
	EXIT_CONFIG = 78,
};

enum command {
	COMMAND_RUN,
	COMMAND_CHECK,
	COMMAND_DEMO,
	COMMAND_GENERATE,
	COMMAND_HEALTH,
	COMMAND_TOP,
	COMMAND_DEAD_LETTERS,
	COMMANDS
};

struct cli {
	enum command command;
	char *config;	      /* -c; owned; NULL: the default file if it exists */
	const char **options; /* -o key=value, in order; the array is owned, the texts are argv's */
	size_t option_count;
	bool print_config;     /* print the configuration in force and exit */
	bool accept_loss;      /* run */
	bool rebuild;	       /* run */
	bool online;	       /* check */
	bool once;	       /* demo: a fixed history, then exit */
	bool has_seed;	       /* demo */
	uint64_t seed, events; /* demo; events 0: the default */
	double rate, speed;    /* demo; 0: the default */
	int rest_argc;	       /* health, generate, top, dead-letters: these read their own arguments, */
	char **rest_argv;      /* from the command's name on; borrowed from argv */
};

enum cli_result {
	CLI_GO,	  /* go on with `cli` */
	CLI_DONE, /* help or version was asked for and printed: exit 0 */
	CLI_USAGE /* said what was wrong: exit 64 */
};

/* Prints help, versions and what else is only printed to `out`, complaints to
 * `complaints`. Uses getopt_long, so: once at a time. */
enum cli_result cli_parse(struct cli *cli, int argc, char **argv, FILE *out, FILE *complaints);
void cli_release(struct cli *cli);

const char *cli_command_name(enum command command);

/* The texts, for the manual and tests; `riverd --help` and `riverd check --help`.
 * `command` COMMANDS: the overview. */
void cli_help(enum command command, struct buf *out);
/* Version, revision, and the versions of the libraries in use. */
void cli_version(struct buf *out);

#endif
