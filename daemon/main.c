/* riverd: argv to subcommand, nothing else. */

#include "daemon/check.h"
#include "daemon/check_online.h"
#include "daemon/cli.h"
#include "daemon/dead_letters.h"
#include "daemon/demo.h"
#include "daemon/generate.h"
#include "daemon/health_command.h"
#include "daemon/run.h"
#include "daemon/top.h"

#include <stdio.h>

static int check(const struct cli *cli)
{
	struct settings_request request = run_settings_request(cli, SETTINGS_FOR_RUN);
	struct settings settings;
	int code;

	settings_init(&settings);
	code = check_offline(&request, &settings, stdout);
	if (code == EXIT_OK && cli->online)
		code = check_online(&settings, NULL, stdout);
	settings_release(&settings);
	return code;
}

static int dispatch(struct cli *cli)
{
	if (cli->print_config) {
		struct settings_request request = run_settings_request(cli, SETTINGS_FOR_RUN);

		return check_print_config(&request, stdout, stderr);
	}
	switch (cli->command) {
	case COMMAND_RUN: return run_command(cli);
	case COMMAND_CHECK: return check(cli);
	case COMMAND_DEMO: return demo_command(cli);
	case COMMAND_GENERATE: return generate_command(cli->rest_argc, cli->rest_argv);
	case COMMAND_HEALTH: return health_command(cli->rest_argc, cli->rest_argv);
	case COMMAND_TOP: return top_command(cli->rest_argc, cli->rest_argv);
	case COMMAND_DEAD_LETTERS: return dead_letters_command(cli);
	case COMMANDS: break;
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct cli cli;
	int code;

	switch (cli_parse(&cli, argc, argv, stdout, stderr)) {
	case CLI_DONE: return EXIT_OK;
	case CLI_USAGE: return EXIT_USAGE;
	default: break;
	}
	code = dispatch(&cli);
	cli_release(&cli);
	return code;
}
