#include "summary/provider.h"

#include "summary/extractive.h"

#include <stdlib.h>

struct summary_provider {
	enum summary_kind kind;
	struct summary_client *client; /* SUMMARY_OPENAI */
	summary_answered *answered;
	void *ctx;
	struct summary_stats stats; /* SUMMARY_EXTRACTIVE */
};

int summary_kind_parse(const char *word)
{
	for (int kind = SUMMARY_EXTRACTIVE; kind <= SUMMARY_OPENAI; kind++)
		if (slice_is(slice_str(word), summary_kind_name((enum summary_kind)kind)))
			return kind;
	return -1;
}

const char *summary_kind_name(enum summary_kind kind)
{
	return kind == SUMMARY_OPENAI ? "openai" : "extractive";
}

struct summary_provider *summary_provider_new(enum summary_kind kind, struct loop *loop,
					      struct http_client *http, struct log *log,
					      const struct summary_client_options *options,
					      summary_answered *answered, void *ctx, struct err *err)
{
	struct summary_provider *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		err_set(err, ERR_FATAL, 0, "summary provider: out of memory");
		return NULL;
	}
	p->kind = kind;
	p->answered = answered;
	p->ctx = ctx;
	if (kind == SUMMARY_EXTRACTIVE)
		return p;
	p->client = summary_client_new(loop, http, log, options, answered, ctx, err);
	if (p->client == NULL) {
		free(p);
		return NULL;
	}
	return p;
}

void summary_provider_free(struct summary_provider *p)
{
	if (p == NULL)
		return;
	summary_client_free(p->client);
	free(p);
}

int summary_provider_ask(struct summary_provider *p, const struct summary_question *question, struct err *err)
{
	struct buf out;

	if (p->kind == SUMMARY_OPENAI)
		return summary_client_ask(p->client, question, err);
	buf_init(&out, 1024);
	extractive_summarise(question->reviews, question->count, &out);
	if (buf_failed(&out)) {
		buf_release(&out);
		return err_set(err, ERR_RETRY, 0, "summary: out of memory");
	}
	p->stats.answered++;
	p->answered(p->ctx, question->hash, buf_view(&out));
	buf_release(&out);
	return 0;
}

void summary_provider_hold(struct summary_provider *p, bool hold)
{
	if (p->kind == SUMMARY_OPENAI)
		summary_client_hold(p->client, hold);
}

void summary_provider_identity(const struct summary_provider *p, struct buf *out)
{
	if (p->kind == SUMMARY_OPENAI)
		summary_client_identity(p->client, out);
	else
		buf_str(out, "extractive:" EXTRACTIVE_VERSION);
}

const struct summary_stats *summary_provider_stats(const struct summary_provider *p)
{
	return p->kind == SUMMARY_OPENAI ? summary_client_stats(p->client) : &p->stats;
}
