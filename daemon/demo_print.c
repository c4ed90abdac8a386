#include "demo_print.h"

#include "base/buf.h"
#include "base/clock.h"
#include "demo_line.h"
#include "registry_post.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PARTITIONS_MAX 256
#define SCHEMAS_MAX    8
#define FINISH_MS      30000

/* Schemas met so far: one, unless the output evolves while the demo runs. */
struct known_schema {
	int32_t id;
	avro_schema_t schema;
	avro_value_iface_t *iface;
};

struct collected {
	int64_t time_ms;
	char *email, *hotel_id, *json;
};

struct demo_print {
	rd_kafka_t *rk;
	char *registry_url, *topic;
	FILE *out;
	bool sorted_json;
	struct demo_line_style style;
	int partitions;
	int64_t ends[PARTITIONS_MAX]; /* the last end of partition that was reported; -1: none yet */
	struct known_schema schemas[SCHEMAS_MAX];
	size_t schema_count, read;
	struct collected *lines;
	size_t line_count;
	struct buf line;
};

static rd_kafka_t *consumer_new(const char *brokers, struct err *err)
{
	static const char *const settings[][2] = {
		{"group.id", "riverd-demo-print"},
		{"enable.auto.commit", "false"},
		{"isolation.level", "read_committed"},
		{"enable.partition.eof", "true"},
		{"auto.offset.reset", "earliest"},
		{"fetch.wait.max.ms", "50"},
		{"log_level", "2"},
		{"client.id", "riverd-demo-print"},
	};
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char text[256];
	rd_kafka_t *rk;

	rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		rd_kafka_conf_set(conf, settings[i][0], settings[i][1], NULL, 0);
	rk = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof(text));
	if (rk == NULL) {
		rd_kafka_conf_destroy(conf);
		err_set(err, ERR_FATAL, 0, "consumer: %s", text);
		return NULL;
	}
	rd_kafka_poll_set_consumer(rk);
	return rk;
}

