/* Configuration as one table: types, precedence, hints, and what is generated. */

#include "conf/describe.h"
#include "conf/nearest.h"
#include "conf/units.h"
#include "test/lib/cmocka_all.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct values {
	char *name, *key, *url, *address;
	bool on;
	int64_t count, wait, size;
	double heat;
	int color;
	struct conf_list items, urls;
};

static const char *const colors[] = {"red", "green", "blue", NULL};

static bool knows_abc(const char *name)
{
	return strcmp(name, "abc.def") == 0;
}

#define AT(member) offsetof(struct values, member)

static const struct conf_row rows[] = {
	{.type = CONF_SECTION, .help = "First things"},
	{.key = "name",
	 .type = CONF_STRING,
	 .offset = AT(name),
	 .def = "x",
	 .flags = CONF_REQUIRED,
	 .help = "A name."},
	{.key = "api_key", .type = CONF_SECRET, .offset = AT(key), .def = "", .help = "A secret."},
	{.key = "the.url", .type = CONF_URL, .offset = AT(url), .def = "", .help = "A URL."},
	{.key = "listen",
	 .type = CONF_ADDRESS,
	 .offset = AT(address),
	 .def = "127.0.0.1:80",
	 .help = "An address."},
	{.key = "on", .type = CONF_BOOL, .offset = AT(on), .def = "false", .help = "A switch."},
	{.type = CONF_SECTION, .help = "More things"},
	{.key = "count",
	 .type = CONF_INT,
	 .offset = AT(count),
	 .def = "5",
	 .min = 1,
	 .max = 10,
	 .help = "A count."},
	{.key = "wait.time",
	 .type = CONF_DURATION,
	 .offset = AT(wait),
	 .def = "20m",
	 .min = 1000,
	 .max = 3600000,
	 .flags = CONF_RELOADABLE,
	 .help = "A duration with a help text that is long enough to be broken into more than one line of "
		 "the sample "
		 "file | and has a bar."},
	{.key = "size", .type = CONF_BYTES, .offset = AT(size), .def = "64MiB", .help = "A size."},
	{.key = "heat",
	 .type = CONF_NUMBER,
	 .offset = AT(heat),
	 .def = "",
	 .min = 0,
	 .max = 2000,
	 .help = "A number."},
	{.key = "color",
	 .type = CONF_ENUM,
	 .offset = AT(color),
	 .def = "green",
	 .choices = colors,
	 .help = "A choice."},
	{.key = "items", .type = CONF_LIST, .offset = AT(items), .def = "", .help = "A list."},
	{.key = "urls", .type = CONF_URLS, .offset = AT(urls), .def = "", .help = "URLs."},
	{.key = "other.main",
	 .type = CONF_KEPT,
	 .def = "",
	 .flags = CONF_REQUIRED | CONF_SHOWN,
	 .help = "Kept."},
};

static const struct conf_prefix prefixes[] = {{"other.", "Somebody else's.", knows_abc}};
static const char *const foreign[] = {"SERVICE_", NULL};
static const struct conf_table table = {"prog",	  "PROG_", rows,   sizeof(rows) / sizeof(rows[0]),
					prefixes, 1,	   foreign};

/* One reading: file text, variables, options. */
struct fixture {
	struct conf conf;
	struct values values;
	struct conf_problems problems;
	char path[32];
};

static void begin(struct fixture *f)
{
	memset(f, 0, sizeof(*f));
	conf_init(&f->conf);
	conf_problems_init(&f->problems);
}

static void end(struct fixture *f)
{
	conf_values_release(&table, &f->values);
	conf_release(&f->conf);
	conf_problems_release(&f->problems);
}

static int read_all(struct fixture *f, const char *file, char *const *environment, const char *const *options,
		    size_t option_count)
{
	struct conf_sources s = {.options = options,
				 .option_count = option_count,
				 .environment = environment,
				 .port = properties_port_system()};
	int fd;

	snprintf(f->path, sizeof(f->path), "/tmp/riverd-test-XXXXXX");
	fd = mkstemp(f->path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, file, strlen(file)), strlen(file));
	close(fd);
	s.path = f->path;
	conf_read(&f->conf, &table, &s, &f->problems);
	conf_apply(&f->conf, &table, &f->values, &f->problems);
	unlink(f->path);
	return f->problems.error_count == 0 ? 0 : -1;
}

static void defaults_are_parsed_like_everything_else(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(read_all(&f, "", NULL, NULL, 0), 0);
	assert_string_equal(f.values.name, "x");
	assert_null(f.values.key);
	assert_string_equal(f.values.address, "127.0.0.1:80");
	assert_false(f.values.on);
	assert_int_equal(f.values.count, 5);
	assert_int_equal(f.values.wait, 1200000);
	assert_int_equal(f.values.size, 64 << 20);
	assert_true(isnan(f.values.heat));
	assert_int_equal(f.values.color, 1);
	assert_int_equal(f.values.items.count, 0);
	end(&f);
}

