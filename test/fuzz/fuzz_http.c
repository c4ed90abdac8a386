/* Any bytes at the HTTP port: path, query, headers, body, several requests one
 * behind the other. The first byte says where the rest is cut in two pieces. A
 * handler reads all that handlers can read. */

#include "serve/http_server.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(struct slice s)
{
	volatile unsigned total = 0;

	for (size_t i = 0; i < s.len; i++)
		total = total + (uint8_t)s.data[i];
	(void)total;
}

static void handler(void *ctx, const struct http_request *request, struct http_response *response)
{
	struct slice value = {0};

	(void)ctx;
	if (request->path.len == 0 || request->path.data[0] != '/')
		abort(); /* no route would have matched */
	touch(request->path);
	touch(request->rest);
	touch(request->body);
	touch(http_request_header(request, "Accept"));
	if (http_request_query(request, "verbose", &value))
		touch(value);
	buf_str(&response->body, "fine\n");
}

static const struct http_route routes[] = {{"/livez", handler, NULL, false},
					   {"/page/*", handler, NULL, false},
					   {"/post", handler, NULL, true}};

static void turn(uv_loop_t *loop)
{
	for (int i = 0; i < 3; i++)
		uv_run(loop, UV_RUN_NOWAIT);
}

static int dial_once(uint16_t port)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct linger at_once = {1, 0}; /* no port stays behind for a minute */
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A connection may fail for the machine's reasons: the fuzzer's alarm, or no
 * port free beside others' tests. Only a server that stays away is a finding. */
static int dial(uv_loop_t *loop, uint16_t port)
{
	for (int tries = 0; tries < 1000; tries++) {
		int fd = dial_once(port);

		if (fd >= 0)
			return fd;
		turn(loop);
		usleep(10000);
	}
	perror("connect to the server");
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uv_loop_t loop;
	static struct http_server *server;
	char reply[4096];
	size_t cut;
	int fd;

	if (size < 1)
		return 0;
	if (server == NULL) {
		struct http_server_options options;
		struct err err;

		http_server_defaults(&options);
		options.allow_post = true;
		options.max_body = 512;
		options.routes = routes;
		options.route_count = sizeof(routes) / sizeof(routes[0]);
		uv_loop_init(&loop);
		server = http_server_new(&loop, &options, &err);
		if (server == NULL)
			abort();
	}
	cut = data[0] < size - 1 ? data[0] : size - 1;
	fd = dial(&loop, http_server_port(server));
	send(fd, data + 1, cut, MSG_NOSIGNAL);
	turn(&loop);
	send(fd, data + 1 + cut, size - 1 - cut, MSG_NOSIGNAL);
	turn(&loop);
	while (recv(fd, reply, sizeof(reply), MSG_DONTWAIT) > 0)
		;
	close(fd);
	turn(&loop);
	return 0;
}
