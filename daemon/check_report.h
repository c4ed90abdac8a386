#ifndef RIVERD_CHECK_REPORT_H
#define RIVERD_CHECK_REPORT_H

/* The table that `riverd check --online` prints, one row a thing looked at:
 * ok, warn or FAIL, what it is, what was found and what to do. */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum check_verdict {
	CHECK_OK,
	CHECK_WARN,
	CHECK_UNREACHABLE, /* FAIL: may be better later */
	CHECK_WRONG,	   /* FAIL: somebody must change something */
};

struct check_report {
	FILE *out;
	size_t warnings, unreachable, wrong;
};

void check_row(struct check_report *r, enum check_verdict verdict, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* A failure: unreachable for ERR_RETRY, else wrong. `advice` comes behind it; or NULL. */
void check_row_err(struct check_report *r, const char *what, const struct err *err, const char *advice);

/* EXIT_OK, EXIT_CONFIG when something is wrong, else EXIT_UNAVAILABLE. */
int check_report_code(const struct check_report *r);

#endif
