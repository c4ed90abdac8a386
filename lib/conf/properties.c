#include "conf/properties.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static struct slice trim(struct slice s)
{
	while (s.len > 0 && is_blank(s.data[0])) {
		s.data++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.data[s.len - 1]))
		s.len--;
	return s;
}

static bool key_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
	       c == '_' || c == '-';
}

void properties_init(struct properties *p)
{
	*p = (struct properties){0};
}

static void wipe_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text)); /* it may be a password */
	free(text);
}

void properties_release(struct properties *p)
{
	for (size_t i = 0; i < p->count; i++) {
		free(p->items[i].key);
		wipe_free(p->items[i].value);
	}
	free(p->items);
	free(p->name);
	properties_init(p);
}

const struct property *properties_get(const struct properties *p, const char *key)
{
	for (size_t i = 0; i < p->count; i++) {
		if (strcmp(p->items[i].key, key) == 0)
			return &p->items[i];
	}
	return NULL;
}

static int out_of_memory(struct err *err)
{
	return err_set(err, ERR_FATAL, ENOMEM, "out of memory");
}

/* Where the reader is. */
struct reader {
	struct properties *p;
	struct slice rest;
	int line; /* of the line last cut off, from 1 */
};

/* The next line without its end. */
static bool next_line(struct reader *r, struct slice *line)
{
	const char *end;

	if (r->rest.len == 0)
		return false;
	end = memchr(r->rest.data, '\n', r->rest.len);
	*line = slice_make(r->rest.data, end ? (size_t)(end - r->rest.data) : r->rest.len);
	r->rest.data += line->len + (end != NULL);
	r->rest.len -= line->len + (end != NULL);
	if (line->len > 0 && line->data[line->len - 1] == '\r')
		line->len--;
	r->line++;
	return true;
}

static int check_characters(const struct reader *r, struct slice line, struct err *err)
{
	if (!utf8_valid(line))
		return err_set(err, ERR_CONFIG, 0, "%s:%d: not UTF-8", r->p->name, r->line);
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.data[i];

		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return err_set(err, ERR_CONFIG, 0, "%s:%d: control character 0x%02x", r->p->name,
				       r->line, c);
	}
	return 0;
}

/* Appends a line to the value; true in *more when it goes on in the next. A
 * pair of backslashes at the end stands for one. */
static void append_line(struct buf *value, struct slice line, bool *more)
{
	size_t slashes = 0;

	while (slashes < line.len && line.data[line.len - 1 - slashes] == '\\')
		slashes++;
	*more = slashes % 2 == 1;
	line.len -= slashes - slashes / 2;
	buf_slice(value, line);
}

static int add(struct properties *p, struct slice key, struct slice value, int line, struct err *err)
{
	const struct property *same;
	struct property *item;

	if (p->count == p->capacity) {
		size_t more = p->capacity ? p->capacity * 2 : 32;
		struct property *grown = realloc(p->items, more * sizeof(*grown));

		if (grown == NULL)
			return out_of_memory(err);
		p->items = grown;
		p->capacity = more;
	}
	item = &p->items[p->count];
	*item = (struct property){slice_dup(key), slice_dup(value), line, false};
	if (item->key == NULL || item->value == NULL) {
		free(item->key);
		wipe_free(item->value);
		return out_of_memory(err);
	}
	same = properties_get(p, item->key);
	p->count++;
	if (same != NULL)
		return err_set(err, ERR_CONFIG, 0, "%s:%d: %s: set before in line %d", p->name, line,
			       item->key, same->line);
	return 0;
}

/* The key before the `=`, checked. */
static int cut_key(const struct reader *r, struct slice line, struct slice *key, struct slice *rest,
		   struct err *err)
{
	const char *equals = line.len > 0 ? memchr(line.data, '=', line.len) : NULL;

