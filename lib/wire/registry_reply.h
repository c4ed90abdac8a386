#ifndef RIVER_WIRE_REGISTRY_REPLY_H
#define RIVER_WIRE_REGISTRY_REPLY_H

/* What a schema registry answered, read strictly. Pure: status and bytes in,
 * result or error out.
 *
 * Shapes are those of Confluent's REST interface (schema-registry-api-spec),
 * which Apicurio's /apis/ccompat, Karapace and Redpanda speak as well:
 *   by id, by GUID   {"schema": "...", "schemaType": "JSON", "references": [...], "guid": "..."}
 *   look up, latest  {"subject", "version", "id", "guid", "schema", "schemaType"}
 *   register         {"id": 7}, newer servers add version, guid, schema
 *   compatible       {"is_compatible": false, "messages": ["..."]}
 *   error            {"error_code": 40403, "message": "..."} */

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define REGISTRY_MAX_SCHEMA   (256 * 1024)  /* bytes of schema text */
#define REGISTRY_MAX_RESPONSE (1024 * 1024) /* the text is escaped twice on the wire */

enum registry_call {
	REGISTRY_BY_ID,
	REGISTRY_BY_GUID,
	REGISTRY_REGISTER,
	REGISTRY_LOOKUP,
	REGISTRY_LATEST,
	REGISTRY_COMPATIBLE,
	REGISTRY_CALLS
};

struct registry_schema {
	int32_t id; /* 0 when the answer had none (by id, by GUID) */
	int32_t version;
	bool has_guid;
	uint8_t guid[16];
	char type[16];	 /* "AVRO", "JSON", "PROTOBUF" */
	struct buf text; /* empty when the answer had none (register) */
};

void registry_schema_init(struct registry_schema *s);
void registry_schema_release(struct registry_schema *s);

/* Fills *out, or err:
 *   ERR_NOT_FOUND  404 with an error_code of 404xx: the registry says it has no such thing
 *   ERR_CONFIG     409 (incompatible), 422 (invalid), or asked and told that it is
 *                  not compatible: registering needs a person
 *   ERR_POISON     a schema that cannot be used: too long, or Avro with references
 *   ERR_RETRY      everything else; code is the HTTP status. That includes 404
 *                  without such a code (a wrong path answers so: no reason to
 *                  give records up), 401, 403, redirects, and answers that are
 *                  not what a registry sends. */
int registry_reply_parse(enum registry_call call, int status, struct slice body, struct registry_schema *out,
			 struct err *err);

/* Whether asking again soon may help: 408, 429, 5xx, and an answer of 200 that
 * could not be understood. */
bool registry_status_retriable(int status);

/* "89791762-2336-4186-9674-299b90a802e2" <-> bytes in that order. -1 when malformed. */
int registry_guid_parse(struct slice text, uint8_t guid[16]);
void registry_guid_text(const uint8_t guid[16], char out[37]);

#endif
