#ifndef RIVER_SUMMARY_REPLY_H
#define RIVER_SUMMARY_REPLY_H

/* The body of a chat completion, or of one of the many ways to say no. Pure.
 *
 * Known: OpenAI, Azure OpenAI, Databricks serving, Bedrock's OpenAI path, vLLM
 * (old and new), Ollama, llama.cpp. Errors come as {"error": {...}} with code a
 * string, a number or null; {"error": "text"}; {"object": "error", ...};
 * {"error_code", "message"}; {"message"} or {"detail"}; or a page of HTML. */

#include "base/buf.h"
#include "base/err.h"

#include <stdint.h>

#define CHAT_REPLY_MAX (1024 * 1024)

enum reply_kind {
	REPLY_TEXT,	/* text holds what the model wrote */
	REPLY_EMPTY,	/* null or blank content */
	REPLY_CUT,	/* finish_reason length: text is unfinished, often empty */
	REPLY_REFUSED,	/* the model declined */
	REPLY_FILTERED, /* the provider's content filter stepped in */
	REPLY_ERROR,	/* an error of the API: reason says which */
	REPLY_GARBAGE,	/* nothing we know: HTML, cut JSON, another protocol */
	REPLY_KINDS
};
const char *reply_kind_name(enum reply_kind kind);

enum reply_reason {
	REASON_OTHER,
	REASON_CONTEXT_LENGTH,	 /* the input is too long for the model, or for a minute's quota */
	REASON_QUOTA,		 /* no money left: waiting a second will not help */
	REASON_MAX_TOKENS_FIELD, /* does not know max_completion_tokens */
	REASON_TEMPERATURE,	 /* does not take a temperature */
	REASON_MODEL,		 /* no such model */
};

struct chat_reply {
	enum reply_kind kind;
	enum reply_reason reason;
	struct buf text; /* what the model wrote, or the provider's message */
	bool has_usage;
	int64_t tokens_in, tokens_out;
};

void chat_reply_init(struct chat_reply *r);
void chat_reply_release(struct chat_reply *r);

/* Always fills *r. */
void chat_reply_parse(struct chat_reply *r, int status, struct slice body);

#endif
