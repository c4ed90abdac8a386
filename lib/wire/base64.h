#ifndef RIVER_WIRE_BASE64_H
#define RIVER_WIRE_BASE64_H

/* Base64 (RFC 4648, section 4), as Kafka Connect's JSON converter writes bytes. */

#include "base/buf.h"

/* Appends the decoded bytes. Padding may be missing. False, with nothing
 * appended, when the text is not base64 or the buffer is full. */
bool base64_decode(struct slice text, struct buf *out);

#endif
