#ifndef RIVERD_OBSERVE_H
#define RIVERD_OBSERVE_H

/* The windows of the daemon: /livez, /readyz, /healthz, /metrics, /status and
 * the page. Handlers run on the loop and read the app as it is. */

#include "base/err.h"

#include <stdint.h>

struct app;
struct observe;

struct observe *observe_new(struct app *app, struct err *err);
void observe_close(struct observe *o); /* NULL is harmless */
uint16_t observe_port(const struct observe *o);

#endif
