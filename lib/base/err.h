#ifndef RIVER_BASE_ERR_H
#define RIVER_BASE_ERR_H

/* An error is a class, a code and a sentence.
 *
 * The class decides what happens next, in one switch; the code is whatever
 * number the failing layer knows (errno, SQLite, librdkafka, HTTP); the
 * sentence is wrapped with context while unwinding, outermost first:
 * "join booking b1: decode value: schema 42: not found".
 *
 * Functions that can fail take `struct err *err` last and return 0 or -1
 * (or a pointer or NULL). They fill err only on failure. */

enum err_class {
	ERR_NONE = 0,
	ERR_RETRY,     /* the same call may succeed later: broker, registry, model, disk full */
	ERR_ABORT_TXN, /* the open Kafka transaction must be aborted and resolved */
	ERR_POISON,    /* this input record cannot be used: dead letter */
	ERR_CONFIG,    /* the operator must change the configuration: exit 78 */
	ERR_REFUSED,   /* the state must not be used as it is: exit 3 */
	ERR_NOT_FOUND, /* asked-for thing does not exist (HTTP 404, unknown topic) */
	ERR_FATAL,     /* cannot go on in this process: exit 1 */
};

#define ERR_TEXT_MAX 512

struct err {
	enum err_class class;
	int code;
	char text[ERR_TEXT_MAX]; /* always NUL-terminated, cut when too long */
};

/* Fills err (which may be NULL) and returns -1, so that a caller can write
 * `return err_set(err, ERR_RETRY, errno, "open %s", path);`. */
int err_set(struct err *err, enum err_class class, int code, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* Puts "context: " before the sentence and returns -1. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void err_clear(struct err *err);

/* A short word for logs and metrics: "retry", "poison", ... */
const char *err_class_name(enum err_class class);

#endif
