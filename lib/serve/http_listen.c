#include "serve/http_private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 128

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int parse(const char *text, uint16_t port, union address *out, socklen_t *len, bool *loopback)
{
	if (strcmp(text, "localhost") == 0)
		text = "127.0.0.1";
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &out->v4.sin_addr) == 1) {
		out->v4.sin_family = AF_INET;
		out->v4.sin_port = htons(port);
		*len = sizeof(out->v4);
		*loopback = ntohl(out->v4.sin_addr.s_addr) >> 24 == 127;
		return 0;
	}
	if (inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1) {
		out->v6.sin6_family = AF_INET6;
		out->v6.sin6_port = htons(port);
		*len = sizeof(out->v6);
		*loopback = IN6_IS_ADDR_LOOPBACK(&out->v6.sin6_addr);
		return 0;
	}
	return -1;
}

static int bound_port(int fd, uint16_t *port)
{
	union address a = {.any = {0}};
	socklen_t len = sizeof(a);

	if (getsockname(fd, &a.any, &len) != 0)
		return -1;
	*port = ntohs(a.any.sa_family == AF_INET6 ? a.v6.sin6_port : a.v4.sin_port);
	return 0;
}

int http_listen(const struct http_server_options *options, bool *loopback, uint16_t *port, struct err *err)
{
	const char *text = options->address;
	union address a;
	socklen_t len = 0;
	int fd, code, one = 1;

	if (parse(text, options->port, &a, &len, loopback) != 0)
		return err_set(err, ERR_CONFIG, EINVAL, "'%s' is not an IP address", text);
	if (!*loopback && !options->allow_remote)
		return err_set(err, ERR_CONFIG, EPERM,
			       "%s can be reached from other hosts, which is not allowed", text);
	fd = socket(a.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return err_set(err, ERR_FATAL, errno, "socket: %s", strerror(errno));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, &a.any, len) != 0 || listen(fd, BACKLOG) != 0 || bound_port(fd, port) != 0) {
		code = errno;
		close(fd);
		return err_set(err, ERR_CONFIG, code, "listen on %s port %u: %s", text, options->port,
			       strerror(code));
	}
	return fd;
}
