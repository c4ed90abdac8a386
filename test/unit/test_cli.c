/* The command line: what is understood, what is said when it is not. */

#include "base/buf.h"
#include "daemon/cli.h"
#include "daemon/run.h"
#include "test/lib/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct run {
	struct cli cli;
	enum cli_result result;
	char *out, *complaints;
	char *argv[24];
	int argc;
};

/* Words as given to riverd, NULL-terminated. */
static void parse(struct run *r, const char *const *words)
{
	size_t out_len, complaints_len;
	FILE *out = open_memstream(&r->out, &out_len),
	     *complaints = open_memstream(&r->complaints, &complaints_len);

	r->argc = 0;
	r->argv[r->argc++] = (char *)"riverd";
	for (; *words != NULL; words++)
		r->argv[r->argc++] = (char *)*words;
	r->argv[r->argc] = NULL;
	r->result = cli_parse(&r->cli, r->argc, r->argv, out, complaints);
	fclose(out);
	fclose(complaints);
}

static void end(struct run *r)
{
	cli_release(&r->cli);
	free(r->out);
	free(r->complaints);
}

static void no_words_mean_run(void **state)
{
	const char *const none[] = {NULL};
	struct run r;

	(void)state;
	parse(&r, none);
	assert_int_equal(r.result, CLI_GO);
	assert_int_equal(r.cli.command, COMMAND_RUN);
	assert_null(r.cli.config);
	end(&r);
}

static void options_may_stand_before_and_behind_the_command(void **state)
{
	const char *const words[] = {"-c", "a.conf", "--set", "x=1", "check", "--online", "-oy=2 3", NULL};
	struct run r;

	(void)state;
	parse(&r, words);
	assert_int_equal(r.result, CLI_GO);
	assert_int_equal(r.cli.command, COMMAND_CHECK);
	assert_string_equal(r.cli.config, "a.conf");
	assert_int_equal(r.cli.option_count, 2);
	assert_string_equal(r.cli.options[0], "x=1");
	assert_string_equal(r.cli.options[1], "y=2 3");
	assert_true(r.cli.online);
	end(&r);
}

static void each_command_has_its_options(void **state)
{
	const char *const run[] = {"--accept-loss", "--print-config", NULL};
	const char *const demo[] = {"demo",   "--once", "--seed=0",    "--events", "100",
				    "--rate", "2.5",	"--speed=240", NULL};
	struct run r;

	(void)state;
	parse(&r, run);
	assert_int_equal(r.result, CLI_GO);
	assert_true(r.cli.accept_loss && r.cli.print_config);
	end(&r);
	parse(&r, demo);
	assert_int_equal(r.result, CLI_GO);
	assert_true(r.cli.once && r.cli.has_seed && r.cli.seed == 0 && r.cli.events == 100);
	assert_true(r.cli.rate == 2.5 && r.cli.speed == 240);
	end(&r);
}

static void health_and_generate_read_their_own_words(void **state)
{
	const char *const words[] = {"-c", "a.conf", "generate", "--rate", "5", "--odd", NULL};
	const char *const health[] = {"health", "--quiet", NULL};
	const char *const help[] = {"health", "--help", NULL};
	struct run r;

	(void)state;
	parse(&r, words);
	assert_int_equal(r.result, CLI_GO);
	assert_int_equal(r.cli.command, COMMAND_GENERATE);
	assert_string_equal(r.cli.config, "a.conf");
	assert_int_equal(r.cli.rest_argc, 4);
	assert_string_equal(r.cli.rest_argv[0], "generate");
	assert_string_equal(r.cli.rest_argv[3], "--odd");
	end(&r);
	parse(&r, health);
	assert_int_equal(r.result, CLI_GO);
	assert_int_equal(r.cli.rest_argc, 2);
	end(&r);
	parse(&r, help);
	assert_int_equal(r.result, CLI_DONE);
	assert_non_null(strstr(r.out, "Usage: riverd health [OPTIONS]"));
	end(&r);
}

static void assert_usage(const char *const *words, const char *expected)
{
	struct run r;

	parse(&r, words);
	assert_int_equal(r.result, CLI_USAGE);
	assert_string_equal(r.complaints, expected);
	assert_string_equal(r.out, "");
	end(&r);
}
#define USAGE(expected, ...) assert_usage((const char *const[]){__VA_ARGS__, NULL}, expected)