static void every_type_is_read(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(
		read_all(&f,
			 "name = n\napi_key = k\nthe.url = https://a:1/b\nlisten = [::1]:0\non = true\ncount "
			 "= 10\n"
			 "wait.time = 1500ms\nsize = 4096\nheat = 0.25\ncolor = blue\nitems = a , b c,d\n"
			 "urls = http://x,https://y:8081\n",
			 NULL, NULL, 0),
		0);
	assert_string_equal(f.values.key, "k");
	assert_string_equal(f.values.url, "https://a:1/b");
	assert_true(f.values.on);
	assert_int_equal(f.values.count, 10);
	assert_int_equal(f.values.wait, 1500);
	assert_int_equal(f.values.size, 4096);
	assert_true(f.values.heat == 0.25);
	assert_int_equal(f.values.color, 2);
	assert_int_equal(f.values.items.count, 3);
	assert_string_equal(f.values.items.items[0], "a");
	assert_string_equal(f.values.items.items[1], "b c");
	assert_string_equal(f.values.urls.items[1], "https://y:8081");
	end(&f);
}

static void the_command_line_beats_the_environment_beats_the_file(void **state)
{
	char *const environment[] = {(char *)"PROG_COUNT=3",
				     (char *)"PROG_NAME=from env",
				     (char *)"PROG_API__KEY=a=b",
				     (char *)"HOME=/",
				     (char *)"PROG_OTHER_SASL_PASSWORD=${x}",
				     NULL};
	const char *const options[] = {"name=first", "name = last"};
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(read_all(&f, "name = file\ncount = 2\ncolor = red\n", environment, options, 2), 0);
	assert_string_equal(f.values.name, "last");
	assert_int_equal(f.values.count, 3);
	assert_int_equal(f.values.color, 0);
	assert_string_equal(f.values.key, "a=b");
	assert_string_equal(conf_get(&f.conf, "name")->where, "-o");
	assert_string_equal(conf_get(&f.conf, "count")->where, "PROG_COUNT");
	/* a variable is taken as it is, and kept for the prefix */
	assert_string_equal(conf_get(&f.conf, "other.sasl.password")->value, "${x}");
	assert_true(conf_get(&f.conf, "other.sasl.password")->secret);
	end(&f);
}

/* Expects exactly this error, "%" standing for the file's name. */
static void assert_problem(const char *file, const char *expected)
{
	struct fixture f;
	char text[1024];

	begin(&f);
	assert_int_equal(read_all(&f, file, NULL, NULL, 0), -1);
	snprintf(text, sizeof(text), "%s%s\n", expected[0] == '%' ? f.path : "",
		 expected + (expected[0] == '%'));
	assert_string_equal(buf_cstr(&f.problems.errors), text);
	end(&f);
}

static void errors_say_where_what_and_what_would_be_right(void **state)
{
	(void)state;
	assert_problem("\nwait.time = 20\n",
		       "%:2: wait.time: \"20\" has no unit; write 20 with ms, s, m, h or d");
	assert_problem("wait.time = soon",
		       "%:1: wait.time: \"soon\" is not a duration; write 500ms, 20s, 20m, 2h or 30d");
	assert_problem("wait.time = 20m # long",
		       "%:1: wait.time: \"20m # long\" is not a duration; write 500ms, 20s, "
		       "20m, 2h or 30d; a comment must have a line of its own");
	assert_problem("wait.time = 2h", "%:1: wait.time: 2h is out of range, 1s to 1h");
	assert_problem("count = 11", "%:1: count: 11 is out of range, 1 to 10");
	assert_problem("count = ten", "%:1: count: \"ten\" is not a whole number");
	assert_problem("count = 99999999999999999999", "%:1: count: 99999999999999999999 is too large");
	assert_problem("size = 64M", "%:1: size: \"64M\" is not a size; write 4096, 64KiB, 64MiB or 1GiB");
	assert_problem("on = yes", "%:1: on: \"yes\" is neither true nor false; write true");
	assert_problem("color = gren",
		       "%:1: color: \"gren\" is not one of red | green | blue; did you mean green?");
	assert_problem("color = purple", "%:1: color: \"purple\" is not one of red | green | blue");
	assert_problem("heat = 2.5", "%:1: heat: 2.5 is out of range, 0 to 2");
	assert_problem("heat = nan", "%:1: heat: \"nan\" is not a number");
	assert_problem("the.url = ftp://u:p@x", "%:1: the.url: a URL begins with http:// or https://");
	assert_problem("listen = 8080", "%:1: listen: \"8080\" is not an address; write host:port");
	assert_problem("listen = a:70000", "%:1: listen: \"a:70000\": the port is a number up to 65535");
	assert_problem("listen = ::1:80",
		       "%:1: listen: \"::1:80\" is not an address; write [v6-address]:port");
	assert_problem("items = a,,b", "%:1: items: an item of the list is empty");
	assert_problem("urls = http://a,b", "%:1: urls: a URL begins with http:// or https://");
	assert_problem("name = ${env:RIVERD_NO_SUCH}",
		       "%:1: name: environment variable RIVERD_NO_SUCH is not set");
}

