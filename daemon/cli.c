#include "daemon/cli.h"

#include "base/fault.h"
#include "conf/describe.h"
#include "conf/nearest.h"
#include "conf/units.h"
#include "daemon/cli_internal.h"
#include "daemon/manual.h"
#include "daemon/settings.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64
#define HELP_MAX    ((size_t)1 << 20)

/* The parse of one command line. */
struct parse {
	struct cli *cli;
	FILE *out, *complaints;
	bool command_given;
	bool help;
	struct option longs[OPTIONS_MAX];
	char shorts[OPTIONS_MAX];
	unsigned seen[OPTIONS_MAX]; /* ids in order of appearance, for what is checked at the end */
	size_t seen_count;
};

static enum cli_result usage_end(const struct parse *p)
{
	if (p->command_given)
		fprintf(p->complaints, "riverd %s --help says what can be said.\n",
			cli_command_name(p->cli->command));
	else
		fprintf(p->complaints, "riverd --help says what can be said.\n");
	return CLI_USAGE;
}

static void build_getopt(struct parse *p)
{
	size_t n = 0;
	char *to = p->shorts;

	*to++ = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < cli_option_count; i++) {
		const struct cli_option *o = &cli_options[i];

		p->longs[n++] = (struct option){o->name, o->argument ? required_argument : no_argument, NULL,
						(int)o->id};
		if (o->letter != 0) {
			*to++ = o->letter;
			if (o->argument != NULL)
				*to++ = ':';
		}
	}
	*to = '\0';
	p->longs[n] = (struct option){0};
}

static enum cli_result unknown_option(struct parse *p, const char *text)
{
	struct nearest near;
	char *name = slice_dup(slice_make(text, strcspn(text, "=")));

	fprintf(p->complaints, "riverd: there is no option %s", name != NULL ? name : text);
	if (name != NULL && strncmp(name, "--", 2) == 0) {
		nearest_init(&near, name + 2);
		for (size_t i = 0; i < cli_option_count; i++)
			nearest_offer(&near, cli_options[i].name);
		if (near.best != NULL)
			fprintf(p->complaints, "; did you mean --%s?", near.best);
	}
	fprintf(p->complaints, "\n");
	free(name);
	return usage_end(p);
}

static enum cli_result unknown_command(struct parse *p, const char *word)
{
	struct nearest near;

	nearest_init(&near, word);
	for (int i = 0; i < COMMANDS; i++)
		nearest_offer(&near, cli_commands[i].name);
	if (near.best != NULL)
		fprintf(p->complaints, "riverd: there is no command %s; did you mean %s?\n", word, near.best);
	else
		fprintf(p->complaints, "riverd: there is no command %s\n", word);
	return usage_end(p);
}

static int find_command(const char *word)
{
	for (int i = 0; i < COMMANDS; i++) {
		if (strcmp(cli_commands[i].name, word) == 0)
			return i;
	}
	return -1;
}

static enum cli_result print_and_end(struct parse *p, struct buf *text)
{
	fputs(buf_cstr(text), p->out);
	buf_release(text);
	return CLI_DONE;
}

/* Options that only print. */
static enum cli_result print_only(struct parse *p, int id)
{
	struct buf text;

	buf_init(&text, HELP_MAX);
	if (id == CLI_VERSION)
		cli_version(&text);
	else if (id == CLI_HELP_CONFIG)
		conf_describe_help(&settings_table, &text);
	else if (id == CLI_SAMPLE_CONFIG)
		conf_describe_sample(&settings_table, &text);
	else if (id == CLI_CONFIG_REFERENCE)
		conf_describe_markdown(&settings_table, &text);
	else if (id == CLI_LIST_FAILPOINTS)
		for (int i = 0; fault_name(i) != NULL; i++)
			buf_printf(&text, "%s\n", fault_name(i));
	else
		cli_help(p->command_given ? p->cli->command : COMMANDS, &text);
	return print_and_end(p, &text);
}

static enum cli_result print_manual(struct parse *p, const char *page)
{
	struct buf text;

