#include "daemon/top.h"

#include "base/json_read.h"
#include "daemon/ask_running.h"
#include "daemon/cli.h"
#include "daemon/top_view.h"

#include <curl/curl.h>
#include <getopt.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

/* Happy path: ask, draw, wait for a key, a signal or the interval, again. The
 * screen before is given back at the end, whatever ends it: signals arrive as
 * reads from a descriptor, so there is one way out. When riverd does not
 * answer, the last picture stays with a line that says so. */

#define ANSWER_MAX ((size_t)32 << 20)
#define ANSWER_MS  5000

#define SCREEN_ENTER "\033[?1049h\033[?25l"
#define SCREEN_LEAVE "\033[?25h\033[?1049l"

struct options {
	const char *url;
	double interval;
	bool once, plain;
};

struct top {
	const struct options *options;
	struct buf answer, screen;
	cJSON *now, *before; /* owned; NULL: none yet */
	int64_t now_ms, before_ms;
	char why[160]; /* why there is no newer answer; "" */
	int signals;   /* signalfd */
	struct termios saved;
	bool raw; /* the terminal is to be put back */
};

static int64_t mono_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- asking ---- */

static int ask(struct top *t)
{
	const char *why;
	struct err err;
	cJSON *json;
	long status;

	buf_clear(&t->answer);
	status = ask_running(t->options->url, "/status", ANSWER_MS, &t->answer, NULL, &why);
	if (status != 200) {
		if (status == 0)
			snprintf(t->why, sizeof(t->why), "%s", why);
		else
			snprintf(t->why, sizeof(t->why), "HTTP status %ld", status);
		return -1;
	}
	json = json_read(buf_view(&t->answer), ANSWER_MAX, &err);
	if (json == NULL || json_member(json, "flow") == NULL) {
		snprintf(t->why, sizeof(t->why), "the answer is not riverd's");
		cJSON_Delete(json);
		return -1;
	}
	cJSON_Delete(t->before);
	t->before = t->now;
	t->before_ms = t->now_ms;
	t->now = json;
	t->now_ms = mono_ms();
	t->why[0] = '\0';
	return 0;
}

/* ---- drawing ---- */

static struct top_style style_of(const struct top *t, bool whole)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	struct top_style style = {.columns = 100};

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
		style.columns = size.ws_col;
		style.rows = size.ws_row > 1 ? size.ws_row - 1u : 1;
	} else if (columns != NULL && strtol(columns, NULL, 10) >= 20) {
		style.columns = (size_t)strtol(columns, NULL, 10);
	}
	if (whole)
		style.rows = 0;
	style.colour = !t->options->plain && getenv("NO_COLOR") == NULL && isatty(STDOUT_FILENO);
	style.seconds = (double)(t->now_ms - t->before_ms) / 1000;
	return style;
}

static void write_all(const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(STDOUT_FILENO, data, len);

		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

/* Overwrites the screen line by line, so that nothing flickers. */
static void paint(struct top *t, const struct buf *text)
{
	struct buf out;

	buf_init(&out, ANSWER_MAX);
	buf_str(&out, "\033[H");
	for (size_t i = 0; i < text->len; i++) {
		if (text->data[i] == '\n')
			buf_str(&out, "\033[K\r\n");
		else
			buf_byte(&out, (uint8_t)text->data[i]);
	}
	if (t->why[0] != '\0')
		buf_printf(&out, "\033[7m no answer: %s; trying again, q ends \033[0m", t->why);
	else
		buf_str(&out, "\033[2mq ends\033[0m");
	buf_str(&out, "\033[K\033[J");
	write_all(out.data, out.len);
	buf_release(&out);
}

static void show(struct top *t)
{
	struct top_style style = style_of(t, false);

	buf_clear(&t->screen);
	if (t->now != NULL)
		top_draw(&t->screen, t->now, t->before, &style);
	paint(t, &t->screen);
}

/* ---- the terminal ---- */

static int enter(struct top *t)
{
	struct termios raw;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGWINCH);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		return -1;
	t->signals = signalfd(-1, &set, SFD_CLOEXEC);
	if (t->signals < 0)
		return -1;
	if (tcgetattr(STDIN_FILENO, &t->saved) == 0) {
		raw = t->saved;
		raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
		raw.c_cc[VSUSP] = _POSIX_VDISABLE;
		raw.c_cc[VMIN] = 1;
		raw.c_cc[VTIME] = 0;
		t->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
	}
	write_all(SCREEN_ENTER, strlen(SCREEN_ENTER));
	return 0;
}

