/* TLS of the HTTP client against OpenSSL's own test server. */

#include "async/http_client.h"
#include "test/lib/cmocka_all.h"
#include "test/lib/fake_http.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct tls {
	char dir[64], cert[100], key[100], url[64];
	pid_t server;
};

/* Runs openssl with these arguments; its output goes to `out`, or nowhere. */
static pid_t spawn(char *const argv[], int out)
{
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(out >= 0 ? out : null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int make_certificate(struct tls *t, const char *name)
{
	char *const argv[] = {(char *)"openssl",
			      (char *)"req",
			      (char *)"-x509",
			      (char *)"-newkey",
			      (char *)"ec",
			      (char *)"-pkeyopt",
			      (char *)"ec_paramgen_curve:prime256v1",
			      (char *)"-nodes",
			      (char *)"-keyout",
			      t->key,
			      (char *)"-out",
			      t->cert,
			      (char *)"-days",
			      (char *)"2",
			      (char *)"-subj",
			      (char *)"/CN=test",
			      (char *)"-addext",
			      (char *)name,
			      NULL};
	int status = -1;

	waitpid(spawn(argv, -1), &status, 0);
	return status;
}

static void start_server(struct tls *t)
{
	char *const argv[] = {(char *)"openssl", (char *)"s_server",
			      (char *)"-accept", (char *)"127.0.0.1:0",
			      (char *)"-cert",	 t->cert,
			      (char *)"-key",	 t->key,
			      (char *)"-www",	 NULL};
	char line[200] = "", *colon = NULL;
	int pipes[2];
	FILE *from;

	assert_int_equal(pipe(pipes), 0);
	t->server = spawn(argv, pipes[1]);
	close(pipes[1]);
	from = fdopen(pipes[0], "r");
	while (fgets(line, sizeof(line), from) != NULL)
		if (strncmp(line, "ACCEPT", 6) == 0 && (colon = strrchr(line, ':')) != NULL)
			break;
	fclose(from);
	assert_non_null(colon);
	snprintf(t->url, sizeof(t->url), "https://127.0.0.1:%d/", (int)strtol(colon + 1, NULL, 10));
}

static void tls_start(struct tls *t, const char *name)
{
	snprintf(t->dir, sizeof(t->dir), "/tmp/riverd-tls-XXXXXX");
	assert_non_null(mkdtemp(t->dir));
	snprintf(t->cert, sizeof(t->cert), "%s/cert.pem", t->dir);
	snprintf(t->key, sizeof(t->key), "%s/key.pem", t->dir);
	assert_int_equal(make_certificate(t, name), 0);
	start_server(t);
}

static void tls_stop(struct tls *t)
{
	kill(t->server, SIGKILL);
	waitpid(t->server, NULL, 0);
	unlink(t->cert);
	unlink(t->key);
	rmdir(t->dir);
}

static void on_done(struct http_call *r)
{
	++*(int *)r->ctx;
}

static void get(struct tls *t, const char *ca_file, struct http_call *r)
{
	struct http_options options = {.ca_file = ca_file};
	struct http_client *client;
	struct loop loop;
	int done = 0;
	struct err err;

	assert_int_equal(loop_init(&loop, &err), 0);
	client = http_client_new(&loop, &options, &err);
	*r = (struct http_call){
		.method = "GET", .url = t->url, .done = on_done, .ctx = &done, .timeout_ms = 5000};
	assert_int_equal(http_submit(client, r, &err), 0);
	fake_wait(&loop, &done, 1);
	http_client_free(client);
	assert_int_equal(loop_release(&loop, &err), 0);
	http_call_release(r);
}

static void a_certificate_is_accepted_only_from_the_authority_configured(void **state)
{
	struct http_call r;
	struct tls t;

	(void)state;
	tls_start(&t, "subjectAltName=IP:127.0.0.1");
	get(&t, t.cert, &r);
	assert_int_equal(r.result, HTTP_OK);
	assert_int_equal(r.status, 200);
	get(&t, NULL, &r); /* the system's authorities do not know it */
	assert_int_equal(r.result, HTTP_TLS);
	assert_int_equal(r.err.class, ERR_CONFIG);
	get(&t, "/nonexistent/ca.pem", &r);
	assert_int_equal(r.result, HTTP_TLS);
	tls_stop(&t);
}

static void a_certificate_for_another_host_is_refused(void **state)
{
	struct http_call r;
	struct tls t;

	(void)state;
	tls_start(&t, "subjectAltName=DNS:other.example");
	get(&t, t.cert, &r);
	assert_int_equal(r.result, HTTP_TLS);
	tls_stop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_certificate_is_accepted_only_from_the_authority_configured),
		cmocka_unit_test(a_certificate_for_another_host_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
