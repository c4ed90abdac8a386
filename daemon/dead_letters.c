#include "daemon/dead_letters.h"

#include "daemon/dead_letters_replay.h"
#include "daemon/dead_letters_show.h"
#include "daemon/run.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PLACES_MAX 1000

enum action { ACTION_LIST, ACTION_SHOW, ACTION_REPLAY };

/* One run of the command. */
struct work {
	enum action action;
	struct dead_letters_selection selection;
	struct dead_letters_place *places; /* owned */
	size_t place_count;
	bool yes, dry_run;

	struct settings settings;
	struct dead_letters_reader *reader;
	struct log *log;
	struct dead_letters_marks marks;
	struct dead_letters_table table;
	struct buf out;
	bool shown;
};

/* ---- passes over the topic ---- */

static int collect_marks(void *ctx, const struct message *m, struct err *err)
{
	struct work *w = ctx;
	struct dead_letter_view v;

	dead_letter_view(m, &v);
	if (v.kind == DEAD_LETTER_MARK && dead_letters_marks_add(&w->marks, v.partition, v.offset) != 0)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	return 0;
}

/* What is meant: for replay without what was replayed. */
static int count_one(void *ctx, const struct message *m, struct err *err)
{
	struct work *w = ctx;
	struct dead_letter_view v;
	bool replayed;

	dead_letter_view(m, &v);
	replayed = dead_letters_marked(&w->marks, m->partition, m->offset);
	if (v.kind == DEAD_LETTER_RECORD && (!dead_letters_selected(&w->selection, m, &v) ||
					     (w->action == ACTION_REPLAY && replayed && !w->selection.again)))
		return 0;
	if (dead_letters_table_add(&w->table, m, &v, replayed) != 0)
		return err_set(err, ERR_FATAL, 0, "out of memory");
	return 0;
}

static int show_one(void *ctx, const struct message *m, struct err *err)
{
	struct work *w = ctx;
	struct dead_letter_view v;

	(void)err;
	dead_letter_view(m, &v);
	if (!dead_letters_selected(&w->selection, m, &v))
		return 0;
	dead_letters_write(&w->out, m, &v, dead_letters_marked(&w->marks, m->partition, m->offset));
	w->shown = true;
	return 0;
}

static int flush_out(struct work *w)
{
	fputs(buf_cstr(&w->out), stdout);
	buf_clear(&w->out);
	return fflush(stdout);
}

static int list(struct work *w, struct err *err)
{
	if (dead_letters_scan(w->reader, count_one, w, err) != 0)
		return -1;
	dead_letters_table_write(&w->out, &w->table, w->settings.dead_letter_topic);
	return flush_out(w);
}

static int show(struct work *w, struct err *err)
{
	if (dead_letters_scan(w->reader, show_one, w, err) != 0)
		return -1;
	if (!w->shown)
		return err_set(err, ERR_REFUSED, 0, "there is no such dead letter in %s",
			       w->settings.dead_letter_topic);
	return flush_out(w);
}

static bool confirmed(const struct work *w)
{
	char answer[16] = "";

	if (w->yes)
		return true;
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "riverd dead-letters: nobody to ask; say --yes\n");
		return false;
	}
	printf("Write %s back to where %s came from? [y/N] ", w->table.records == 1 ? "it" : "them",
	       w->table.records == 1 ? "it" : "they");
	fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y');
}

static int replay(struct work *w, struct err *err)
{
	uint64_t done = 0;
	int rc;

	if (list(w, err) != 0)
		return -1;
	if (w->table.records == 0 || w->dry_run)
		return 0;
	if (!confirmed(w))
		return err_set(err, ERR_REFUSED, 0, "nothing was written");
	rc = dead_letters_replay(&w->settings, w->log, w->reader, &w->selection, &done, err);
	printf("%" PRIu64 " written back\n", done);
	if (rc != 0)
		return err_wrap(err, "replay stopped; say it again, what was written back is left out then");
	return 0;
}

/* ---- the command ---- */

static int add_place(struct work *w, const char *word)
{
	struct dead_letters_place *grown;

	if (w->place_count == PLACES_MAX)
		return -1;
	grown = realloc(w->places, (w->place_count + 1) * sizeof(*grown));
	if (grown == NULL)
		return -1;
	w->places = grown;
	return dead_letter_place(slice_str(word), &grown[w->place_count].partition,
				 &grown[w->place_count].offset) == 0
		       ? (int)(w->place_count++, 0)
		       : -1;
}

