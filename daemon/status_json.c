#include "daemon/status_json.h"

#include <inttypes.h>
#include <math.h>

void json_key(struct json *j, const char *name)
{
	buf_printf(j->out, "%s\"%s\":", j->first ? "" : ",", name);
	j->first = false;
}

void json_object(struct json *j)
{
	buf_str(j->out, j->first ? "{" : ",{");
	j->first = true;
}

void json_open(struct json *j, const char *name, char bracket)
{
	json_key(j, name);
	buf_byte(j->out, (uint8_t)bracket);
	j->first = true;
}

void json_close(struct json *j, char bracket)
{
	buf_byte(j->out, (uint8_t)bracket);
	j->first = false;
}

void json_slice(struct json *j, const char *name, struct slice s)
{
	json_key(j, name);
	buf_json_string(j->out, s);
}

void json_text(struct json *j, const char *name, const char *text)
{
	json_slice(j, name, slice_str(text));
}

void json_bool(struct json *j, const char *name, bool value)
{
	json_key(j, name);
	buf_str(j->out, value ? "true" : "false");
}

void json_count(struct json *j, const char *name, uint64_t value)
{
	json_key(j, name);
	buf_printf(j->out, "%" PRIu64, value);
}

void json_number(struct json *j, const char *name, int64_t value, int64_t lowest)
{
	json_key(j, name);
	if (value < lowest)
		buf_str(j->out, "null");
	else
		buf_printf(j->out, "%" PRId64, value);
}

void json_size(struct json *j, const char *name, int64_t value)
{
	json_number(j, name, value, 0);
}

void json_time(struct json *j, const char *name, int64_t ms)
{
	json_number(j, name, ms, METRICS_NO_TIME + 1);
}

void json_real(struct json *j, const char *name, double value)
{
	json_key(j, name);
	if (isfinite(value))
		buf_printf(j->out, "%.3f", value);
	else
		buf_str(j->out, "null");
}

void json_quantiles(struct json *j, const char *p50, const char *p99, const struct histogram *h)
{
	json_real(j, p50, histogram_quantile(h, 0.5) * 1000);
	json_real(j, p99, histogram_quantile(h, 0.99) * 1000);
}

void json_named(struct json *j, const char *name, const char *label, uint64_t count)
{
	json_object(j);
	json_text(j, "name", name);
	json_text(j, "label", label);
	json_count(j, "count", count);
	json_close(j, '}');
}
