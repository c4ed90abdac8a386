#ifndef RIVERD_DEAD_LETTERS_H
#define RIVERD_DEAD_LETTERS_H

/* `riverd dead-letters`: list by reason, show one, replay after a fix. */

#include "daemon/cli.h"

int dead_letters_command(struct cli *cli);

#endif
