#include "daemon/check_report.h"

#include "daemon/cli.h"

#include <stdarg.h>

void check_row(struct check_report *r, enum check_verdict verdict, const char *what, const char *fmt, ...)
{
	static const char *const signs[] = {"ok", "warn", "FAIL", "FAIL"};
	va_list args;

	r->warnings += verdict == CHECK_WARN;
	r->unreachable += verdict == CHECK_UNREACHABLE;
	r->wrong += verdict == CHECK_WRONG;
	fprintf(r->out, "%-8s %-44s ", signs[verdict], what);
	va_start(args, fmt);
	vfprintf(r->out, fmt, args);
	va_end(args);
	fputc('\n', r->out);
	fflush(r->out); /* the next one may take a while */
}

void check_row_err(struct check_report *r, const char *what, const struct err *err, const char *advice)
{
	check_row(r, err->class == ERR_RETRY ? CHECK_UNREACHABLE : CHECK_WRONG, what, "%s%s%s", err->text,
		  advice != NULL ? "; " : "", advice != NULL ? advice : "");
}

int check_report_code(const struct check_report *r)
{
	if (r->wrong > 0)
		return EXIT_CONFIG;
	return r->unreachable > 0 ? EXIT_UNAVAILABLE : EXIT_OK;
}