static void leave(struct top *t)
{
	write_all(SCREEN_LEAVE, strlen(SCREEN_LEAVE));
	if (t->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &t->saved);
	if (t->signals >= 0)
		close(t->signals);
}

/* Whether to go on. *again: time for another question. */
static bool wait_for_event(struct top *t, int64_t until_ms, bool *again)
{
	struct pollfd polled[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
				   {.fd = t->signals, .events = POLLIN}};
	int64_t left = until_ms - mono_ms();
	struct signalfd_siginfo info;
	char key;

	*again = poll(polled, 2, left > 0 ? (int)left : 0) <= 0;
	if ((polled[1].revents & POLLIN) && read(t->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		return info.ssi_signo == SIGWINCH;
	if (polled[0].revents != 0)
		return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 'Q';
	return true;
}

static void watch(struct top *t)
{
	int64_t every = (int64_t)(t->options->interval * 1000), next;
	bool again = true, on = true;

	ask(t);
	next = mono_ms() + every;
	while (on) {
		show(t);
		on = wait_for_event(t, next, &again);
		if (on && again) {
			ask(t);
			next = mono_ms() + every;
		}
	}
}

static int print_once(struct top *t)
{
	struct top_style style;

	if (ask(t) != 0) {
		fprintf(stderr, "riverd top: %s\n", t->why);
		return EXIT_FAILED;
	}
	style = style_of(t, true);
	top_draw(&t->screen, t->now, NULL, &style);
	fputs(buf_cstr(&t->screen), stdout);
	return EXIT_OK;
}

/* ---- the command ---- */

static int parse_options(int argc, char **argv, struct options *o)
{
	static const struct option longs[] = {
		{"url", required_argument, NULL, 'u'},
		{"interval", required_argument, NULL, 'i'},
		{"once", no_argument, NULL, 'o'},
		{"no-color", no_argument, NULL, 'n'},
		{NULL, 0, NULL, 0},
	};
	char *end;
	int c;

	optind = 1;
	while ((c = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (c) {
		case 'u': o->url = optarg; break;
		case 'i':
			o->interval = strtod(optarg, &end);
			if (*optarg == '\0' || *end != '\0' || !(o->interval >= 0.1 && o->interval <= 3600))
				return -1;
			break;
		case 'o': o->once = true; break;
		case 'n': o->plain = true; break;
		default: return -1;
		}
	}
	return optind == argc ? 0 : -1;
}

int top_command(int argc, char **argv)
{
	struct options o = {.interval = 1};
	struct top t = {.options = &o, .signals = -1};
	int code = EXIT_OK;

	if (parse_options(argc, argv, &o) != 0) {
		fprintf(stderr, "riverd top --help says what can be said.\n");
		return EXIT_USAGE;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return EXIT_FAILED;
	buf_init(&t.answer, ANSWER_MAX);
	buf_init(&t.screen, ANSWER_MAX);
	if (o.once || !isatty(STDOUT_FILENO)) {
		code = print_once(&t);
	} else if (enter(&t) == 0) {
		watch(&t);
		leave(&t);
	} else {
		code = EXIT_FAILED;
	}
	cJSON_Delete(t.now);
	cJSON_Delete(t.before);
	buf_release(&t.answer);
	buf_release(&t.screen);
	curl_global_cleanup();
	return code;
}
