/* This machine: the place of the state and the address of the page. */

#include "async/loop.h"
#include "daemon/check_online.h"
#include "daemon/listen.h"
#include "serve/http_server.h"
#include "store/database.h"

#include <errno.h>
#include <string.h>

#define SYSTEMD_STATE "/var/lib/riverd/"

/* Whether another process uses the state: then it is most likely the riverd
 * that this configuration belongs to. */
static bool check_state(const struct settings *s, struct check_report *r)
{
	char what[64];
	struct err err;

	snprintf(what, sizeof(what), "state %.57s", s->state_path);
	if (database_probe(s->state_path, &err) == 0) {
		check_row(r, CHECK_OK, what, "can be written and is not in use");
		return false;
	}
	if (err.class == ERR_REFUSED && err.code == EWOULDBLOCK) {
		check_row(r, CHECK_WARN, what, "%s", err.text);
		return true;
	}
	if (err.code == ENOENT && strncmp(s->state_path, SYSTEMD_STATE, strlen(SYSTEMD_STATE)) == 0)
		check_row(r, CHECK_WARN, what,
			  "%s; systemd makes it (StateDirectory=), otherwise: mkdir -m 700 %s", err.text,
			  SYSTEMD_STATE);
	else
		check_row_err(r, what, &err, NULL);
	return false;
}

static int try_listen(const struct settings *s, struct err *err)
{
	struct http_server_options options;
	struct http_server *server;
	char host[64];
	struct loop loop;
	struct err late;

	http_server_defaults(&options);
	if (listen_parse(s->http_listen, host, sizeof(host), &options.port, err) != 0)
		return -1;
	options.address = host;
	options.allow_remote = s->http_allow_remote;
	if (loop_init(&loop, err) != 0)
		return -1;
	server = http_server_new(&loop.uv, &options, err);
	http_server_close(server, NULL, NULL);
	loop_run(&loop);
	loop_release(&loop, &late);
	return server != NULL ? 0 : -1;
}

void check_online_local(const struct settings *s, struct check_report *r)
{
	bool running = check_state(s, r);
	char what[64];
	struct err err;

	snprintf(what, sizeof(what), "listen %.56s", s->http_listen);
	if (try_listen(s, &err) == 0)
		check_row(r, CHECK_OK, what, "is free");
	else if (running && err.code == EADDRINUSE)
		check_row(r, CHECK_WARN, what, "in use, as is to be expected while riverd runs");
	else
		check_row_err(r, what, &err, err.code == EADDRINUSE ? "choose another http.listen" : NULL);
}