static void wrong_usage_names_the_nearest_right_word(void **state)
{
	(void)state;
	USAGE("riverd: there is no command chek; did you mean check?\nriverd --help says what can be said.\n",
	      "chek");
	USAGE("riverd: there is no command zzzzzzzz\nriverd --help says what can be said.\n", "zzzzzzzz");
	USAGE("riverd: there is no option --acept-loss; did you mean --accept-loss?\n"
	      "riverd --help says what can be said.\n",
	      "--acept-loss");
	USAGE("riverd: there is no option --onlin3; did you mean --online?\n"
	      "riverd check --help says what can be said.\n",
	      "check", "--onlin3=yes");
	USAGE("riverd: there is no option -x\nriverd --help says what can be said.\n", "-x");
	USAGE("riverd: -c needs a value\nriverd --help says what can be said.\n", "-c");
	USAGE("riverd: -o window: KEY=VALUE expected\nriverd --help says what can be said.\n", "-o",
	      "window");
	USAGE("riverd: --accept-loss is not for riverd check, but for run\n"
	      "riverd check --help says what can be said.\n",
	      "check", "--accept-loss");
	USAGE("riverd: more: nothing more is expected here\nriverd check --help says what can be said.\n",
	      "check", "more");
	USAGE("riverd: --rate fast: \"fast\" is not a number\nriverd demo --help says what can be said.\n",
	      "demo", "--rate", "fast");
	USAGE("riverd: --speed 0: must be more than 0\nriverd demo --help says what can be said.\n", "demo",
	      "--speed", "0");
	USAGE("riverd: --events -1: must be more than 0\nriverd demo --help says what can be said.\n", "demo",
	      "--events", "-1");
}

static void help_helps(void **state)
{
	static const char *const ways[][3] = {{"--help"}, {"-h"}, {"help"}};
	static const char *const checks[][3] = {{"check", "--help"}, {"help", "check"}, {"-h", "check"}};
	struct run r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		parse(&r, ways[i]);
		assert_int_equal(r.result, CLI_DONE);
		assert_non_null(strstr(r.out, "Usage: riverd [COMMAND] [OPTIONS]"));
		for (int c = 0; c < COMMANDS; c++)
			assert_non_null(strstr(r.out, cli_command_name((enum command)c)));
		end(&r);
		parse(&r, checks[i]);
		assert_int_equal(r.result, CLI_DONE);
		assert_non_null(strstr(r.out, "Usage: riverd check [OPTIONS]"));
		assert_non_null(strstr(r.out, "--online"));
		assert_null(strstr(r.out, "--accept-loss"));
		end(&r);
	}
}

static void help_fits_a_terminal(void **state)
{
	struct buf text;

	(void)state;
	buf_init(&text, 100000);
	for (int c = 0; c <= COMMANDS; c++)
		cli_help((enum command)c, &text);
	for (const char *line = buf_cstr(&text); *line != '\0'; line += strcspn(line, "\n") + 1) {
		if (strcspn(line, "\n") > 100)
			fail_msg("%.*s", (int)strcspn(line, "\n"), line);
	}
	buf_release(&text);
}

/* A demo beside the real daemon must not read the real daemon's file. */
static void only_the_real_daemon_looks_for_the_default_file(void **state)
{
	struct cli cli = {.config = (char *)"a.conf"}, none = {0};

	(void)state;
	assert_string_equal(run_settings_request(&cli, SETTINGS_FOR_RUN).path, "a.conf");
	assert_string_equal(run_settings_request(&cli, SETTINGS_FOR_DEMO).path, "a.conf");
	assert_null(run_settings_request(&none, SETTINGS_FOR_DEMO).path);
	if (access(SETTINGS_DEFAULT_PATH, F_OK) == 0)
		assert_string_equal(run_settings_request(&none, SETTINGS_FOR_RUN).path,
				    SETTINGS_DEFAULT_PATH);
	else
		assert_null(run_settings_request(&none, SETTINGS_FOR_RUN).path);
}

static void what_only_prints_prints(void **state)
{
	static const struct {
		const char *const words[2];
		const char *expected;
	} rows[] = {
		{{"--version"}, "librdkafka "},
		{{"version"}, "riverd " RIVERD_VERSION},
		{{"-V"}, "SQLite "},
		{{"--help-config"}, "\n  window\n"},
		{{"--sample-config"}, "\n#window = 20m\n"},
		{{"--config-reference"}, "| `window` | `20m` |"},
		{{"--list-failpoints"}, "checkpoint.before_commit\n"},
		{{"--manual=riverd.8"}, ".TH riverd 8 "},
	};
	struct run r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *const words[] = {rows[i].words[0], NULL};

		parse(&r, words);
		assert_int_equal(r.result, CLI_DONE);
		if (strstr(r.out, rows[i].expected) == NULL)
			fail_msg("%s: %s", rows[i].words[0], r.out);
		end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_words_mean_run),
		cmocka_unit_test(options_may_stand_before_and_behind_the_command),
		cmocka_unit_test(each_command_has_its_options),
		cmocka_unit_test(health_and_generate_read_their_own_words),
		cmocka_unit_test(wrong_usage_names_the_nearest_right_word),
		cmocka_unit_test(help_helps),
		cmocka_unit_test(help_fits_a_terminal),
		cmocka_unit_test(only_the_real_daemon_looks_for_the_default_file),
		cmocka_unit_test(what_only_prints_prints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
