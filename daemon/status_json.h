#ifndef RIVERD_STATUS_JSON_H
#define RIVERD_STATUS_JSON_H

/* What the files that write /status share: members in order, and the two parts
 * that are written in status_flow.c. Nobody else includes it. */

#include "daemon/status.h"
#include "serve/metrics.h"

struct json {
	struct buf *out;
	bool first; /* no comma is due */
};

void json_key(struct json *j, const char *name);
void json_object(struct json *j); /* an element of an array */
void json_open(struct json *j, const char *name, char bracket);
void json_close(struct json *j, char bracket);
void json_slice(struct json *j, const char *name, struct slice s);
void json_text(struct json *j, const char *name, const char *text);
void json_bool(struct json *j, const char *name, bool value);
void json_count(struct json *j, const char *name, uint64_t value);
/* null below the lowest meaningful value */
void json_number(struct json *j, const char *name, int64_t value, int64_t lowest);
void json_size(struct json *j, const char *name, int64_t value);
void json_time(struct json *j, const char *name, int64_t ms);
void json_real(struct json *j, const char *name, double value);
/* Two quantiles in milliseconds. */
void json_quantiles(struct json *j, const char *p50, const char *p99, const struct histogram *h);
/* {"name":..,"label":..,"count":n} */
void json_named(struct json *j, const char *name, const char *label, uint64_t count);

/* status_flow.c: "flow", "waiting" and "kept". */
void status_flow(struct json *j, const struct metrics_snapshot *s);

/* status_flow.c: the partition that the join's watermark follows, or -1. */
int status_slowest(const struct metrics_snapshot *s);

#endif
