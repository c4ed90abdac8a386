#ifndef RIVER_KAFKA_FINGERPRINT_H
#define RIVER_KAFKA_FINGERPRINT_H

/* CRC-32C over key and value of a message: enough to notice that another
 * record stands at an offset where one of ours was (recreated topic). */

#include <librdkafka/rdkafka.h>
#include <stdint.h>

uint32_t fingerprint_of(const rd_kafka_message_t *m);

#endif
