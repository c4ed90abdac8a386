#ifndef RIVERD_RELOAD_H
#define RIVERD_RELOAD_H

/* SIGHUP: reads the configuration again, checks it whole, and applies the keys
 * that can change while running. A wrong file changes nothing. Keys that need a
 * restart are named in the log. Loop thread. */

struct app;

void reload(struct app *a);

#endif
