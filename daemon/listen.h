#ifndef RIVERD_LISTEN_H
#define RIVERD_LISTEN_H

/* "host:port" of http.listen: "127.0.0.1:8080", "[::1]:8080", "8080". */

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* 0, or -1 with ERR_CONFIG that says what the form is. */
int listen_parse(const char *text, char *host, size_t host_size, uint16_t *port, struct err *err);

#endif