static void unknown_keys_are_errors_with_the_nearest_one(void **state)
{
	(void)state;
	assert_problem("wait.tiem = 1s", "%:1: wait.tiem: there is no such key; did you mean wait.time?");
	assert_problem("colour = red", "%:1: colour: there is no such key; did you mean color?");
	assert_problem("completely.different = 1", "%:1: completely.different: there is no such key");
	assert_problem("main = 1", "%:1: main: there is no such key; did you mean other.main?");
	assert_problem("abc.def = 1", "%:1: abc.def: there is no such key; did you mean other.abc.def?");
}

static void all_errors_are_reported_at_once(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(read_all(&f, "count = 0\nwrong = 1\non = maybe\n", NULL, (const char *const[]){"=x"},
				  1),
			 -1);
	assert_int_equal(f.problems.error_count, 4);
	end(&f);
}

static void required_keys_must_have_a_value(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(read_all(&f, "name =\n", NULL, NULL, 0), 0);
	assert_int_equal(conf_check_required(&f.conf, &table, &f.problems), -1);
	assert_non_null(strstr(buf_cstr(&f.problems.errors), ":1: name: must not be empty\n"));
	assert_non_null(strstr(buf_cstr(&f.problems.errors), "other.main: must be set\n"));
	end(&f);
}

static void unknown_variables_are_only_warned_of(void **state)
{
	char *const environment[] = {(char *)"PROG_COLOUR=red", (char *)"PROG_SERVICE_HOST=10.0.0.1",
				     (char *)"PROG_=x", NULL};
	struct fixture f;

	(void)state;
	begin(&f);
	assert_int_equal(read_all(&f, "", environment, NULL, 0), 0);
	assert_string_equal(buf_cstr(&f.problems.warnings),
			    "PROG_COLOUR: ignored, there is no key colour; did you mean PROG_COLOR?\n");
	end(&f);
}

static void names_of_variables_can_be_told_back(void **state)
{
	char *name = conf_env_name(&table, "summary.api_key");

	(void)state;
	assert_string_equal(name, "PROG_SUMMARY_API__KEY");
	free(name);
}

static void differences_are_seen_in_every_type(void **state)
{
	static const char *const other =
		"name = n\napi_key = k\nthe.url = http://a\nlisten = b:1\non = true\ncount = 1\n"
		"wait.time = 1s\nsize = 1\nheat = 1\ncolor = red\nitems = a\nurls = http://a\n";
	struct fixture a, b;

	(void)state;
	begin(&a);
	begin(&b);
	assert_int_equal(read_all(&a, "", NULL, NULL, 0), 0);
	assert_int_equal(read_all(&b, other, NULL, NULL, 0), 0);
	for (size_t i = 0; i < table.row_count; i++) {
		bool comparable = rows[i].type != CONF_SECTION && rows[i].type != CONF_KEPT;

		assert_int_equal(conf_row_differs(&rows[i], &a.values, &b.values), comparable);
		assert_false(conf_row_differs(&rows[i], &b.values, &b.values));
	}
	end(&a);
	end(&b);
}

static void quantities_are_written_as_short_as_they_can_be(void **state)
{
	char text[UNITS_TEXT_SIZE];

	(void)state;
	units_duration_text(1200000, text);
	assert_string_equal(text, "20m");
	units_duration_text(1500, text);
	assert_string_equal(text, "1500ms");
	units_duration_text(0, text);
	assert_string_equal(text, "0");
	units_bytes_text(64 << 20, text);
	assert_string_equal(text, "64MiB");
	units_bytes_text(1000, text);
	assert_string_equal(text, "1000B");
}

static void distances_count_edits_and_swaps(void **state)
{
	(void)state;
	assert_int_equal(nearest_distance("", "abc"), 3);
	assert_int_equal(nearest_distance("abc", "ABC"), 0);
	assert_int_equal(nearest_distance("kitten", "sitting"), 3);
	assert_int_equal(nearest_distance("recieve", "receive"), 1);
	assert_int_equal(nearest_distance("window", "windows"), 1);
}

