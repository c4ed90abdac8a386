#ifndef RIVERD_DEMO_H
#define RIVERD_DEMO_H

/* `riverd demo`: the real daemon in a world made for it (demo_world.h): no
 * network, no Java, nothing to configure. Event time runs fast, so that the
 * 20 minutes of the contract pass in seconds. `--once` works a fixed history
 * off and prints the targets as JSON lines. Returns the exit code. */

#include "daemon/cli.h"

int demo_command(const struct cli *cli);

#endif
