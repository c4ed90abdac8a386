#include "serve/http_private.h"

#include <stdlib.h>

/* Streams of server-sent events.
 *
 * Happy path. The handler's body becomes the first frame. MHD asks read_more()
 * for bytes until the frame is sent; then there is nothing, and the connection
 * is suspended: it costs a record in a list and no wake-up. publish() makes one
 * frame for all, gives it to every stream, and resumes those that wait.
 *
 * A client that is slow still sends its frame when the next one comes: `next`
 * is replaced, so that it goes on with the newest. A client that does not read
 * at all fills its socket; its deadline, set with each frame, then cuts it. One
 * that is gone is noticed with the frame after the next, when the kernel
 * answers the write with a reset.
 *
 * On close: MHD must not be stopped while a connection is suspended, so all are
 * resumed; read_more() then ends them. */

/* One event as it goes over the wire, shared by all streams that send it. */
struct frame {
	unsigned holders;
	size_t len;
	char data[];
};

struct http_stream {
	struct list link;
	struct http_server *server;
	struct MHD_Connection *connection;
	struct frame *frame, *next; /* being sent; to be sent then. Either may be NULL */
	size_t sent;		    /* bytes of `frame` */
	bool suspended, ended;
};

static struct frame *hold(struct frame *frame)
{
	if (frame != NULL)
		frame->holders++;
	return frame;
}

static void let_go(struct frame **frame)
{
	if (*frame != NULL && --(*frame)->holders == 0)
		free(*frame);
	*frame = NULL;
}

/* Held once, by the caller. NULL when out of memory. */
static struct frame *make_frame(struct slice data)
{
	static const char field[] = "data: ";
	struct frame *frame;
	size_t lines = 1;
	char *to;

	while (data.len > 0 && data.data[data.len - 1] == '\n')
		data.len--;
	for (size_t i = 0; i < data.len; i++)
		lines += data.data[i] == '\n';
	frame = malloc(sizeof(*frame) + data.len + lines * (sizeof(field) - 1) + 2);
	if (frame == NULL)
		return NULL;
	frame->holders = 1;
	to = mempcpy(frame->data, field, sizeof(field) - 1);
	for (size_t i = 0; i < data.len; i++) {
		*to++ = data.data[i];
		if (data.data[i] == '\n')
			to = mempcpy(to, field, sizeof(field) - 1);
	}
	*to++ = '\n';
	*to++ = '\n';
	frame->len = (size_t)(to - frame->data);
	return frame;
}

static void set_deadline(struct http_stream *stream, int64_t deadline_ms)
{
	struct http_connection *c = http_connection_of(stream->connection);

	if (c != NULL)
		c->deadline_ms = deadline_ms;
}

static int64_t now_ms(void)
{
	return (int64_t)(uv_hrtime() / 1000000);
}

/* MHD's MHD_ContentReaderCallback. */
static ssize_t read_more(void *cls, uint64_t pos, char *to, size_t max)
{
	struct http_stream *stream = cls;
	size_t n;

	(void)pos;
	if (stream->ended)
		return MHD_CONTENT_READER_END_OF_STREAM;
	if (stream->frame != NULL && stream->sent == stream->frame->len)
		let_go(&stream->frame);
	if (stream->frame == NULL) {
		stream->frame = stream->next;
		stream->next = NULL;
		stream->sent = 0;
		set_deadline(stream, now_ms() + stream->server->options.request_ms);
	}
	if (stream->frame == NULL) {
		stream->suspended = true;
		set_deadline(stream, INT64_MAX);
		MHD_suspend_connection(stream->connection);
		return 0;
	}
	n = stream->frame->len - stream->sent < max ? stream->frame->len - stream->sent : max;
	memcpy(to, stream->frame->data + stream->sent, n);
	stream->sent += n;
	return (ssize_t)n;
}

/* MHD's MHD_ContentReaderFreeCallback. */
static void closed(void *cls)
{
	struct http_stream *stream = cls;

	list_remove(&stream->link);
	stream->server->stats.streams--;
	let_go(&stream->frame);
	let_go(&stream->next);
	free(stream);
}

int http_stream_open(struct http_server *server, struct MHD_Connection *connection, struct slice event,
		     struct MHD_Response **out)
{
	struct http_stream *stream;

	if (server->stats.streams >= server->options.max_streams)
		return 503;
	stream = calloc(1, sizeof(*stream));
	if (stream == NULL)
		return 500;
	stream->server = server;
	stream->connection = connection;
	stream->next = make_frame(event);
	if (stream->next != NULL)
		*out = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 32 << 10, read_more, stream,
							 closed);
	if (*out == NULL) {
		let_go(&stream->next);
		free(stream);
		return 500;
	}
	list_append(&server->streams, &stream->link);
	server->stats.streams++;
	return 0;
}

static void wake(struct http_stream *stream)
{
	if (!stream->suspended)
		return;
	stream->suspended = false;
	MHD_resume_connection(stream->connection);
}

void http_server_publish(struct http_server *server, struct slice data)
{
	struct frame *frame;
	struct list *it, *tmp;

	if (server->stats.streams == 0)
		return;
	frame = make_frame(data);
	if (frame == NULL)
		return; /* there will be another one */
	LIST_EACH_SAFE(it, tmp, &server->streams)
	{
		struct http_stream *stream = LIST_ENTRY(it, struct http_stream, link);

		let_go(&stream->next);
		stream->next = hold(frame);
		wake(stream);
	}
	let_go(&frame);
	http_server_run(server);
}

void http_stream_end_all(struct http_server *server)
{
	struct list *it, *tmp;

	LIST_EACH_SAFE(it, tmp, &server->streams)
	{
		struct http_stream *stream = LIST_ENTRY(it, struct http_stream, link);

		stream->ended = true;
		wake(stream);
	}
}
