#include "daemon/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int listen_parse(const char *text, char *host, size_t host_size, uint16_t *port, struct err *err)
{
	const char *colon = strrchr(text, ':'), *number = colon != NULL ? colon + 1 : text;
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	char *end;
	long value = strtol(number, &end, 10);

	if (*number < '0' || *number > '9' || *end != '\0' || value > 65535 || len >= host_size)
		return err_set(err, ERR_CONFIG, 0,
			       "'%s' is not an address: write 127.0.0.1:8080 or [::1]:8080", text);
	if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
		text++;
		len -= 2;
	}
	if (len == 0)
		snprintf(host, host_size, "127.0.0.1");
	else
		snprintf(host, host_size, "%.*s", (int)len, text);
	*port = (uint16_t)value;
	return 0;
}
