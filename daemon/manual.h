#ifndef RIVERD_MANUAL_H
#define RIVERD_MANUAL_H

/* The manual, made from the tables of the command line and of the settings, so
 * that it cannot fall behind them:
 *
 *   riverd.8        commands, options, signals, files, exit status
 *   riverd.conf.5   every key
 *   riverd.bash     completion for bash: commands, options, keys behind -o */

#include "base/buf.h"

#define MANUAL_PAGES "riverd.8, riverd.conf.5, riverd.bash"

/* Appends the page of that name; -1 when there is none. */
int manual_write(const char *page, struct buf *out);

#endif
