#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define STATUS_MAX 400

/* -1 when the name is not one of a local socket. */
static int address_of(const char *name, struct sockaddr_un *to, socklen_t *len)
{
	size_t n = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || n < 2 || n >= sizeof(to->sun_path))
		return -1;
	memset(to, 0, sizeof(*to));
	to->sun_family = AF_UNIX;
	memcpy(to->sun_path, name, n);
	*len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (name[0] == '@')
		to->sun_path[0] = '\0'; /* abstract: the length ends the name */
	else
		*len += 1;
	return 0;
}

static int open_socket(const char *name)
{
	struct sockaddr_un to;
	socklen_t len;
	int fd;

	if (name == NULL || address_of(name, &to, &len) != 0)
		return -1;
	/* Non-blocking: a full queue at systemd must not hold the loop. */
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len) != 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Digits only; -1 otherwise. */
static int64_t number(const char *text)
{
	char *end;
	long long n;

	if (text == NULL || text[0] < '0' || text[0] > '9')
		return -1;
	errno = 0;
	n = strtoll(text, &end, 10);
	return errno == 0 && *end == '\0' ? (int64_t)n : -1;
}

static int64_t watchdog_from_environment(void)
{
	const char *pid = getenv("WATCHDOG_PID");
	int64_t usec = number(getenv("WATCHDOG_USEC"));

	if (usec <= 0 || (pid != NULL && number(pid) != (int64_t)getpid()))
		return 0;
	return usec < 2000 ? 1 : usec / 1000;
}

void notify_init(struct notify *n)
{
	n->fd = open_socket(getenv("NOTIFY_SOCKET"));
	n->watchdog_ms = n->fd >= 0 ? watchdog_from_environment() : 0;
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void notify_release(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
	n->watchdog_ms = 0;
}

int64_t notify_watchdog_interval_ms(const struct notify *n)
{
	return n->watchdog_ms > 1 ? n->watchdog_ms / 2 : n->watchdog_ms;
}

static int send_text(struct notify *n, const char *text)
{
	if (n->fd < 0)
		return 0;
	return send(n->fd, text, strlen(text), MSG_NOSIGNAL) < 0 ? -1 : 0;
}

/* `first` and a STATUS line. A line feed in the status would be read as
 * another assignment. */
static int send_status(struct notify *n, const char *first, const char *status)
{
	char text[STATUS_MAX + 64];
	size_t at = strlen(first) + strlen("STATUS=");

	if (status == NULL || n->fd < 0)
		return send_text(n, first);
	snprintf(text, sizeof(text), "%sSTATUS=%.*s\n", first, STATUS_MAX, status);
	for (size_t i = at; text[i] != '\0' && text[i + 1] != '\0'; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
			text[i] = ' ';
	return send_text(n, text);
}

int notify_ready(struct notify *n, const char *status)
{
	return send_status(n, "READY=1\n", status);
}

int notify_status(struct notify *n, const char *status)
{
	return send_status(n, "", status);
}

int notify_watchdog(struct notify *n)
{
	return send_text(n, "WATCHDOG=1\n");
}

int notify_stopping(struct notify *n, const char *status)
{
	return send_status(n, "STOPPING=1\n", status);
}

int notify_reloading(struct notify *n)
{
	struct timespec now;
	char text[64];

	clock_gettime(CLOCK_MONOTONIC, &now);
	snprintf(text, sizeof(text), "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\n",
		 (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	return send_text(n, text);
}

int notify_extend(struct notify *n, int64_t ms)
{
	char text[64];

	snprintf(text, sizeof(text), "EXTEND_TIMEOUT_USEC=%" PRId64 "\n", ms * 1000);
	return send_text(n, text);
}
