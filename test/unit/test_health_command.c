/* `riverd health` against a server of ours in a child process. */

#include "daemon/health_command.h"
#include "serve/http_server.h"
#include "test/lib/cmocka_all.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void ready(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	response->status = http_request_query(request, "verbose", NULL) ? 200 : 500;
	buf_str(&response->body, "ready\n");
}

static void not_ready(void *ctx, const struct http_request *request, struct http_response *response)
{
	(void)ctx;
	(void)request;
	response->status = 503;
	buf_str(&response->body, "[-]kafka failed\nnot ready\n");
}

struct fixture {
	pid_t child;
	char url[64];
};

/* Alive but not ready. Never returns. */
static void serve(int to_parent)
{
	static const struct http_route routes[] = {{"/livez", ready, NULL, false},
						   {"/readyz", not_ready, NULL, false}};
	struct http_server_options options;
	struct http_server *server;
	uint16_t port;

	http_server_defaults(&options);
	options.routes = routes;
	options.route_count = 2;
	server = http_server_new(uv_default_loop(), &options, NULL);
	port = server != NULL ? http_server_port(server) : 0;
	if (write(to_parent, &port, sizeof(port)) == (ssize_t)sizeof(port))
		uv_run(uv_default_loop(), UV_RUN_DEFAULT);
	_exit(1);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	uint16_t port = 0;
	int fds[2];

	unsetenv("RIVERD_HTTP_LISTEN");
	assert_int_equal(pipe(fds), 0);
	f->child = fork();
	if (f->child == 0)
		serve(fds[1]);
	assert_int_equal(read(fds[0], &port, sizeof(port)), sizeof(port));
	close(fds[0]);
	close(fds[1]);
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/", port);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	free(f);
	return 0;
}

static int health(const char *a, const char *b, const char *c, const char *d)
{
	char *argv[] = {(char *)"health",     (char *)(uintptr_t)a, (char *)(uintptr_t)b,
			(char *)(uintptr_t)c, (char *)(uintptr_t)d, NULL};
	int argc = 1;

	while (argv[argc] != NULL)
		argc++;
	return health_command(argc, argv);
}

static void the_exit_status_tells_ready_and_alive(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(health("--url", f->url, "--quiet", NULL), 1);
	assert_int_equal(health("--url", f->url, "--live", "--quiet"), 0);
}

static void the_address_may_come_from_the_environment(void **state)
{
	struct fixture *f = *state;

	static const char *const hosts[] = {"127.0.0.1", "0.0.0.0", "localhost", ""};
	const char *port = strrchr(f->url, ':') + 1;
	char listen[64];

	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		snprintf(listen, sizeof(listen), "%s:%.*s", hosts[i], (int)strcspn(port, "/"), port);
		setenv("RIVERD_HTTP_LISTEN", listen, 1);
		assert_int_equal(health("--live", "--quiet", NULL, NULL), 0);
	}
	setenv("RIVERD_HTTP_LISTEN", "127.0.0.1:1", 1);
	assert_int_equal(health("--live", "--quiet", NULL, NULL), 1);
}

static void a_server_that_does_not_answer_is_a_failure_in_time(void **state)
{
	struct fixture *f = *state;

	kill(f->child, SIGSTOP);
	assert_int_equal(health("--url", f->url, "--timeout", "1"), 1);
	kill(f->child, SIGKILL);
	waitpid(f->child, NULL, 0);
	assert_int_equal(health("--url", f->url, NULL, NULL), 1);
}

static void wrong_usage_has_its_own_status(void **state)
{
	(void)state;
	assert_int_equal(health("--wrong", NULL, NULL, NULL), 64);
	assert_int_equal(health("more", NULL, NULL, NULL), 64);
	assert_int_equal(health("--timeout", "0", NULL, NULL), 64);
	assert_int_equal(health("--timeout", "5s", NULL, NULL), 64);
	assert_int_equal(health("--help", NULL, NULL, NULL), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_exit_status_tells_ready_and_alive),
		TEST(the_address_may_come_from_the_environment),
		TEST(a_server_that_does_not_answer_is_a_failure_in_time),
		TEST(wrong_usage_has_its_own_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
