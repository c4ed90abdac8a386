#ifndef RIVER_WIRE_SCHEMA_REGISTRY_H
#define RIVER_WIRE_SCHEMA_REGISTRY_H

/* Client of a schema registry, on the loop.
 *
 * Happy path: a request is turned into one HTTP call; its answer is read by
 * registry_reply.h and handed to done(). Requests for the same thing share one
 * call, however many ask while it is under way.
 *
 * Failure modes: a URL that does not answer, or answers 408, 429 or 5xx, is
 * left for the next one at once; when all have failed, the round is repeated
 * up to `retries` times after a random wait of at most min(cap, base * 2^n)
 * (full jitter, the policy of Confluent's own clients). After that the
 * request ends with ERR_RETRY and says in retry_after_ms when to ask again; the
 * caller's records wait meanwhile. 401 and 403 are not repeated at once, but
 * are ERR_RETRY too: a rotated key must not need a restart.
 *
 * On close, every open request ends with ERR_RETRY ("closing") before
 * schema_registry_free() returns.
 *
 * Nothing is cached here: ids are immutable, so the owner keeps what it
 * learnt, on disk as well. */

#include "async/http_client.h"
#include "base/log.h"
#include "wire/registry_reply.h"

/* Strings are copied. */
struct registry_options {
	const char *urls;	    /* "https://a:8081,https://b:8081"; userinfo in a URL is its basic auth */
	const char *user_info;	    /* basic.auth.user.info "key:secret", or NULL */
	const char *bearer_token;   /* or NULL; not together with user_info */
	const char *const *headers; /* more request headers, "Name: value" */
	size_t header_count;
	bool allow_plaintext_credentials; /* over http:// to a host that is not loopback */
	bool normalize;			  /* register and look up with ?normalize=true */
	int64_t timeout_ms;		  /* of one HTTP call; 0: 10 s */
	int retries;			  /* rounds after the first; < 0: none; 0: 3 */
	int64_t backoff_base_ms;	  /* 0: 1 s */
	int64_t backoff_cap_ms;		  /* 0: 20 s */
	int64_t auth_retry_ms;		  /* what retry_after_ms says after 401 and 403; 0: 60 s */
	uint64_t seed;			  /* of the jitter */
};

/* Caller-owned; strings and text are borrowed until done(). done() is called
 * exactly once, on the loop, never from inside the call that started it. */
struct registry_request {
	void (*done)(struct registry_request *request);
	void *ctx;

	/* out, borrowed for the time of done(); schema is NULL when err is set */
	const struct registry_schema *schema;
	struct err err;		/* class ERR_NONE: fine. See registry_reply.h */
	int64_t retry_after_ms; /* for ERR_RETRY */

	/* private */
	struct registry_work *work;
	struct list node;
};

struct registry_counters {
	uint64_t calls;	    /* HTTP calls made */
	uint64_t shared;    /* requests that joined a call under way */
	uint64_t failures;  /* calls that did not bring an answer */
	uint64_t retries;   /* rounds repeated */
	uint64_t failovers; /* changes to another URL */
};

struct schema_registry;

/* `http` and `log` are borrowed and outlive it; log may be NULL. ERR_CONFIG for
 * options that contradict each other, malformed URLs, or credentials that
 * would go over plain http. */
struct schema_registry *schema_registry_new(struct loop *loop, struct http_client *http, struct log *log,
					    const struct registry_options *options, struct err *err);
void schema_registry_free(struct schema_registry *r);

/* GET /schemas/ids/{id}. */
int schema_registry_by_id(struct schema_registry *r, struct registry_request *request, int32_t id,
			  struct err *err);

/* GET /schemas/guids/{guid} (registries since 8.0). */
int schema_registry_by_guid(struct schema_registry *r, struct registry_request *request,
			    const uint8_t guid[16], struct err *err);

/* POST /subjects/{subject}/versions. `type` is "AVRO" or "JSON". The literal text is
 * sent: it is what others will read. */
int schema_registry_register(struct schema_registry *r, struct registry_request *request, const char *subject,
			     const char *type, struct slice text, struct err *err);

/* POST /subjects/{subject}: the id of exactly this schema, ERR_NOT_FOUND if it
 * was never registered there. */
int schema_registry_lookup(struct schema_registry *r, struct registry_request *request, const char *subject,
			   const char *type, struct slice text, struct err *err);

/* POST /compatibility/subjects/{subject}/versions/latest: whether this text could
 * be registered there. Changes nothing. ERR_CONFIG with the registry's reasons
 * when not, ERR_NOT_FOUND when the subject has no version yet. request->schema
 * is empty when it could. */
int schema_registry_compatible(struct schema_registry *r, struct registry_request *request,
			       const char *subject, const char *type, struct slice text, struct err *err);

/* GET /subjects/{subject}/versions/latest. */
int schema_registry_latest(struct schema_registry *r, struct registry_request *request, const char *subject,
			   struct err *err);

/* Takes the request out without done(). The shared call goes on for others. */
void schema_registry_cancel(struct registry_request *request);

const struct registry_counters *schema_registry_counters(const struct schema_registry *r);

#endif
