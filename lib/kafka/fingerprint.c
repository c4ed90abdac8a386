#include "kafka/fingerprint.h"

#include "base/crc32c.h"

uint32_t fingerprint_of(const rd_kafka_message_t *m)
{
	return crc32c(crc32c(0, slice_make(m->key, m->key_len)), slice_make(m->payload, m->len));
}
