#ifndef RIVER_BASE_LOG_H
#define RIVER_BASE_LOG_H

/* The log: one line per event on a file descriptor, text or JSON.
 *
 * Under the systemd journal (JOURNAL_STREAM names our stderr) text lines get
 * a "<N>" priority prefix and no timestamp. Lines never carry payloads, keys
 * or addresses: name a record by topic, partition and offset.
 *
 * Repeats of one message (same format string) are let through LOG_BURST times
 * in LOG_WINDOW_MS, then counted, and the count is said when the window ends.
 * Thread safe. */

#include "base/clock.h"
#include "base/slice.h"

enum log_level { LOG_ERROR = 3, LOG_WARN = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };
enum log_format { LOG_FORMAT_AUTO, LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

#define LOG_BURST     10
#define LOG_WINDOW_MS 10000

struct log; /* opaque: holds a lock */

/* Writes to `fd` (not owned). NULL when out of memory. */
struct log *log_new(int fd, enum log_format format, enum log_level level, struct clock clock);
void log_free(struct log *log);

void log_set_level(struct log *log, enum log_level level);
enum log_level log_level(const struct log *log);

/* A NULL log drops the line. `area` is a short word: "kafka", "store", ... */
void log_write(struct log *log, enum log_level level, const char *area, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(log, area, ...)  log_write(log, LOG_ERROR, area, __VA_ARGS__)
#define log_warn(log, area, ...)   log_write(log, LOG_WARN, area, __VA_ARGS__)
#define log_notice(log, area, ...) log_write(log, LOG_NOTICE, area, __VA_ARGS__)
#define log_info(log, area, ...)   log_write(log, LOG_INFO, area, __VA_ARGS__)
#define log_debug(log, area, ...)  log_write(log, LOG_DEBUG, area, __VA_ARGS__)

/* "error", "warning", "notice", "info", "debug"; -1 when unknown. */
int log_level_parse(const char *word);
const char *log_level_name(enum log_level level);

#endif