static int parse_words(struct work *w, int argc, char **argv)
{
	static const char *const actions[] = {"list", "show", "replay"};
	int at = 0;

	for (int i = 0; i < 3 && argc > 0; i++) {
		if (strcmp(argv[0], actions[i]) == 0) {
			w->action = (enum action)i;
			at = 1;
		}
	}
	for (; at < argc; at++) {
		if (w->action == ACTION_LIST || add_place(w, argv[at]) != 0) {
			fprintf(stderr, "riverd dead-letters: %s: %s expected\n", argv[at],
				w->action == ACTION_LIST ? "list, show or replay" : "PARTITION/OFFSET");
			return -1;
		}
	}
	if (w->action == ACTION_SHOW && w->place_count == 0) {
		fprintf(stderr, "riverd dead-letters show: PARTITION/OFFSET expected, as list gives it\n");
		return -1;
	}
	w->selection.places = w->places;
	w->selection.place_count = w->place_count;
	return 0;
}

static int add_setting(struct cli *cli, const char *text)
{
	const char **grown = realloc(cli->options, (cli->option_count + 1) * sizeof(*grown));

	if (grown == NULL || strchr(text, '=') == NULL)
		return -1;
	cli->options = grown;
	cli->options[cli->option_count++] = text;
	return 0;
}

/* Options of the command; -c and -o go where those in front of it are. */
static int parse_options(struct work *w, struct cli *cli)
{
	static const struct option longs[] = {
		{"reason", required_argument, NULL, 'r'},
		{"topic", required_argument, NULL, 't'},
		{"again", no_argument, NULL, 'a'},
		{"now", no_argument, NULL, 'n'},
		{"dry-run", no_argument, NULL, 'd'},
		{"yes", no_argument, NULL, 'y'},
		{"config", required_argument, NULL, 'c'},
		{"set", required_argument, NULL, 'o'},
		{NULL, 0, NULL, 0},
	};
	int c;

	optind = 0; /* glibc: start afresh */
	while ((c = getopt_long(cli->rest_argc, cli->rest_argv, "c:o:", longs, NULL)) != -1) {
		switch (c) {
		case 'r': w->selection.reason = optarg; break;
		case 't': w->selection.topic = optarg; break;
		case 'a': w->selection.again = true; break;
		case 'n': w->selection.now = true; break;
		case 'd': w->dry_run = true; break;
		case 'y': w->yes = true; break;
		case 'c':
			free(cli->config);
			cli->config = slice_dup(slice_str(optarg));
			break;
		case 'o':
			if (add_setting(cli, optarg) != 0)
				return -1;
			break;
		default: return -1;
		}
	}
	return parse_words(w, cli->rest_argc - optind, cli->rest_argv + optind);
}

static int run(struct work *w, struct err *err)
{
	w->reader = dead_letters_reader_new(&w->settings, w->log, err);
	if (w->reader == NULL || dead_letters_scan(w->reader, collect_marks, w, err) != 0)
		return -1;
	dead_letters_marks_sort(&w->marks);
	switch (w->action) {
	case ACTION_LIST: return list(w, err);
	case ACTION_SHOW: return show(w, err);
	case ACTION_REPLAY: return replay(w, err);
	}
	return -1;
}

int dead_letters_command(struct cli *cli)
{
	struct work w = {.action = ACTION_LIST};
	struct settings_request request;
	struct err err;
	int code;

	if (parse_options(&w, cli) != 0) {
		fprintf(stderr, "riverd dead-letters --help says what can be said.\n");
		free(w.places);
		return EXIT_USAGE;
	}
	request = run_settings_request(cli, SETTINGS_FOR_RUN);
	buf_init(&w.out, (size_t)16 << 20);
	code = run_load_settings(&w.settings, &request);
	if (code == EXIT_OK) {
		w.log = log_new(STDERR_FILENO, (enum log_format)w.settings.log_format, LOG_WARN,
				clock_system());
		if (run(&w, &err) != 0) {
			flush_out(&w);
			fprintf(stderr, "riverd dead-letters: %s\n", err.text);
			code = err.class == ERR_REFUSED ? EXIT_FAILED : run_exit_code(&err);
		}
		dead_letters_reader_free(w.reader);
		log_free(w.log);
	}
	settings_release(&w.settings);
	dead_letters_marks_release(&w.marks);
	dead_letters_table_release(&w.table);
	buf_release(&w.out);
	free(w.places);
	return code;
}
