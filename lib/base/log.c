#include "base/log.h"

#include "base/buf.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LINE_MAX_BYTES 4096
#define REPEAT_SLOTS   64

/* Messages are told apart by the address of their format string. */
struct repeat {
	const char *fmt;
	int64_t window_start_ms;
	unsigned seen;
	unsigned suppressed;
};

struct log {
	pthread_mutex_t lock;
	int fd;
	enum log_format format;
	bool journal;
	atomic_int level;
	struct clock clock;
	struct repeat repeats[REPEAT_SLOTS];
};

static const struct {
	enum log_level level;
	const char *name;
} level_names[] = {
	{LOG_ERROR, "error"}, {LOG_WARN, "warning"}, {LOG_NOTICE, "notice"},
	{LOG_INFO, "info"},   {LOG_DEBUG, "debug"},
};

const char *log_level_name(enum log_level level)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (level_names[i].level == level)
			return level_names[i].name;
	return "info";
}

int log_level_parse(const char *word)
{
	for (size_t i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++)
		if (strcmp(level_names[i].name, word) == 0)
			return (int)level_names[i].level;
	return -1;
}

/* sd_journal's rule (systemd.exec(5)): JOURNAL_STREAM is "dev:inode" of the
 * stream that is connected to the journal. */
static bool is_journal(int fd)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long dev, ino;
	struct stat st;

	return stream != NULL && sscanf(stream, "%llu:%llu", &dev, &ino) == 2 && fstat(fd, &st) == 0 &&
	       st.st_dev == (dev_t)dev && st.st_ino == (ino_t)ino;
}

struct log *log_new(int fd, enum log_format format, enum log_level level, struct clock clock)
{
	struct log *log = calloc(1, sizeof(*log));

	if (log == NULL)
		return NULL;
	pthread_mutex_init(&log->lock, NULL);
	log->fd = fd;
	log->journal = is_journal(fd);
	log->format = format == LOG_FORMAT_AUTO ? LOG_FORMAT_TEXT : format;
	atomic_init(&log->level, (int)level);
	log->clock = clock;
	return log;
}

void log_free(struct log *log)
{
	if (log == NULL)
		return;
	pthread_mutex_destroy(&log->lock);
	free(log);
}

void log_set_level(struct log *log, enum log_level level)
{
	atomic_store(&log->level, (int)level);
}

enum log_level log_level(const struct log *log)
{
	return (enum log_level)atomic_load(&log->level);
}

static void put_timestamp(struct buf *line, int64_t wall_ms)
{
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm;

	gmtime_r(&s, &tm);
	buf_printf(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday,
		   tm.tm_hour, tm.tm_min, tm.tm_sec, (int)(wall_ms % 1000));
}

static void emit(struct log *log, enum log_level level, const char *area, const char *text)
{
	char storage[LINE_MAX_BYTES];
	struct buf line = {.data = storage, .cap = sizeof(storage), .max = sizeof(storage) - 1};

	if (log->format == LOG_FORMAT_JSON) {
		buf_str(&line, "{\"timestamp\":\"");
		put_timestamp(&line, clock_wall_ms(&log->clock));
		buf_printf(&line, "\",\"level\":\"%s\",\"area\":\"%s\",\"message\":", log_level_name(level),
			   area);
		buf_json_string(&line, slice_str(text));
		buf_str(&line, "}");
	} else {
		if (log->journal) {
			buf_printf(&line, "<%d>", (int)level);
		} else {
			put_timestamp(&line, clock_wall_ms(&log->clock));
			buf_printf(&line, " %-7s ", log_level_name(level));
		}
		buf_printf(&line, "%s: %s", area, text);
	}
	line.failed = false;
	if (line.len >= line.max)
		line.len = line.max - 1;
	storage[line.len++] = '\n';
	if (write(log->fd, storage, line.len) < 0)
		return; /* nowhere left to say it */
}

/* Whether this line may pass; says what was held back when a window ends. */
static bool admit(struct log *log, enum log_level level, const char *area, const char *fmt)
{
	struct repeat *r = &log->repeats[((uintptr_t)fmt >> 3) % REPEAT_SLOTS];
	int64_t now = clock_mono_ms(&log->clock);

	if (r->fmt != fmt || now - r->window_start_ms > LOG_WINDOW_MS) {
		if (r->fmt == fmt && r->suppressed > 0) {
			char text[96];

			snprintf(text, sizeof(text), "(%u more like the next line were not shown)",
				 r->suppressed);
			emit(log, level, area, text);
		}
		*r = (struct repeat){.fmt = fmt, .window_start_ms = now};
	}
	if (r->seen < LOG_BURST) {
		r->seen++;
		return true;
	}
	r->suppressed++;
	return false;
}

void log_write(struct log *log, enum log_level level, const char *area, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES / 2];
	va_list args;

	if (log == NULL || (int)level > atomic_load(&log->level))
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	for (char *p = text; *p; p++) /* one event, one line */
		if (*p == '\n' || *p == '\r')
			*p = ' ';
	pthread_mutex_lock(&log->lock);
	if (level == LOG_DEBUG || admit(log, level, area, fmt))
		emit(log, level, area, text);
	pthread_mutex_unlock(&log->lock);
}
