#ifndef RIVER_WIRE_DEAD_LETTER_READ_H
#define RIVER_WIRE_DEAD_LETTER_READ_H

/* A record of the dead-letter topic, read back: where it came from, why, and
 * which of its headers were there before (wire/dead_letter.h wrote the others).
 *
 * Besides dead letters the topic holds marks: a record without key and value
 * whose header riverd.replayed names a dead letter ("PARTITION/OFFSET" of this
 * topic) that was written back to where it came from. */

#include "base/buf.h"
#include "wire/record.h"

#define DEAD_LETTER_MARK_HEADER "riverd.replayed"
/* On a record that was written back: "TOPIC/PARTITION/OFFSET" of the dead letter. */
#define DEAD_LETTER_FROM_HEADER "riverd.replayed.from"

enum dead_letter_kind {
	DEAD_LETTER_RECORD,
	DEAD_LETTER_MARK,
	DEAD_LETTER_FOREIGN, /* somebody else's: it does not say where it came from */
};

struct dead_letter_view {
	enum dead_letter_kind kind;
	struct slice topic, stage, reason, sentence; /* borrowed from the message's headers */
	int32_t partition;			     /* a mark: of the dead letter */
	int64_t offset;				     /* likewise */
	int64_t timestamp_ms;			     /* the record's own; -1: it had none */
	size_t header_count;			     /* the message's headers up to here were there before */
};

void dead_letter_view(const struct message *m, struct dead_letter_view *out);

/* Whether publishing put the i-th header in front of the message's own. */
bool dead_letter_publishers_header(const struct message *m, size_t i);

/* "PARTITION/OFFSET"; -1 when it is not that. */
int dead_letter_place(struct slice text, int32_t *partition, int64_t *offset);

#endif
