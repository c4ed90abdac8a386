/* Properties files, read strictly, and the references in their values. */

#include "base/random.h"
#include "conf/properties.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void parse_ok(struct properties *p, const char *text)
{
	struct err err;

	properties_init(p);
	if (properties_parse(p, "t.conf", slice_str(text), &err))
		fail_msg("%s", err.text);
}

static void assert_value(const char *text, const char *key, const char *value)
{
	struct properties p;
	const struct property *found;

	parse_ok(&p, text);
	found = properties_get(&p, key);
	assert_non_null(found);
	assert_string_equal(found->value, value);
	properties_release(&p);
}

static void assert_error(struct slice text, const char *expected)
{
	struct properties p;
	struct err err;

	properties_init(&p);
	assert_int_equal(properties_parse(&p, "t.conf", text, &err), -1);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.class, ERR_CONFIG);
	properties_release(&p);
}

static void values_are_what_stands_after_the_equals_sign(void **state)
{
	(void)state;
	assert_value("a=b", "a", "b");
	assert_value("  a.b-c_D9  =  two  words \t\n", "a.b-c_D9", "two  words");
	assert_value("a = x=y = z", "a", "x=y = z");
	assert_value("a =", "a", "");
	assert_value("a = b # not a comment", "a", "b # not a comment");
	assert_value("a = \"quotes stay\"", "a", "\"quotes stay\"");
	assert_value("a = h\xc3\xb4tel", "a", "h\xc3\xb4tel");
	assert_value("a = C:\\dir\\n", "a", "C:\\dir\\n");
}

static void comments_and_empty_lines_are_skipped(void **state)
{
	struct properties p;

	(void)state;
	parse_ok(&p, "# one\n ! two = three\n\n \t \na = b\n#c = d \\\ne = f\n");
	assert_int_equal(p.count, 2);
	assert_string_equal(p.items[0].key, "a");
	assert_int_equal(p.items[0].line, 5);
	assert_string_equal(p.items[1].key, "e"); /* a comment does not go on */
	properties_release(&p);
}

static void long_values_go_on_after_a_backslash(void **state)
{
	(void)state;
	assert_value("a = one, \\\n    two, \\\n\tthree\nb = c", "a", "one, two, three");
	assert_value("a = \\\n b", "a", "b");
	assert_value("a = b\\\\\nc = d", "a", "b\\"); /* a pair is one backslash */
	assert_value("a = b\\\\\\\n c", "a", "b\\c");
	assert_value("a = b\\\r\n c\r\n", "a", "bc");
}

static void windows_files_are_read_as_well(void **state)
{
	(void)state;
	assert_value("\xef\xbb\xbf"
		     "a = b\r\nc = d\r\n",
		     "a", "b");
	assert_value("a = b\r\nc = d\r\n", "c", "d");
}

static void errors_name_file_line_and_key(void **state)
{
	(void)state;
	assert_error(slice_str("a = b\nnonsense\n"), "t.conf:2: \"nonsense\": key = value expected");
	assert_error(slice_str("a: b"), "t.conf:1: \"a: b\": key = value expected");
	assert_error(slice_str("\n = b"), "t.conf:2: there is no key before the =");
	assert_error(slice_str("a b = c"),
		     "t.conf:1: \"a b\": keys are made of letters, digits, '.', '_' and '-'");
	assert_error(slice_str("a = b\n\nc = d\na = e\n"), "t.conf:4: a: set before in line 1");
	assert_error(slice_str("a = b \\"), "t.conf:1: a: goes on in the next line, but the file ends");
	assert_error(slice_str("x = 1\na = \xff"), "t.conf:2: not UTF-8");
	assert_error(SLICE_LITERAL("a = b\0c"), "t.conf:1: control character 0x00");
	assert_error(slice_str("a = b\x1b[0m"), "t.conf:1: control character 0x1b");
	assert_error(slice_str("a = b\\\n\x07"), "t.conf:2: control character 0x07");
}

static void keys_and_files_have_a_limit(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 2 * PROPERTIES_MAX_BYTES);
	for (int i = 0; i < PROPERTIES_MAX_KEY + 1; i++)
		buf_byte(&text, 'k');
	buf_str(&text, " = v");
	assert_error(buf_view(&text), "t.conf:1: a key of more than 255 bytes");
	buf_clear(&text);
	for (int i = 0; i <= PROPERTIES_MAX_BYTES; i++)
		buf_byte(&text, '#');
	assert_error(buf_view(&text), "t.conf: larger than 1048576 bytes");
	buf_release(&text);
}

static void any_bytes_are_read_or_refused(void **state)
{
	static const char alphabet[] = "ab=\\\\\n\n #!${}:.\r\t\xc3\xa9";
	struct random r;
	char text[64];

	(void)state;
	random_init(&r, 99);
	for (int i = 0; i < 50000; i++) {
		size_t len = random_below(&r, sizeof(text));
		struct properties p;
		struct err err;

		for (size_t k = 0; k < len; k++)
			text[k] = alphabet[random_below(&r, sizeof(alphabet) - 1)];
		properties_init(&p);
		properties_parse(&p, "t.conf", slice_make(text, len), &err);
		properties_release(&p);
	}
}

/* ---- references ---- */

static const char *fake_env(void *ctx, const char *name)
{
	(void)ctx;
	if (strcmp(name, "USER_NAME") == 0)
		return "anna";
	if (strcmp(name, "TRICKY") == 0)
		return "${env:USER_NAME}";
	if (strcmp(name, "EMPTY") == 0)
		return "";
	if (strcmp(name, "CREDENTIALS_DIRECTORY") == 0)
		return "/run/credentials";
	return NULL;
}

