#ifndef RIVERD_NOTIFY_H
#define RIVERD_NOTIFY_H

/* Talks to systemd: the sd_notify protocol, one datagram a message, to the
 * socket named by $NOTIFY_SOCKET ('@' first: abstract). Without that variable
 * every call does nothing. sd_notify(3) and sd_watchdog_enabled(3) define the
 * protocol; libsystemd is not needed for it. Thread: any, one at a time. */

#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;		     /* -1: nobody listens */
	int64_t watchdog_ms; /* how often systemd wants to hear of us; 0: not at all */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID and removes them from
 * the environment, so that children do not inherit them. A socket that cannot
 * be used is treated as none: it must not stop the daemon. */
void notify_init(struct notify *n);
void notify_release(struct notify *n);

/* How often to call notify_watchdog: half of what systemd allows; 0: never. */
int64_t notify_watchdog_interval_ms(const struct notify *n);

/* Each returns 0 (also when nobody listens) or -1 with errno. */
int notify_ready(struct notify *n, const char *status);	 /* READY=1, STATUS= */
int notify_status(struct notify *n, const char *status); /* STATUS=; control characters become blanks */
int notify_watchdog(struct notify *n);			 /* WATCHDOG=1 */
int notify_stopping(struct notify *n, const char *status);
/* RELOADING=1 with MONOTONIC_USEC, as Type=notify-reload (systemd 253) wants;
 * older ones ignore the time. Say notify_ready when done. */
int notify_reloading(struct notify *n);
/* Start or stop takes longer: the limit becomes `ms` from now. */
int notify_extend(struct notify *n, int64_t ms);

#endif
