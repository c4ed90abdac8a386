#ifndef RIVERD_HEALTH_COMMAND_H
#define RIVERD_HEALTH_COMMAND_H

/* `riverd health`: asks a running riverd how it is and tells it by the exit
 * status, for HEALTHCHECK of containers and for people. A plain blocking GET;
 * no loop, no configuration file.
 *
 *   riverd health [--url URL] [--timeout SECONDS] [--live] [--quiet]
 *
 * URL is the address of the server; /readyz?verbose (or /livez?verbose) is
 * added. The default is where RIVERD_HTTP_LISTEN (the key http.listen) says,
 * or http://127.0.0.1:8080. Prints what the server said on stdout. */

#include <stdbool.h>

/* argv[0] is "health". Exit status: 0 ready, 1 not ready or not reachable, 64 usage. */
int health_command(int argc, char **argv);

/* The same with the options already parsed; url NULL: the default. 0 or 1. */
int health_ask(const char *url, int timeout_s, bool live, bool quiet);

#endif
