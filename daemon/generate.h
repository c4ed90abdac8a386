#ifndef RIVER_DAEMON_GENERATE_H
#define RIVER_DAEMON_GENERATE_H

/* `riverd generate`: realistic events into a real Kafka. argv[0] is the
 * subcommand itself. Returns the exit code. */
int generate_command(int argc, char **argv);

#endif
