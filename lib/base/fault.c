#include "base/fault.h"

#include "base/slice.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* In alphabetical order; test_fault compares it with the calls in the source. */
static const char *const names[] = {
	"checkpoint.after_begin", "checkpoint.after_commit",
	"checkpoint.after_rows",  "checkpoint.before_commit",
	"checkpoint.fsync",	  "database.after_create",
	"database.before_close",  "database.before_mark",
	"epoch.after_close",	  "epoch.before_close",
	"evidence.after_read",	  "evidence.before_read",
	"intake.after_batch",	  "loop.tick",
	"outbox.after_confirm",	  "outbox.before_confirm",
	"publish.after_begin",	  "publish.after_commit",
	"publish.after_dirty",	  "publish.after_flush",
	"publish.after_row",	  "publish.after_rows",
	"publish.before_begin",	  "publish.before_commit",
	"publish.before_dirty",	  "resolve.after_committed",
	"resolve.after_open",	  "resolve.after_recover",
	"resolve.after_scan",	  "resolve.before_open",
	"start.after_dimensions", "start.after_positions",
	"start.after_restore",	  "start.after_verify",
	"start.before_connect",	  "stop.after_drain",
	"stop.before_drain",	  "summary.after_answer",
	"wal.after_checkpoint",	  "wal.before_checkpoint",
};
#define NAMES (sizeof(names) / sizeof(names[0]))

enum action { ACTION_NONE, ACTION_CRASH, ACTION_ERROR, ACTION_SLEEP };

static const char *const action_names[] = {"none", "crash", "error", "sleep"};

struct fault {
	enum action action;
	int64_t sleep_ms;
	uint64_t at; /* the visit that counts; 0: every one */
	uint64_t visits;
};

/* See the header for why this is not in a struct of someone. */
bool fault_armed;
static bool trace;
static struct fault faults[NAMES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

const char *fault_name(int index)
{
	return index >= 0 && (size_t)index < NAMES ? names[index] : NULL;
}

static int find(struct slice name)
{
	for (size_t i = 0; i < NAMES; i++) {
		if (slice_is(name, names[i]))
			return (int)i;
	}
	return -1;
}

/* "crash", "error", "sleep=MS", each with an optional "@N"; `text` is NUL-terminated. */
static int parse_action(const char *text, struct fault *f, struct err *err)
{
	const char *at = strchr(text, '@');
	struct slice word = slice_make(text, at != NULL ? (size_t)(at - text) : strlen(text));
	char *end = NULL;

	if (at != NULL) {
		errno = 0;
		f->at = strtoull(at + 1, &end, 10);
		if (errno != 0 || end == at + 1 || *end != '\0' || f->at == 0)
			return err_set(err, ERR_CONFIG, 0,
				       "RIVERD_FAULT: \"%s\": after @ comes a visit from 1", text);
	}
	if (slice_is(word, "crash")) {
		f->action = ACTION_CRASH;
	} else if (slice_is(word, "error")) {
		f->action = ACTION_ERROR;
	} else if (word.len > 6 && strncmp(text, "sleep=", 6) == 0) {
		f->action = ACTION_SLEEP;
		f->sleep_ms = strtoll(text + 6, &end, 10);
		if (end != text + word.len || f->sleep_ms < 0)
			return err_set(err, ERR_CONFIG, 0, "RIVERD_FAULT: \"%s\": sleep=MILLISECONDS", text);
	} else {
		return err_set(err, ERR_CONFIG, 0, "RIVERD_FAULT: \"%s\": crash, error or sleep=MILLISECONDS",
			       text);
	}
	return 0;
}

static int parse_item(const char *item, struct err *err)
{
	const char *colon = strchr(item, ':');
	struct fault f = {.action = ACTION_NONE};
	int index;

	if (strcmp(item, "*:trace") == 0) {
		trace = true;
		return 0;
	}
	if (colon == NULL)
		return err_set(err, ERR_CONFIG, 0, "RIVERD_FAULT: \"%s\": NAME:ACTION expected", item);
	index = find(slice_make(item, (size_t)(colon - item)));
	if (index < 0)
		return err_set(err, ERR_CONFIG, 0, "RIVERD_FAULT: there is no failpoint \"%.*s\"",
			       (int)(colon - item), item);
	if (parse_action(colon + 1, &f, err))
		return -1;
	faults[index] = f;
	return 0;
}

static void disarm(void)
{
	fault_armed = false;
	trace = false;
	memset(faults, 0, sizeof(faults));
}

int fault_arm(const char *spec, struct err *err)
{
	char *copy, *item, *rest;
	int result = 0;

	disarm();
	if (spec == NULL || *spec == '\0')
		return 0;
	copy = strdup(spec);
	if (copy == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "out of memory");
	rest = copy;
	while (result == 0 && (item = strsep(&rest, ",")) != NULL)
		result = parse_item(item, err);
	free(copy);
	if (result == 0)
		fault_armed = true;
	else
		disarm();
	return result;
}

uint64_t fault_visits(const char *name)
{
	int index = find(slice_str(name));
	uint64_t visits;

	pthread_mutex_lock(&lock);
	visits = index < 0 ? 0 : faults[index].visits;
	pthread_mutex_unlock(&lock);
	return visits;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &t, &t) == EINTR)
		;
}

int fault_visit(const char *name)
{
	int index = find(slice_str(name));
	struct fault f;

	if (index < 0) {
		fprintf(stderr, "riverd: failpoint %s is not in the list of lib/base/fault.c\n", name);
		abort();
	}
	pthread_mutex_lock(&lock);
	f = faults[index];
	f.visits = ++faults[index].visits;
	pthread_mutex_unlock(&lock);
	if (trace && f.visits == 1)
		fprintf(stderr, "riverd: failpoint %s visited\n", name);
	if (f.action == ACTION_NONE || (f.at != 0 && f.at != f.visits))
		return 0;
	fprintf(stderr, "riverd: failpoint %s: %s\n", name, action_names[f.action]);
	if (f.action == ACTION_CRASH) {
		kill(getpid(), SIGKILL);
		pause();
	}
	if (f.action == ACTION_SLEEP) {
		sleep_ms(f.sleep_ms);
		return 0;
	}
	return -1;
}