	buf_init(&text, HELP_MAX);
	if (manual_write(page, &text) == 0)
		return print_and_end(p, &text);
	buf_release(&text);
	fprintf(p->complaints, "riverd: --manual %s: there are %s\n", page, MANUAL_PAGES);
	return usage_end(p);
}

static enum cli_result bad_value(struct parse *p, const struct cli_option *o, const char *text,
				 const char *why)
{
	fprintf(p->complaints, "riverd: --%s %s: %s\n", o->name, text, why);
	return usage_end(p);
}

static enum cli_result set_number(struct parse *p, const struct cli_option *o, const char *text)
{
	struct err err;
	int64_t whole = 0;
	double number = 0;
	int rc;

	if (o->id == CLI_RATE || o->id == CLI_SPEED)
		rc = units_parse_number(text, &number, &err);
	else
		rc = units_parse_int(text, &whole, &err);
	if (rc != 0)
		return bad_value(p, o, text, err.text);
	if (whole < 0 || number < 0 || (o->id != CLI_SEED && whole == 0 && !(number > 0)))
		return bad_value(p, o, text, "must be more than 0");
	switch (o->id) {
	case CLI_SEED:
		p->cli->seed = (uint64_t)whole;
		p->cli->has_seed = true;
		break;
	case CLI_EVENTS: p->cli->events = (uint64_t)whole; break;
	case CLI_RATE: p->cli->rate = number; break;
	default: p->cli->speed = number;
	}
	return CLI_GO;
}

static enum cli_result add_setting(struct parse *p, const char *text)
{
	const char **grown = realloc(p->cli->options, (p->cli->option_count + 1) * sizeof(*grown));

	if (strchr(text, '=') == NULL || *text == '=') {
		fprintf(p->complaints, "riverd: -o %s: KEY=VALUE expected\n", text);
		p->cli->options = grown != NULL ? grown : p->cli->options;
		return usage_end(p);
	}
	if (grown == NULL)
		abort(); /* nothing has begun yet */
	p->cli->options = grown;
	p->cli->options[p->cli->option_count++] = text;
	return CLI_GO;
}

static void replace(char **member, const char *text)
{
	free(*member);
	*member = slice_dup(slice_str(text));
	if (*member == NULL)
		abort();
}

static enum cli_result take_option(struct parse *p, const struct cli_option *o, const char *argument)
{
	struct cli *cli = p->cli;

	switch (o->id) {
	case CLI_CONFIG: replace(&cli->config, argument); break;
	case CLI_SET: return add_setting(p, argument);
	case CLI_MANUAL: return print_manual(p, argument);
	case CLI_PRINT_CONFIG: cli->print_config = true; break;
	case CLI_HELP: p->help = true; break;
	case CLI_ACCEPT_LOSS: cli->accept_loss = true; break;
	case CLI_REBUILD: cli->rebuild = true; break;
	case CLI_ONLINE: cli->online = true; break;
	case CLI_ONCE: cli->once = true; break;
	case CLI_SEED:
	case CLI_EVENTS:
	case CLI_RATE:
	case CLI_SPEED: return set_number(p, o, argument);
	default: return print_only(p, o->id);
	}
	if (o->commands != CLI_EVERYWHERE && p->seen_count < OPTIONS_MAX)
		p->seen[p->seen_count++] = o->id;
	return CLI_GO;
}

/* getopt_long over argv[0..argc): options wherever they stand. */
static enum cli_result read_options(struct parse *p, int argc, char **argv)
{
	enum cli_result result = CLI_GO;
	int id;

	optind = 0; /* glibc: start afresh */
	opterr = 0;
	while (result == CLI_GO && (id = getopt_long(argc, argv, p->shorts, p->longs, NULL)) != -1) {
		if (id == ':') {
			fprintf(p->complaints, "riverd: %s needs a value\n", argv[optind - 1]);
			result = usage_end(p);
		} else if (id == '?' && optopt > 0 && optopt < 256) {
			char letter[3] = {'-', (char)optopt, '\0'};

			result = unknown_option(p, letter);
		} else if (id == '?') {
			result = unknown_option(p, argv[optind - 1]);
		} else {
			result = take_option(p, cli_option_by_id(id), optarg);
		}
	}
	return result;
}

