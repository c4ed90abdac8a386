#include "conf/manual.h"

#include "conf/describe.h"

#include <ctype.h>
#include <stdlib.h>

void manual_text(struct buf *out, const char *text)
{
	bool line_begins = true;

	for (; *text != '\0'; text++) {
		if (line_begins && (*text == '.' || *text == '\''))
			buf_str(out, "\\&");
		line_begins = *text == '\n';
		switch (*text) {
		case '\\': buf_str(out, "\\e"); break;
		case '-': buf_str(out, "\\-"); break;
		case '\'': buf_str(out, "\\(aq"); break;
		case '`': buf_str(out, "\\(ga"); break;
		case '^': buf_str(out, "\\(ha"); break;
		case '~': buf_str(out, "\\(ti"); break;
		default: buf_byte(out, (uint8_t)*text);
		}
	}
}

/* A heading, in capitals as the others of the page. */
static void heading(struct buf *out, const char *text)
{
	buf_str(out, ".SH \"");
	for (; *text != '\0'; text++)
		buf_byte(out, (uint8_t)toupper((unsigned char)*text));
	buf_str(out, "\"\n");
}

/* librdkafka's own properties have no variable of ours worth a line each. */
static void setting(const struct conf_table *t, const struct conf_row *row, struct buf *out)
{
	char *variable = conf_env_name(t, row->key);
	struct buf facts;

	buf_init(&facts, 2000);
	conf_describe_facts(row, &facts);
	buf_str(out, ".TP\n.B ");
	manual_text(out, row->key);
	buf_str(out, "\n");
	manual_text(out, row->help);
	buf_str(out, "\n.br\n.I ");
	manual_text(out, buf_cstr(&facts));
	buf_printf(out, "\n.br\n%s\n", variable != NULL ? variable : "");
	buf_release(&facts);
	free(variable);
}

void manual_settings(const struct conf_table *t, struct buf *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		if (t->rows[i].type == CONF_SECTION)
			heading(out, t->rows[i].help);
		else
			setting(t, &t->rows[i], out);
	}
	heading(out, "Keys that are passed on");
	for (size_t i = 0; i < t->prefix_count; i++) {
		buf_str(out, ".TP\n.B ");
		manual_text(out, t->prefixes[i].prefix);
		buf_str(out, "*\n");
		manual_text(out, t->prefixes[i].help);
		buf_str(out, "\n");
	}
}
