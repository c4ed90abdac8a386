#ifndef RIVER_DAEMON_CLI_INTERNAL_H
#define RIVER_DAEMON_CLI_INTERNAL_H

/* The tables of the command line; cli_table.c and cli.c. */

#include "daemon/cli.h"

enum cli_id {
	CLI_CONFIG = 256, /* above every letter */
	CLI_SET,
	CLI_PRINT_CONFIG,
	CLI_HELP,
	CLI_HELP_CONFIG,
	CLI_VERSION,
	CLI_SAMPLE_CONFIG,
	CLI_CONFIG_REFERENCE,
	CLI_LIST_FAILPOINTS,
	CLI_MANUAL,
	CLI_ACCEPT_LOSS,
	CLI_REBUILD,
	CLI_ONLINE,
	CLI_ONCE,
	CLI_SEED,
	CLI_EVENTS,
	CLI_RATE,
	CLI_SPEED,
};

#define CLI_ON(command) (1u << (command))
#define CLI_EVERYWHERE	(~0u)

struct cli_option {
	enum cli_id id;
	char letter; /* 0: none */
	const char *name;
	const char *argument; /* "FILE"; NULL: takes none */
	unsigned commands;
	const char *help;
};

struct cli_command {
	const char *name;
	const char *line;	 /* for the overview */
	const char *description; /* for its own help */
	bool own_arguments;	 /* reads what follows it by itself; only --help may be answered here */
	const char *own_help;	 /* its options then; NULL: it answers --help itself */
};

extern const struct cli_option cli_options[];
extern const size_t cli_option_count;
extern const struct cli_command cli_commands[COMMANDS];

const struct cli_option *cli_option_by_id(int id);

#endif