/* An option that belongs to other commands than this one. */
static enum cli_result check_options_fit(struct parse *p)
{
	for (size_t i = 0; i < p->seen_count; i++) {
		const struct cli_option *o = cli_option_by_id((int)p->seen[i]);

		if (o->commands & CLI_ON(p->cli->command))
			continue;
		fprintf(p->complaints, "riverd: --%s is not for riverd %s, but for", o->name,
			cli_command_name(p->cli->command));
		for (int c = 0; c < COMMANDS; c++) {
			if (o->commands & CLI_ON(c))
				fprintf(p->complaints, " %s", cli_command_name((enum command)c));
		}
		fprintf(p->complaints, "\n");
		return usage_end(p);
	}
	return CLI_GO;
}

/* Where the first word that is not an option stands, or argc. */
static int first_word(const struct parse *p, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i], *colon;

		if (a[0] != '-' || a[1] == '\0')
			return i;
		if (strcmp(a, "--") == 0)
			return i + 1 < argc ? i + 1 : argc;
		if (a[1] != '-') {
			colon = strchr(p->shorts + 1, a[1]);
			if (colon != NULL && colon[1] == ':' && a[2] == '\0')
				i++; /* its value is the next word */
			continue;
		}
		for (size_t k = 0; k < cli_option_count; k++) {
			if (cli_options[k].argument != NULL && strcmp(a + 2, cli_options[k].name) == 0)
				i++;
		}
	}
	return argc;
}

/* `riverd help [COMMAND]` and `riverd version`, which many people try first. */
static int word_for_option(struct parse *p, const char *word, const char *next)
{
	int command = next != NULL ? find_command(next) : -1;

	if (strcmp(word, "version") == 0)
		return CLI_VERSION;
	if (strcmp(word, "help") != 0)
		return 0;
	if (command >= 0) {
		p->cli->command = (enum command)command;
		p->command_given = true;
	}
	return CLI_HELP;
}

static enum cli_result read_positionals(struct parse *p, int argc, char **argv)
{
	int at = optind + (p->command_given ? 1 : 0); /* getopt_long has moved the words to the end */

	if (at < argc) {
		fprintf(p->complaints, "riverd: %s: nothing more is expected here\n", argv[at]);
		return usage_end(p);
	}
	return CLI_GO;
}

/* health and generate: the words behind them are theirs. */
static enum cli_result hand_over(struct parse *p, int at, int argc, char **argv)
{
	enum cli_result result = read_options(p, at, argv);

	p->cli->rest_argc = argc - at;
	p->cli->rest_argv = argv + at;
	for (int i = at + 1; result == CLI_GO && cli_commands[p->cli->command].own_help != NULL && i < argc;
	     i++)
		p->help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
	if (result == CLI_GO && p->help)
		return print_only(p, CLI_HELP);
	return result;
}

enum cli_result cli_parse(struct cli *cli, int argc, char **argv, FILE *out, FILE *complaints)
{
	struct parse p = {.cli = cli, .out = out, .complaints = complaints};
	enum cli_result result;
	int at, command, only;

	*cli = (struct cli){.command = COMMAND_RUN};
	build_getopt(&p);
	at = first_word(&p, argc, argv);
	if (at < argc) {
		command = find_command(argv[at]);
		if (command < 0) {
			only = word_for_option(&p, argv[at], at + 1 < argc ? argv[at + 1] : NULL);
			return only != 0 ? print_only(&p, only) : unknown_command(&p, argv[at]);
		}
		cli->command = (enum command)command;
		p.command_given = true;
		if (cli_commands[command].own_arguments)
			return hand_over(&p, at, argc, argv);
	}
	result = read_options(&p, argc, argv);
	if (result == CLI_GO && p.help)
		return print_only(&p, CLI_HELP);
	if (result == CLI_GO)
		result = check_options_fit(&p);
	if (result == CLI_GO && !cli->print_config)
		result = read_positionals(&p, argc, argv);
	return result;
}

void cli_release(struct cli *cli)
{
	free(cli->config);
	free(cli->options);
	*cli = (struct cli){0};
}
