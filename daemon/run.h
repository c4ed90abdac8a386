#ifndef RIVERD_RUN_H
#define RIVERD_RUN_H

/* `riverd run`: configuration, log, app, loop. Returns the exit code. */

#include "daemon/cli.h"
#include "daemon/settings.h"

int run_command(const struct cli *cli);

/* What the command line says of where settings come from. Borrows from cli. */
struct settings_request run_settings_request(const struct cli *cli, enum settings_use use);

/* Loads, or prints the problems to stderr and returns EXIT_CONFIG. */
int run_load_settings(struct settings *s, const struct settings_request *request);

/* The exit code for an error that ends the process. */
int run_exit_code(const struct err *err);

#endif
