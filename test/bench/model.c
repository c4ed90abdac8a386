/* A model that costs next to nothing: OpenAI's chat completions with one answer for all.
 *
 *   bench_model SENTENCE      prints "PORT n", then serves until it is killed
 *
 * POST anything: the sentence. GET /stats: {"calls": n}. GET of another path: "ok", which
 * makes it the yardstick of how fast this machine answers a request at all. */

#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct model {
	unsigned long calls;
	char answer[1024];
};

static enum MHD_Result send_text(struct MHD_Connection *connection, const char *text)
{
	struct MHD_Response *response =
		MHD_create_response_from_buffer(strlen(text), (void *)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	MHD_add_response_header(response, "Content-Type", "application/json");
	rc = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result handle(void *ctx, struct MHD_Connection *connection, const char *url,
			      const char *method, const char *version, const char *upload,
			      size_t *upload_size, void **request)
{
	struct model *m = ctx;
	char text[64];

	(void)version;
	(void)upload;
	if (*request == NULL) {
		*request = m;
		return MHD_YES;
	}
	if (*upload_size > 0) {
		*upload_size = 0;
		return MHD_YES;
	}
	if (strcmp(method, "POST") == 0) {
		m->calls++;
		return send_text(connection, m->answer);
	}
	if (strcmp(url, "/stats") != 0)
		return send_text(connection, "ok");
	snprintf(text, sizeof(text), "{\"calls\": %lu}", m->calls);
	return send_text(connection, text);
}

int main(int argc, char **argv)
{
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *daemon;
	struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct model m = {0};

	if (argc != 2)
		return 64;
	snprintf(m.answer, sizeof(m.answer),
		 "{\"id\": \"x\", \"object\": \"chat.completion\", \"created\": 0, \"model\": \"bench\", "
		 "\"choices\": [{\"index\": 0, \"finish_reason\": \"stop\", \"logprobs\": null, \"message\": "
		 "{\"role\": \"assistant\", \"content\": \"%s\", \"refusal\": null}}], \"usage\": "
		 "{\"prompt_tokens\": 10, \"completion_tokens\": 10, \"total_tokens\": 20}}",
		 argv[1]);
	daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, handle, &m,
				  MHD_OPTION_LISTEN_BACKLOG_SIZE, 256u, MHD_OPTION_CONNECTION_TIMEOUT, 120u,
				  MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&loopback, MHD_OPTION_END);
	info = daemon != NULL ? MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT) : NULL;
	if (info == NULL) {
		fprintf(stderr, "bench_model: cannot listen\n");
		return 1;
	}
	printf("PORT %u\n", (unsigned)info->port);
	fflush(stdout);
	for (;;)
		pause();
}
