#ifndef RIVERD_CHECK_WRITE_H
#define RIVERD_CHECK_WRITE_H

/* Whether a topic may be written to, without writing to it.
 *
 * Kafka looks at the right to write before anything else of a request, and then
 * refuses one that asks for two acknowledgements (only -1, 0 and 1 exist). So
 * such a request tells which of the two it is, and nothing is ever stored. A
 * broker that takes it all the same is asked once and never again: its first
 * topic, let it be that of the dead letters, has got one empty record. */

#include "base/err.h"
#include "daemon/settings.h"

struct check_write;

/* NULL with an error when there can be no producer with these settings. */
struct check_write *check_write_new(const struct settings *s, int timeout_ms, struct err *err);
void check_write_free(struct check_write *w); /* NULL is fine */

enum check_write_answer {
	CHECK_WRITE_ALLOWED,
	CHECK_WRITE_DENIED,
	CHECK_WRITE_UNKNOWN, /* no answer, or from a broker that cannot be asked so */
};
enum check_write_answer check_write_ask(struct check_write *w, const char *topic);

#endif
