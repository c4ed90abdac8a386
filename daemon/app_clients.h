#ifndef RIVERD_APP_CLIENTS_H
#define RIVERD_APP_CLIENTS_H

/* From settings to the clients of others: registry, model, Kafka. */

#include "base/err.h"

struct app;

int app_clients_open(struct app *a, struct err *err);
void app_clients_close(struct app *a);

/* The pipeline's question to whoever makes the summaries (ctx is the app). */
struct question;
void app_clients_ask(void *ctx, const struct question *question);

/* After an epoch got fuller or emptier: the model is asked while there is room for what
 * its answers make. */
void app_clients_room(struct app *a);

#endif
