#ifndef RIVER_PUBLISH_METADATA_H
#define RIVER_PUBLISH_METADATA_H

/* What we leave beside each committed offset, in Kafka's own metadata string:
 *
 *   2;<db uuid>;<life>;<epoch>;<seq>;<consumed>;<replay_from>;<watermark ms>;<crc32c>
 *
 * <life> names the process that published (publish/life.h). Version 1 is the same without it.
 * ASCII, at most 200 bytes (brokers allow offset.metadata.max.bytes, 4096).
 * The CRC is over everything before the last semicolon, 8 lower-case hex
 * digits: a truncated or hand-edited string is noticed. Kafka Streams keeps its
 * partition time in the same place. */

#include "base/slice.h"

#include <stdint.h>

#define METADATA_MAX  200
#define METADATA_UUID 32 /* hex digits */
#define METADATA_LIFE 16 /* hex digits */

struct metadata {
	char uuid[METADATA_UUID + 1];
	char life[METADATA_LIFE + 1]; /* empty: version 1 */
	uint64_t epoch;
	uint64_t seq;	      /* every row up to here is published with this offset */
	int64_t consumed;     /* first input offset not yet consumed */
	int64_t replay_from;  /* first input offset that is still needed to rebuild */
	int64_t watermark_ms; /* event time */
};

/* Returns the length written (no NUL counted; one is there). `uuid` must be
 * METADATA_UUID hex digits, `life` METADATA_LIFE or none. */
size_t metadata_format(const struct metadata *m, char out[METADATA_MAX]);

/* Strict: exactly what metadata_format writes. 0 or -1. The slice need not be
 * NUL-terminated (librdkafka's is not). */
int metadata_parse(struct slice text, struct metadata *out);

#endif
