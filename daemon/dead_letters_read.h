#ifndef RIVERD_DEAD_LETTERS_READ_H
#define RIVERD_DEAD_LETTERS_READ_H

/* Reads the dead-letter topic, committed records only, from its first record
 * kept to the end it has now. Blocking; for commands. */

#include "base/log.h"
#include "daemon/settings.h"
#include "wire/record.h"

struct dead_letters_reader;

/* NULL and err when the topic cannot be looked at: ERR_CONFIG, ERR_RETRY. */
struct dead_letters_reader *dead_letters_reader_new(const struct settings *s, struct log *log,
						    struct err *err);
void dead_letters_reader_free(struct dead_letters_reader *r);

/* Calls `each` for every record, partition by partition as they come; the
 * message is borrowed for the call. A -1 of it (err set) ends the scan and is
 * returned. -1 with ERR_RETRY when the end cannot be reached in time. */
typedef int (*dead_letters_fn)(void *ctx, const struct message *m, struct err *err);
int dead_letters_scan(struct dead_letters_reader *r, dead_letters_fn each, void *ctx, struct err *err);

#endif
