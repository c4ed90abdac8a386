#include "publish/metadata.h"

#include "base/crc32c.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

size_t metadata_format(const struct metadata *m, char out[METADATA_MAX])
{
	bool named = m->life[0] != '\0';
	int n = snprintf(out, METADATA_MAX,
			 "%s;%s;%s%s%" PRIu64 ";%" PRIu64 ";%" PRId64 ";%" PRId64 ";%" PRId64 ";",
			 named ? "2" : "1", m->uuid, m->life, named ? ";" : "", m->epoch, m->seq, m->consumed,
			 m->replay_from, m->watermark_ms);

	/* 2 + 33 + 17 + 2 * 21 + 3 * 21 + 8 < 200: always fits */
	n += snprintf(out + n, METADATA_MAX - (size_t)n, "%08" PRIx32,
		      crc32c(0, slice_make(out, (size_t)n - 1)));
	return (size_t)n;
}

/* The next field; `rest` moves behind its semicolon. */
static bool field(struct slice *rest, struct slice *out)
{
	const char *end = rest->len ? memchr(rest->data, ';', rest->len) : NULL;

	if (!end)
		return false;
	*out = slice_make(rest->data, (size_t)(end - rest->data));
	*rest = slice_make(end + 1, rest->len - out->len - 1);
	return true;
}

/* Digits only, no leading zero, no overflow. */
static bool unsigned_number(struct slice s, uint64_t *out)
{
	uint64_t n = 0;

	if (s.len == 0 || (s.len > 1 && s.data[0] == '0'))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		uint64_t digit = (uint64_t)(unsigned char)s.data[i] - '0';

		if (digit > 9 || n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

static bool signed_number(struct slice s, int64_t *out)
{
	bool negative = s.len > 0 && s.data[0] == '-';
	uint64_t n;

	if (!unsigned_number(negative ? slice_make(s.data + 1, s.len - 1) : s, &n))
		return false;
	if (n > (uint64_t)INT64_MAX + negative || (negative && n == 0))
		return false;
	*out = negative ? (int64_t)(0 - n) : (int64_t)n;
	return true;
}

static bool hex(struct slice s, size_t len)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return false;
	}
	return s.len == len;
}

static bool numbers(struct slice *rest, struct metadata *m)
{
	struct slice f;

	return field(rest, &f) && unsigned_number(f, &m->epoch) && field(rest, &f) &&
	       unsigned_number(f, &m->seq) && field(rest, &f) && signed_number(f, &m->consumed) &&
	       field(rest, &f) && signed_number(f, &m->replay_from) && field(rest, &f) &&
	       signed_number(f, &m->watermark_ms);
}

int metadata_parse(struct slice text, struct metadata *out)
{
	struct slice rest = text, f;
	struct metadata m = {0};
	char sum[9];
	bool named;

	if (text.len >= METADATA_MAX || !field(&rest, &f) || !(slice_is(f, "1") || slice_is(f, "2")))
		return -1;
	named = slice_is(f, "2");
	if (!field(&rest, &f) || !hex(f, METADATA_UUID))
		return -1;
	memcpy(m.uuid, f.data, METADATA_UUID);
	if (named && (!field(&rest, &f) || !hex(f, METADATA_LIFE)))
		return -1;
	if (named)
		memcpy(m.life, f.data, METADATA_LIFE);
	if (!numbers(&rest, &m) || !hex(rest, 8))
		return -1;
	snprintf(sum, sizeof(sum), "%08" PRIx32, crc32c(0, slice_make(text.data, text.len - 9)));
	if (!slice_is(rest, sum))
		return -1;
	*out = m;
	return 0;
}
