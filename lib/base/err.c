#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, enum err_class class, int code, const char *fmt, ...)
{
	va_list args;

	if (err == NULL)
		return -1;
	err->class = class;
	err->code = code;
	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}

int err_wrap(struct err *err, const char *fmt, ...)
{
	char inner[ERR_TEXT_MAX];
	va_list args;
	int n;

	if (err == NULL)
		return -1;
	memcpy(inner, err->text, sizeof(inner));
	va_start(args, fmt);
	n = vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	if (n >= 0 && (size_t)n < sizeof(err->text))
		snprintf(err->text + n, sizeof(err->text) - (size_t)n, ": %s", inner);
	return -1;
}

void err_clear(struct err *err)
{
	if (err == NULL)
		return;
	err->class = ERR_NONE;
	err->code = 0;
	err->text[0] = '\0';
}

const char *err_class_name(enum err_class class)
{
	switch (class) {
	case ERR_NONE: return "none";
	case ERR_RETRY: return "retry";
	case ERR_ABORT_TXN: return "abort_txn";
	case ERR_POISON: return "poison";
	case ERR_CONFIG: return "config";
	case ERR_REFUSED: return "refused";
	case ERR_NOT_FOUND: return "not_found";
	case ERR_FATAL: return "fatal";
	}
	return "unknown";
}