static void the_configuration_in_force_hides_secrets(void **state)
{
	struct fixture f;
	struct buf out;
	const char *text;

	(void)state;
	begin(&f);
	buf_init(&out, 100000);
	setenv("RIVERD_TEST_VARIABLE", "hidden-too", 1);
	assert_int_equal(
		read_all(&f,
			 "api_key = hush\nthe.url = https://anna:hush@host/x\nname = "
			 "${env:RIVERD_TEST_VARIABLE}\n"
			 "other.sasl.password = hush\nother.plain = shown\nurls = http://u:hush@a,http://b\n",
			 NULL, NULL, 0),
		0);
	conf_describe_effective(&table, &f.conf, &out);
	text = buf_cstr(&out);
	assert_null(strstr(text, "hush"));
	assert_null(strstr(text, "hidden-too"));
	assert_null(strstr(text, "anna"));
	assert_non_null(strstr(text, "\napi_key = ********\n"));
	assert_non_null(strstr(text, "\nthe.url = https://****@host/x\n"));
	assert_non_null(strstr(text, "\nurls = http://****@a,http://b\n"));
	assert_non_null(strstr(text, "\nother.sasl.password = ********\n"));
	assert_non_null(strstr(text, "\nother.plain = shown\n"));
	assert_non_null(strstr(text, "# from default\nwait.time = 20m\n"));
	buf_release(&out);
	end(&f);
}

/* Every line that the sample has as a comment "#key = value" must be good, too. */
static void the_sample_can_be_read_back_and_gives_the_defaults(void **state)
{
	struct fixture a, b;
	struct buf out, live;
	const char *text;

	(void)state;
	begin(&a);
	begin(&b);
	buf_init(&out, 100000);
	buf_init(&live, 100000);
	conf_describe_sample(&table, &out);
	for (text = buf_cstr(&out); *text != '\0';) {
		size_t len = strcspn(text, "\n") + 1;

		if (text[0] == '#' && text[1] >= 'a' && text[1] <= 'z')
			buf_append(&live, text + 1, len - 1);
		else
			buf_append(&live, text, len);
		text += len;
	}
	assert_non_null(strstr(buf_cstr(&out), "\n#wait.time = 20m\n"));
	assert_non_null(strstr(buf_cstr(&out), "\nother.main =\n"));
	assert_int_equal(read_all(&a, buf_cstr(&live), NULL, NULL, 0), 0);
	assert_int_equal(read_all(&b, "", NULL, NULL, 0), 0);
	for (size_t i = 0; i < table.row_count; i++)
		assert_false(conf_row_differs(&rows[i], &a.values, &b.values));
	buf_release(&out);
	buf_release(&live);
	end(&a);
	end(&b);
}

static void help_fits_a_terminal(void **state)
{
	struct buf out;
	const char *text;

	(void)state;
	buf_init(&out, 100000);
	conf_describe_help(&table, &out);
	for (text = buf_cstr(&out); *text != '\0'; text += strcspn(text, "\n") + 1)
		assert_true(strcspn(text, "\n") <= 80);
	assert_non_null(strstr(buf_cstr(&out), "duration, 1s to 1h; default 20m; can be reloaded"));
	buf_clear(&out);
	conf_describe_markdown(&table, &out);
	assert_non_null(
		strstr(buf_cstr(&out), "| `color` | `green` | red \\| green \\| blue | A choice. |\n"));
	assert_non_null(strstr(buf_cstr(&out), "sample file \\| and has a bar. Can be reloaded. |\n"));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_parsed_like_everything_else),
		cmocka_unit_test(every_type_is_read),
		cmocka_unit_test(the_command_line_beats_the_environment_beats_the_file),
		cmocka_unit_test(errors_say_where_what_and_what_would_be_right),
		cmocka_unit_test(unknown_keys_are_errors_with_the_nearest_one),
		cmocka_unit_test(all_errors_are_reported_at_once),
		cmocka_unit_test(required_keys_must_have_a_value),
		cmocka_unit_test(unknown_variables_are_only_warned_of),
		cmocka_unit_test(names_of_variables_can_be_told_back),
		cmocka_unit_test(differences_are_seen_in_every_type),
		cmocka_unit_test(quantities_are_written_as_short_as_they_can_be),
		cmocka_unit_test(distances_count_edits_and_swaps),
		cmocka_unit_test(the_configuration_in_force_hides_secrets),
		cmocka_unit_test(the_sample_can_be_read_back_and_gives_the_defaults),
		cmocka_unit_test(help_fits_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
