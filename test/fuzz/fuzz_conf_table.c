/* Settings as an operator writes them, against a table with a row of every type:
 * read, applied, explained, and never a secret in what is shown. The input is
 * lines "key=value" as on the command line. */

#include "conf/describe.h"
#include "conf/table.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LINES 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct values {
	char *string, *secret, *path, *url, *address;
	bool yes;
	int64_t number, duration, bytes;
	double real;
	int choice;
	struct conf_list list, urls;
};

#define AT(m) offsetof(struct values, m)
static const char *const choices[] = {"red", "green", NULL};
static const struct conf_row rows[] = {
	{.type = CONF_SECTION, .help = "All"},
	{.key = "s", .type = CONF_STRING, .offset = AT(string), .def = "x", .help = "h"},
	{.key = "secret", .type = CONF_SECRET, .offset = AT(secret), .def = "", .help = "h"},
	{.key = "p", .type = CONF_PATH, .offset = AT(path), .def = "", .help = "h"},
	{.key = "u", .type = CONF_URL, .offset = AT(url), .def = "", .help = "h"},
	{.key = "a", .type = CONF_ADDRESS, .offset = AT(address), .def = "", .help = "h"},
	{.key = "b", .type = CONF_BOOL, .offset = AT(yes), .def = "false", .help = "h"},
	{.key = "i", .type = CONF_INT, .offset = AT(number), .def = "1", .min = 1, .max = 9, .help = "h"},
	{.key = "d", .type = CONF_DURATION, .offset = AT(duration), .def = "1s", .help = "h"},
	{.key = "y", .type = CONF_BYTES, .offset = AT(bytes), .def = "1KiB", .help = "h"},
	{.key = "r", .type = CONF_NUMBER, .offset = AT(real), .def = "", .help = "h"},
	{.key = "e", .type = CONF_ENUM, .offset = AT(choice), .def = "red", .choices = choices, .help = "h"},
	{.key = "l", .type = CONF_LIST, .offset = AT(list), .def = "", .help = "h"},
	{.key = "us", .type = CONF_URLS, .offset = AT(urls), .def = "", .help = "h"},
};
static const struct conf_prefix prefixes[] = {{"other.", "Kept.", NULL}};
static const struct conf_table table = {.program = "fuzz",
					.env_prefix = "FUZZ_",
					.rows = rows,
					.row_count = sizeof(rows) / sizeof(rows[0]),
					.prefixes = prefixes,
					.prefix_count = 1};

static const char *no_env(void *ctx, const char *name)
{
	(void)ctx;
	return name[0] == 'A' ? "a value" : NULL;
}

static int no_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	(void)ctx;
	(void)out;
	return err_set(err, ERR_CONFIG, 0, "%s: no such file", path);
}

static void explain(const struct conf *c, const struct values *v)
{
	struct buf out;

	buf_init(&out, 1 << 20);
	conf_describe_effective(&table, c, &out);
	/* Long enough not to be part of anything else. */
	if (v->secret != NULL && strlen(v->secret) > 20 && strstr(buf_cstr(&out), v->secret) != NULL &&
	    (v->string == NULL || strstr(v->string, v->secret) == NULL) && c->count == 1)
		abort();
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *lines[MAX_LINES];
	char *text = malloc(size + 1), *save = NULL;
	struct conf_sources sources = {.options = lines, .port = {no_env, no_file, NULL}};
	struct conf_problems problems;
	struct values values = {0};
	struct conf c;

	memcpy(text, data, size);
	text[size] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line != NULL && sources.option_count < MAX_LINES;
	     line = strtok_r(NULL, "\n", &save))
		lines[sources.option_count++] = line;
	conf_init(&c);
	conf_problems_init(&problems);
	conf_read(&c, &table, &sources, &problems);
	if (conf_apply(&c, &table, &values, &problems) == 0) {
		if (values.number < 1 || values.number > 9 || values.choice < 0 || values.choice > 1)
			abort();
		explain(&c, &values);
	} else if (problems.errors.len == 0) {
		abort(); /* wrong, and nobody says why */
	}
	conf_values_release(&table, &values);
	conf_problems_release(&problems);
	conf_release(&c);
	free(text);
	return 0;
}
