#ifndef RIVER_BASE_CRC32C_H
#define RIVER_BASE_CRC32C_H

/* CRC-32C (Castagnoli), the checksum of Kafka's own record batches (RFC 3720
 * appendix B.4 has test vectors). Detects accidents, not malice. */

#include "base/slice.h"

#include <stdint.h>

/* Continues from `crc`; start with 0. */
uint32_t crc32c(uint32_t crc, struct slice s);

#endif