	if (equals == NULL)
		return err_set(err, ERR_CONFIG, 0, "%s:%d: \"%.*s\": key = value expected", r->p->name,
			       r->line, (int)utf8_prefix(line, 40).len, line.data);
	*key = trim(slice_make(line.data, (size_t)(equals - line.data)));
	*rest = slice_make(equals + 1, line.len - (size_t)(equals - line.data) - 1);
	if (key->len == 0)
		return err_set(err, ERR_CONFIG, 0, "%s:%d: there is no key before the =", r->p->name,
			       r->line);
	if (key->len > PROPERTIES_MAX_KEY)
		return err_set(err, ERR_CONFIG, 0, "%s:%d: a key of more than %d bytes", r->p->name, r->line,
			       PROPERTIES_MAX_KEY);
	for (size_t i = 0; i < key->len; i++) {
		if (!key_char(key->data[i]))
			return err_set(err, ERR_CONFIG, 0,
				       "%s:%d: \"" SLICE_FMT
				       "\": keys are made of letters, digits, '.', '_' and '-'",
				       r->p->name, r->line, SLICE_ARG(*key));
	}
	return 0;
}

/* `line` is the first one of an entry. */
static int parse_entry(struct reader *r, struct slice line, struct buf *value, struct err *err)
{
	struct slice key, rest;
	int first = r->line;
	bool more;

	if (cut_key(r, line, &key, &rest, err))
		return -1;
	buf_clear(value);
	/* Blanks before a backslash count, those at the end of a last line do not. */
	append_line(value, trim(rest), &more);
	while (more) {
		if (!next_line(r, &line))
			return err_set(err, ERR_CONFIG, 0,
				       "%s:%d: " SLICE_FMT ": goes on in the next line, but the file ends",
				       r->p->name, r->line, SLICE_ARG(key));
		if (check_characters(r, line, err))
			return -1;
		append_line(value, trim(line), &more);
	}
	if (buf_failed(value))
		return out_of_memory(err);
	return add(r->p, key, buf_view(value), first, err);
}

int properties_parse(struct properties *p, const char *name, struct slice text, struct err *err)
{
	struct reader r = {.p = p, .rest = text};
	struct slice line;
	struct buf value;
	int result = 0;

	p->name = slice_dup(slice_str(name));
	if (p->name == NULL)
		return out_of_memory(err);
	if (text.len > PROPERTIES_MAX_BYTES)
		return err_set(err, ERR_CONFIG, 0, "%s: larger than %d bytes", name, PROPERTIES_MAX_BYTES);
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		r.rest = slice_make(text.data + 3, text.len - 3);
	buf_init(&value, PROPERTIES_MAX_BYTES);
	while (result == 0 && next_line(&r, &line)) {
		result = check_characters(&r, line, err);
		if (result != 0)
			break;
		line = trim(line);
		if (line.len > 0 && line.data[0] != '#' && line.data[0] != '!')
			result = parse_entry(&r, line, &value, err);
	}
	if (value.data != NULL)
		explicit_bzero(value.data, value.cap);
	buf_release(&value);
	return result;
}

static int read_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* not to hang on a FIFO */
	struct stat st;
	char *to;
	ssize_t n;

	(void)ctx;
	if (fd < 0)
		return err_set(err, ERR_CONFIG, errno, "%s: %s", path, strerror(errno));
	if (fstat(fd, &st) != 0 || S_ISDIR(st.st_mode)) {
		close(fd);
		return err_set(err, ERR_CONFIG, 0, "%s: not a file", path);
	}
	for (;;) {
		to = buf_reserve(out, 4096);
		n = to == NULL ? -1 : read(fd, to, 4096);
		if (n <= 0)
			break;
		out->len += (size_t)n;
	}
	if (n < 0)
		err_set(err, ERR_CONFIG, errno, "%s: %s", path, to == NULL ? "too large" : strerror(errno));
	close(fd);
	return n < 0 ? -1 : 0;
}

static const char *read_env(void *ctx, const char *name)
{
	(void)ctx;
	return getenv(name);
}

struct properties_port properties_port_system(void)
{
	return (struct properties_port){.env = read_env, .file = read_file};
}

int properties_load(struct properties *p, const char *path, struct err *err)
{
	struct buf text;
	int result;

	buf_init(&text, PROPERTIES_MAX_BYTES + 4096);
	result = read_file(NULL, path, &text, err);
	if (result == 0)
		result = properties_parse(p, path, buf_view(&text), err);
	if (text.data != NULL)
		explicit_bzero(text.data, text.cap);
	buf_release(&text);
	return result;
}
