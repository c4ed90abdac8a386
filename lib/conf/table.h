#ifndef RIVER_CONF_TABLE_H
#define RIVER_CONF_TABLE_H

/* Configuration as one table of typed rows.
 *
 * A program describes its keys in an array of struct conf_row and its values
 * in a plain struct; everything else follows from the two: reading, range
 * checks, "did you mean", --print-config, --help, the sample file and the
 * documentation (conf/describe.h). Keys that begin with one of the table's
 * prefixes are not interpreted here but kept for somebody else (librdkafka).
 *
 * Precedence: command line, environment, file, default. The variable of a key
 * is the table's env_prefix and the key in upper case, '.' as '_' and '_' as
 * '__': summary.api_key is RIVERD_SUMMARY_API__KEY. References such as
 * ${env:NAME} are replaced in the file and on the command line; the value of a
 * variable is taken as it is. */

#include "base/buf.h"
#include "base/err.h"
#include "conf/properties.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum conf_type {
	CONF_SECTION,  /* no key: a heading, `help` is its text */
	CONF_STRING,   /* char *, owned; NULL when empty */
	CONF_SECRET,   /* the same, never shown */
	CONF_PATH,     /* the same, a file or directory */
	CONF_URL,      /* the same, http or https */
	CONF_ADDRESS,  /* the same, host:port, [v6]:port */
	CONF_BOOL,     /* bool */
	CONF_INT,      /* int64_t */
	CONF_NUMBER,   /* double; NaN when empty */
	CONF_DURATION, /* int64_t, milliseconds */
	CONF_BYTES,    /* int64_t */
	CONF_ENUM,     /* int: index into `choices` */
	CONF_LIST,     /* struct conf_list, comma-separated */
	CONF_URLS,     /* struct conf_list of URLs */
	CONF_KEPT,     /* begins with a prefix and is kept there; the row documents it */
};

#define CONF_RELOADABLE 0x1u /* may change while running */
#define CONF_REQUIRED	0x2u /* may not be empty */
#define CONF_SHOWN	0x4u /* in the sample file as a live line, not a comment */

struct conf_list {
	char **items; /* owned */
	size_t count;
};

struct conf_row {
	const char *key;
	enum conf_type type;
	size_t offset;		    /* of the member in the program's struct */
	const char *def;	    /* as it would be written; "" means unset */
	int64_t min, max;	    /* INT, DURATION, BYTES; NUMBER in thousandths. Both 0: no limit */
	const char *const *choices; /* ENUM: NULL-terminated */
	unsigned flags;
	const char *help; /* plain sentences, no line breaks */
};

struct conf_prefix {
	const char *prefix; /* "kafka." */
	const char *help;
	/* Whether `name` (without the prefix) exists there; NULL: anything does.
	 * Used for hints; the owner of the prefix checks for real. */
	bool (*knows)(const char *name);
};

struct conf_table {
	const char *program;	/* "riverd" */
	const char *env_prefix; /* "RIVERD_" */
	const struct conf_row *rows;
	size_t row_count;
	const struct conf_prefix *prefixes; /* the first that fits wins: longest first */
	size_t prefix_count;
	/* Variables that begin with env_prefix and one of these are not ours;
	 * NULL-terminated. */
	const char *const *foreign_variables;
};

enum conf_origin { CONF_FROM_DEFAULT, CONF_FROM_FILE, CONF_FROM_ENVIRONMENT, CONF_FROM_COMMAND_LINE };

/* A key that was set somewhere, or kept for a prefix. */
struct conf_entry {
	char *key, *value; /* owned; value is resolved */
	enum conf_origin origin;
	char *where; /* "riverd.conf:12", "RIVERD_WINDOW", "-o"; owned */
	bool secret;
	bool referred; /* the value was put in for ${...}: it does not stand there itself */
};

/* What is wrong, one line a problem, each "where: key: sentence". */
struct conf_problems {
	struct buf errors, warnings; /* lines ending in \n */
	size_t error_count, warning_count;
};
void conf_problems_init(struct conf_problems *p);
void conf_problems_release(struct conf_problems *p);
void conf_error(struct conf_problems *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void conf_warning(struct conf_problems *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Every key that was set, by descending precedence merged: each key once. */
struct conf {
	struct conf_entry *entries;
	size_t count, capacity;
};

struct conf_sources {
	const char *path;	    /* file; NULL: none */
	const char *const *options; /* "key=value" from the command line, later ones win */
	size_t option_count;
	char *const *environment;    /* "NAME=value", NULL-terminated; NULL: none */
	struct properties_port port; /* for references */
};

void conf_init(struct conf *c);
void conf_release(struct conf *c);

/* Reads the sources, merges them and checks that every key is known. All
 * problems are collected; -1 when there is an error among them. */
int conf_read(struct conf *c, const struct conf_table *t, const struct conf_sources *s,
	      struct conf_problems *p);

/* Sets a key, replacing what was there; `value` is taken as it is. -1 when out
 * of memory. For values that a program derives itself. */
int conf_put(struct conf *c, const struct conf_table *t, const char *key, const char *value,
	     enum conf_origin origin, const char *where, bool secret);

const struct conf_entry *conf_get(const struct conf *c, const char *key);

/* Writes every typed row into `values` (zeroed before): what was set, else the
 * default. All problems are collected; -1 when there is an error among them.
 * `values` can be released with conf_values_release in either case. */
int conf_apply(const struct conf *c, const struct conf_table *t, void *values, struct conf_problems *p);
/* Every required key must have a value. */
int conf_check_required(const struct conf *c, const struct conf_table *t, struct conf_problems *p);
void conf_values_release(const struct conf_table *t, void *values);

/* Whether row `r` differs between two value structs. */
bool conf_row_differs(const struct conf_row *r, const void *a, const void *b);

const struct conf_row *conf_table_find(const struct conf_table *t, const char *key);
/* The prefix that `key` begins with, or NULL. */
const struct conf_prefix *conf_table_prefix(const struct conf_table *t, const char *key);

/* The environment variable of a key, owned; NULL when out of memory. */
char *conf_env_name(const struct conf_table *t, const char *key);

/* Whether a key holds a secret by its name (password, secret, token, ...) or type. */
bool conf_key_secret(const struct conf_table *t, const char *key);

#endif
