#include "wire/framing.h"

#include <stdio.h>

#define MAGIC_ID   0x00
#define MAGIC_GUID 0x01
#define ID_FRAME   5
#define GUID_FRAME 17

static const struct slice key_header = SLICE_LITERAL("__key_schema_id");
static const struct slice value_header = SLICE_LITERAL("__value_schema_id");

static uint8_t byte_at(struct slice s, size_t i)
{
	return (uint8_t)s.data[i];
}

static int32_t read_id(struct slice s)
{
	return (int32_t)((uint32_t)byte_at(s, 1) << 24 | (uint32_t)byte_at(s, 2) << 16 |
			 (uint32_t)byte_at(s, 3) << 8 | byte_at(s, 4));
}

/* Bytes used by the frame at the begin of `s`; 0 when there is none. */
static inline size_t read_frame(struct slice s, struct schema_ref *ref)
{
	*ref = (struct schema_ref){0};
	if (s.len >= ID_FRAME && byte_at(s, 0) == MAGIC_ID) {
		ref->id = read_id(s);
		return ID_FRAME;
	}
	if (s.len >= GUID_FRAME && byte_at(s, 0) == MAGIC_GUID) {
		ref->is_guid = true;
		memcpy(ref->guid, s.data + 1, sizeof(ref->guid));
		return GUID_FRAME;
	}
	return 0;
}

/* 1 when the header is there, 0 when not, -1 when it is cut or unknown. */
__attribute__((noinline)) static int read_header(const struct message *m, struct slice name,
						 struct framing *out, struct err *err)
{
	for (size_t i = m->header_count; i-- > 0;) {
		struct slice value = m->headers[i].value;

		if (value.len == 0 || !slice_equal(m->headers[i].name, name))
			continue;
		if (read_frame(value, &out->ref) != value.len)
			return err_set(err, ERR_POISON, POISON_FRAMING,
				       "header " SLICE_FMT " is no schema id", SLICE_ARG(name));
		out->has_schema = true;
		return 1;
	}
	return 0;
}

__attribute__((noinline)) static bool begins_json_object(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '{')
			return true;
		if (strchr(" \t\r\n", s.data[i]) == NULL || s.data[i] == '\0')
			return false;
	}
	return false;
}

int framing_of_value(const struct message *m, struct framing *out, struct err *err)
{
	size_t used;
	int found;

	*out = (struct framing){.body = m->value};
	if (m->header_count > 0) {
		found = read_header(m, value_header, out, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (m->value.len == 0)
		return err_set(err, ERR_POISON, POISON_FRAMING, "the value is empty");
	used = read_frame(m->value, &out->ref);
	if (used > 0) {
		out->has_schema = true;
		out->body = slice_make(m->value.data + used, m->value.len - used);
		return 0;
	}
	if (begins_json_object(m->value))
		return 0;
	return err_set(err, ERR_POISON, POISON_FRAMING,
		       "the value begins with byte 0x%02x: neither a schema id nor a JSON object",
		       byte_at(m->value, 0));
}

int framing_of_key(const struct message *m, struct framing *out, struct err *err)
{
	size_t used;
	int found;

	*out = (struct framing){.body = m->key};
	if (m->header_count > 0) {
		found = read_header(m, key_header, out, err);
		if (found != 0)
			return found < 0 ? -1 : 0;
	}
	if (m->key.len == 0)
		return err_set(err, ERR_POISON, POISON_FRAMING, "the key is empty");
	used = read_frame(m->key, &out->ref);
	if (used > 0 && (out->ref.is_guid || out->ref.id != 0)) {
		out->has_schema = true;
		out->body = slice_make(m->key.data + used, m->key.len - used);
	}
	return 0;
}

void framing_append(struct buf *b, int32_t schema_id)
{
	uint32_t id = (uint32_t)schema_id;
	uint8_t frame[ID_FRAME] = {MAGIC_ID, (uint8_t)(id >> 24), (uint8_t)(id >> 16), (uint8_t)(id >> 8),
				   (uint8_t)id};

	buf_append(b, frame, sizeof(frame));
}

void schema_ref_text(const struct schema_ref *ref, char out[SCHEMA_REF_TEXT])
{
	int n;

	if (!ref->is_guid) {
		snprintf(out, SCHEMA_REF_TEXT, "id %d", ref->id);
		return;
	}
	n = snprintf(out, SCHEMA_REF_TEXT, "guid ");
	for (size_t i = 0; i < sizeof(ref->guid); i++) {
		bool dash = i == 4 || i == 6 || i == 8 || i == 10;

		n += snprintf(out + n, SCHEMA_REF_TEXT - (size_t)n, "%s%02x", dash ? "-" : "", ref->guid[i]);
	}
}
