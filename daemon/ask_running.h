#ifndef RIVERD_ASK_RUNNING_H
#define RIVERD_ASK_RUNNING_H

/* Asking a running riverd over HTTP, for the commands that look from outside:
 * a plain blocking GET; no loop, no configuration file, no proxy. */

#include "base/buf.h"

/* Where to find riverd: RIVERD_HTTP_URL, or where RIVERD_HTTP_LISTEN (the key
 * http.listen) says that the one of this host listens, or http://127.0.0.1:8080.
 * An address for all interfaces is reached by loopback. Appended. */
void ask_running_default_url(struct buf *url);

/* GET of `url` (NULL: the default) with `path` behind it. The server's status,
 * or 0 with *why set (constant text). The answer is appended to `answer`; one
 * that does not fit is no answer. `asked` (may be NULL) gets the whole URL.
 * curl_global_init() was called. */
long ask_running(const char *url, const char *path, long timeout_ms, struct buf *answer, struct buf *asked,
		 const char **why);

#endif
