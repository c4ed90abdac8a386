/* The manual and the completion, made from the tables. */

#include "conf/manual.h"
#include "daemon/cli_internal.h"
#include "daemon/manual.h"
#include "daemon/settings.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <string.h>

static void page(struct buf *out, const char *name)
{
	buf_init(out, 1 << 20);
	assert_int_equal(manual_write(name, out), 0);
}

static void assert_has(struct buf *text, const char *expected)
{
	if (strstr(buf_cstr(text), expected) == NULL)
		fail_msg("not there: %s", expected);
}

/* "a-b" as manual_text writes it */
static void assert_has_escaped(struct buf *text, const char *before, const char *word)
{
	struct buf escaped;

	buf_init(&escaped, 10000);
	buf_str(&escaped, before);
	manual_text(&escaped, word);
	assert_has(text, buf_cstr(&escaped));
	buf_release(&escaped);
}

static void text_is_shown_as_it_is(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	manual_text(&out, ".not a request\n'nor this\na\\b -x `y` ~^ end.");
	assert_string_equal(buf_cstr(&out), "\\&.not a request\n\\&\\(aqnor this\na\\eb \\-x \\(gay\\(ga "
					    "\\(ti\\(ha end.");
	buf_release(&out);
}

static void every_key_has_its_entry_with_help_and_variable(void **state)
{
	struct buf text;

	(void)state;
	page(&text, "riverd.conf.5");
	for (size_t i = 0; i < settings_table.row_count; i++) {
		const struct conf_row *row = &settings_table.rows[i];

		if (row->type == CONF_SECTION)
			continue;
		assert_has_escaped(&text, ".B ", row->key);
		assert_has_escaped(&text, "", row->help);
	}
	for (size_t i = 0; i < settings_table.prefix_count; i++)
		assert_has_escaped(&text, ".B ", settings_table.prefixes[i].prefix);
	assert_has(&text, "\n.I duration, 1s to 7d; default 20m\n.br\nRIVERD_WINDOW\n");
	assert_has(&text, "\nRIVERD_SUMMARY_API__KEY\n");
	buf_release(&text);
}

static void every_command_and_option_is_told_of(void **state)
{
	struct buf text;

	(void)state;
	page(&text, "riverd.8");
	for (int i = 0; i < COMMANDS; i++)
		assert_has_escaped(&text, ".SS riverd ", cli_commands[i].name);
	for (size_t i = 0; i < cli_option_count; i++)
		assert_has_escaped(&text, "\\fB\\-\\-", cli_options[i].name);
	assert_has(&text, "\\-\\-create\\-topics"); /* generate's own */
	buf_release(&text);
}

static void completion_knows_commands_options_and_keys(void **state)
{
	struct buf text;

	(void)state;
	page(&text, "riverd.bash");
	assert_has(&text, "local commands='run check ");
	assert_has(&text, " --print-config ");
	assert_has(&text, "\nsummary.api_key=\n");
	buf_release(&text);
}

static void the_same_page_comes_out_every_time_and_no_other_is_there(void **state)
{
	struct buf one, two;

	(void)state;
	page(&one, "riverd.8");
	page(&two, "riverd.8");
	assert_string_equal(buf_cstr(&one), buf_cstr(&two));
	assert_int_equal(manual_write("riverd.9", &two), -1);
	buf_release(&one);
	buf_release(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_shown_as_it_is),
		cmocka_unit_test(every_key_has_its_entry_with_help_and_variable),
		cmocka_unit_test(every_command_and_option_is_told_of),
		cmocka_unit_test(completion_knows_commands_options_and_keys),
		cmocka_unit_test(the_same_page_comes_out_every_time_and_no_other_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