/* Every partition from its beginning; no group. */
static int assign_all(struct demo_print *p, struct err *err)
{
	const struct rd_kafka_metadata *metadata = NULL;
	rd_kafka_topic_t *topic = rd_kafka_topic_new(p->rk, p->topic, NULL);
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_resp_err_t rc = rd_kafka_metadata(p->rk, 0, topic, &metadata, 10000);

	rd_kafka_topic_destroy(topic);
	if (rc == RD_KAFKA_RESP_ERR_NO_ERROR) {
		p->partitions = metadata->topics[0].partition_cnt;
		rc = metadata->topics[0].err;
		rd_kafka_metadata_destroy(metadata);
	}
	if (rc != RD_KAFKA_RESP_ERR_NO_ERROR || p->partitions < 1 || p->partitions > PARTITIONS_MAX)
		return err_set(err, ERR_RETRY, rc, "%s: %s", p->topic, rd_kafka_err2str(rc));
	list = rd_kafka_topic_partition_list_new(p->partitions);
	for (int i = 0; i < p->partitions; i++) {
		rd_kafka_topic_partition_list_add(list, p->topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
		p->ends[i] = -1;
	}
	rc = rd_kafka_assign(p->rk, list);
	rd_kafka_topic_partition_list_destroy(list);
	return rc == RD_KAFKA_RESP_ERR_NO_ERROR
		       ? 0
		       : err_set(err, ERR_FATAL, rc, "assign: %s", rd_kafka_err2str(rc));
}

static void look_at_terminal(struct demo_print *p)
{
	struct winsize size;
	int fd = fileno(p->out);

	if (fd < 0 || !isatty(fd))
		return;
	p->style.colour = getenv("NO_COLOR") == NULL;
	if (ioctl(fd, TIOCGWINSZ, &size) == 0)
		p->style.columns = size.ws_col;
}

struct demo_print *demo_print_new(const struct demo_print_options *options, struct err *err)
{
	struct demo_print *p = calloc(1, sizeof(*p));

	if (p == NULL)
		abort();
	p->out = options->out;
	p->sorted_json = options->sorted_json;
	p->registry_url = slice_dup(slice_str(options->registry_url));
	p->topic = slice_dup(slice_str(options->topic));
	buf_init(&p->line, 8u << 20);
	look_at_terminal(p);
	p->rk = consumer_new(options->brokers, err);
	if (p->rk == NULL || assign_all(p, err) != 0) {
		demo_print_free(p);
		return NULL;
	}
	return p;
}

void demo_print_free(struct demo_print *p)
{
	if (p == NULL)
		return;
	if (p->rk != NULL)
		rd_kafka_destroy(p->rk);
	for (size_t i = 0; i < p->schema_count; i++) {
		avro_value_iface_decref(p->schemas[i].iface);
		avro_schema_decref(p->schemas[i].schema);
	}
	for (size_t i = 0; i < p->line_count; i++) {
		free(p->lines[i].email);
		free(p->lines[i].hotel_id);
		free(p->lines[i].json);
	}
	free(p->lines);
	free(p->registry_url);
	free(p->topic);
	buf_release(&p->line);
	free(p);
}

static const struct known_schema *schema_of(struct demo_print *p, int32_t id, struct err *err)
{
	struct known_schema *k = &p->schemas[p->schema_count];
	struct buf text;
	int rc;

	for (size_t i = 0; i < p->schema_count; i++) {
		if (p->schemas[i].id == id)
			return &p->schemas[i];
	}
	if (p->schema_count == SCHEMAS_MAX) {
		err_set(err, ERR_FATAL, 0, "more than %d schemas in %s", SCHEMAS_MAX, p->topic);
		return NULL;
	}
	buf_init(&text, 1 << 20);
	rc = registry_get_schema(p->registry_url, id, &text, err);
	if (rc == 0 && avro_schema_from_json_length(text.data, text.len, &k->schema) != 0)
		rc = err_set(err, ERR_FATAL, 0, "schema %d: %s", id, avro_strerror());
	buf_release(&text);
	if (rc != 0)
		return NULL;
	k->id = id;
	k->iface = avro_generic_class_from_schema(k->schema);
	p->schema_count++;
	return k;
}

static char *text_of(avro_value_t *record, const char *field)
{
	const char *text = "";
	avro_value_t value;
	size_t size = 1;

	if (avro_value_get_by_name(record, field, &value, NULL) == 0) {
		if (avro_value_get_type(&value) == AVRO_UNION)
			avro_value_get_current_branch(&value, &value);
		if (avro_value_get_type(&value) == AVRO_STRING)
			avro_value_get_string(&value, &text, &size);
	}
	return slice_dup(slice_make(text, size - 1));
}

static void collect(struct demo_print *p, avro_value_t *record, const struct demo_target *t)
{
	struct collected *line;

	if ((p->line_count & (p->line_count - 1)) == 0) { /* full at powers of two */
		size_t capacity = p->line_count ? 2 * p->line_count : 1;

		p->lines = realloc(p->lines, capacity * sizeof(*p->lines));
		if (p->lines == NULL)
			abort();
	}
	line = &p->lines[p->line_count++];
	line->time_ms = t->activity_time_ms;
	line->email = text_of(record, "CUSTOMER_EMAIL");
	line->hotel_id = text_of(record, "HOTEL_ID");
	demo_line_json(record, &p->line);
	line->json = slice_dup(buf_view(&p->line));
}

static void show(struct demo_print *p, avro_value_t *record)
{
	struct demo_target t;

	buf_clear(&p->line);
	demo_target_read(record, &t);
	if (p->sorted_json) {
		collect(p, record, &t);
		return;
	}
	demo_line_text(&t, &p->style, &p->line);
	fwrite(p->line.data, 1, p->line.len, p->out);
	fflush(p->out);
}

static int print_message(struct demo_print *p, const rd_kafka_message_t *m, struct err *err)
{
	const uint8_t *bytes = m->payload;
	const struct known_schema *k;
	avro_reader_t reader;
	avro_value_t record;
	int rc;

	if (m->len < 5 || bytes[0] != 0)
		return err_set(err, ERR_FATAL, 0, "%s [%d] at %lld is not framed", p->topic, m->partition,
			       (long long)m->offset);
	k = schema_of(p,
		      (int32_t)((uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 |
				(uint32_t)bytes[3] << 8 | bytes[4]),
		      err);
	if (k == NULL)
		return -1;
	avro_generic_value_new(k->iface, &record);
	reader = avro_reader_memory((const char *)bytes + 5, (int64_t)m->len - 5);
	rc = avro_value_read(reader, &record);
	avro_reader_free(reader);
	if (rc == 0)
		show(p, &record);
	else
		rc = err_set(err, ERR_FATAL, 0, "%s [%d] at %lld: %s", p->topic, m->partition,
			     (long long)m->offset, avro_strerror());
	avro_value_decref(&record);
	p->read += rc == 0;
	return rc;
}

int demo_print_poll(struct demo_print *p, int timeout_ms, struct err *err)
{
	rd_kafka_message_t *m;
	int count = 0;

	while ((m = rd_kafka_consumer_poll(p->rk, count == 0 ? timeout_ms : 0)) != NULL) {
		int rc = 0;

		if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
			p->ends[m->partition] = m->offset;
		else if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			rc = print_message(p, m, err);
		/* other errors are librdkafka's to mend */
		if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			count++;
		rd_kafka_message_destroy(m);
		if (rc != 0)
			return -1;
	}
	return count;
}

static int by_time_email_hotel(const void *a, const void *b)
{
	const struct collected *x = a, *y = b;
	int c = (x->time_ms > y->time_ms) - (x->time_ms < y->time_ms);

	if (c == 0)
		c = strcmp(x->email, y->email);
	return c != 0 ? c : strcmp(x->hotel_id, y->hotel_id);
}

int demo_print_finish(struct demo_print *p, struct err *err)
{
	struct clock clock = clock_system();
	int64_t until = clock_mono_ms(&clock) + FINISH_MS;

	for (int i = 0; i < p->partitions; i++) {
		int64_t low, high;
		rd_kafka_resp_err_t rc =
			rd_kafka_query_watermark_offsets(p->rk, p->topic, i, &low, &high, 10000);

		if (rc != RD_KAFKA_RESP_ERR_NO_ERROR)
			return err_set(err, ERR_RETRY, rc, "%s: %s", p->topic, rd_kafka_err2str(rc));
		while (p->ends[i] < high) {
			if (demo_print_poll(p, 100, err) < 0)
				return -1;
			if (clock_mono_ms(&clock) > until)
				return err_set(err, ERR_RETRY, 0, "%s [%d] cannot be read to its end",
					       p->topic, i);
		}
	}
	if (p->line_count > 1)
		qsort(p->lines, p->line_count, sizeof(*p->lines), by_time_email_hotel);
	for (size_t i = 0; i < p->line_count; i++)
		fprintf(p->out, "%s\n", p->lines[i].json);
	fflush(p->out);
	return 0;
}

size_t demo_print_count(const struct demo_print *p)
{
	return p->read;
}
