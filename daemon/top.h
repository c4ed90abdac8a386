#ifndef RIVERD_TOP_H
#define RIVERD_TOP_H

/* `riverd top`: /status of a running riverd, at the terminal, again and again.
 * Plain ANSI on the alternate screen; no configuration file, no loop. */

/* argv[0] is "top". Exit status: 0, 1 when riverd cannot be reached (with --once), 64 usage. */
int top_command(int argc, char **argv);

#endif
