#ifndef RIVER_CONF_PROPERTIES_H
#define RIVER_CONF_PROPERTIES_H

/* A flat properties file, read strictly.
 *
 *   # a comment; so is a line that begins with !
 *   key = value with blanks, trimmed at both ends
 *   long = first part, \
 *          second part
 *
 * One `=` divides key and value. Keys are made of letters, digits, '.', '_'
 * and '-'. A line that ends in an odd number of backslashes goes on in the
 * next one, whose leading blanks are dropped; of a run of backslashes at the
 * end, each pair stands for one. Nothing else is an escape, and a # within a
 * value is a #. UTF-8 without control characters; a byte order mark and CR LF
 * are tolerated. The same key twice is an error, and so is anything else.
 *
 * After parsing, properties_resolve replaces references within values:
 *
 *   ${env:NAME}           environment variable; an error when it is not set
 *   ${env:NAME:default}   the same with a default (which may be empty)
 *   ${file:PATH}          the whole file, without blanks at both ends
 *   ${file:PATH:key}      one key of another properties file
 *   ${credential:NAME}    the file NAME in $CREDENTIALS_DIRECTORY (systemd)
 *   $${                   a literal ${
 *
 * What was put in is not looked at again, and marks the value as secret.
 * Errors are ERR_CONFIG and read "FILE:LINE: KEY: what is wrong". */

#include "base/buf.h"
#include "base/err.h"

#include <stddef.h>

#define PROPERTIES_MAX_BYTES (1024 * 1024)
#define PROPERTIES_MAX_KEY   255

struct property {
	char *key, *value; /* owned */
	int line;	   /* where it begins, from 1 */
	bool secret;	   /* the value holds something that was referred to */
};

struct properties {
	char *name; /* of the file, for error texts; owned */
	struct property *items;
	size_t count, capacity;
};

/* Where references are looked up; tests and the fuzzer give their own. */
struct properties_port {
	/* Borrowed value or NULL. */
	const char *(*env)(void *ctx, const char *name);
	/* Appends the whole file to `out`. */
	int (*file)(void *ctx, const char *path, struct buf *out, struct err *err);
	void *ctx;
};
struct properties_port properties_port_system(void);

void properties_init(struct properties *p);
void properties_release(struct properties *p);

/* Parses `text`; `name` is used in errors. p must be freshly initialised. On
 * error p holds what was read so far and can only be released. */
int properties_parse(struct properties *p, const char *name, struct slice text, struct err *err);

/* Reads and parses a file. ERR_CONFIG also when it cannot be read. */
int properties_load(struct properties *p, const char *path, struct err *err);

/* Replaces the references in every value. */
int properties_resolve(struct properties *p, const struct properties_port *port, struct err *err);

/* Replaces the references in one value: *out is owned. `where` begins the
 * error text ("riverd.conf:3: key"). */
int properties_resolve_value(const char *where, const char *value, const struct properties_port *port,
			     char **out, bool *secret, struct err *err);

/* NULL when there is none. */
const struct property *properties_get(const struct properties *p, const char *key);

#endif