static int fake_file(void *ctx, const char *path, struct buf *out, struct err *err)
{
	(void)ctx;
	if (strcmp(path, "/secret") == 0)
		buf_str(out, "  s3cret ${env:USER_NAME}\n\n");
	else if (strcmp(path, "/keys") == 0)
		buf_str(out, "# keys\npassword = pa$$word\n");
	else if (strcmp(path, "/broken") == 0)
		buf_str(out, "what\n");
	else if (strcmp(path, "/run/credentials/api") == 0)
		buf_str(out, "token\n");
	else
		return err_set(err, ERR_CONFIG, 2, "%s: No such file or directory", path);
	return 0;
}

static const struct properties_port fake = {.env = fake_env, .file = fake_file};

static void assert_resolves(const char *value, const char *expected, bool secret)
{
	struct err err;
	bool is_secret;
	char *out;

	if (properties_resolve_value("w", value, &fake, &out, &is_secret, &err))
		fail_msg("%s", err.text);
	assert_string_equal(out, expected);
	assert_int_equal(is_secret, secret);
	free(out);
}

static void assert_unresolved(const char *value, const char *expected)
{
	struct err err;
	bool secret;
	char *out;

	assert_int_equal(properties_resolve_value("t.conf:3: key", value, &fake, &out, &secret, &err), -1);
	assert_string_equal(err.text, expected);
	assert_null(out);
}

static void references_are_replaced_and_make_a_secret(void **state)
{
	(void)state;
	assert_resolves("plain", "plain", false);
	assert_resolves("${env:USER_NAME}", "anna", true);
	assert_resolves("<${env:USER_NAME}|${env:USER_NAME}>", "<anna|anna>", true);
	assert_resolves("${env:NOBODY:a:b}", "a:b", true);
	assert_resolves("${env:NOBODY:}", "", true);
	assert_resolves("${env:EMPTY:x}", "", true);
	assert_resolves("${file:/keys:password}", "pa$$word", true);
	assert_resolves("${credential:api}", "token", true);
	assert_resolves("$5 and $$", "$5 and $$", false);
	assert_resolves("$${env:USER_NAME}", "${env:USER_NAME}", false);
}

static void what_was_put_in_is_not_looked_at_again(void **state)
{
	(void)state;
	assert_resolves("${env:TRICKY}", "${env:USER_NAME}", true);
	assert_resolves("${file:/secret}", "s3cret ${env:USER_NAME}", true);
}

static void references_that_fail_say_where_and_why(void **state)
{
	(void)state;
	assert_unresolved("${env:NOBODY}", "t.conf:3: key: environment variable NOBODY is not set");
	assert_unresolved("${env:}", "t.conf:3: key: ${env:NAME}: the name is missing");
	assert_unresolved("a${env:X", "t.conf:3: key: ${ without }; a literal ${ is written $${");
	assert_unresolved("${HOME}", "t.conf:3: key: ${HOME}: known are ${env:NAME}, ${file:PATH} and "
				     "${credential:NAME}; a literal ${ is written $${");
	assert_unresolved("${file:/none}", "t.conf:3: key: /none: No such file or directory");
	assert_unresolved("${file:}", "t.conf:3: key: ${file:PATH}: the path is missing");
	assert_unresolved("${file:/keys:other}", "t.conf:3: key: /keys: there is no key other");
	assert_unresolved("${file:/broken:k}", "t.conf:3: key: /broken:1: \"what\": key = value expected");
	assert_unresolved("${credential:../x}", "t.conf:3: key: ${credential:NAME}: a file name expected");
}

static void real_files_and_variables_are_read(void **state)
{
	char path[] = "/tmp/riverd-test-XXXXXX", text[256];
	int fd = mkstemp(path);
	struct properties_port system = properties_port_system();
	struct properties p;
	struct err err;

	(void)state;
	assert_true(fd >= 0);
	snprintf(text, sizeof(text), "plain = 1\nsecret = ${env:RIVERD_TEST_VARIABLE}\n");
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	setenv("RIVERD_TEST_VARIABLE", "value", 1);
	properties_init(&p);
	assert_int_equal(properties_load(&p, path, &err), 0);
	assert_int_equal(properties_resolve(&p, &system, &err), 0);
	assert_string_equal(properties_get(&p, "secret")->value, "value");
	assert_true(properties_get(&p, "secret")->secret);
	assert_false(properties_get(&p, "plain")->secret);
	properties_release(&p);
	unlink(path);
	properties_init(&p);
	assert_int_equal(properties_load(&p, path, &err), -1);
	assert_non_null(strstr(err.text, ": No such file or directory"));
	assert_int_equal(properties_load(&p, "/tmp", &err), -1);
	assert_string_equal(err.text, "/tmp: not a file");
	properties_release(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_what_stands_after_the_equals_sign),
		cmocka_unit_test(comments_and_empty_lines_are_skipped),
		cmocka_unit_test(long_values_go_on_after_a_backslash),
		cmocka_unit_test(windows_files_are_read_as_well),
		cmocka_unit_test(errors_name_file_line_and_key),
		cmocka_unit_test(keys_and_files_have_a_limit),
		cmocka_unit_test(any_bytes_are_read_or_refused),
		cmocka_unit_test(references_are_replaced_and_make_a_secret),
		cmocka_unit_test(what_was_put_in_is_not_looked_at_again),
		cmocka_unit_test(references_that_fail_say_where_and_why),
		cmocka_unit_test(real_files_and_variables_are_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
