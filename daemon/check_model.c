/* One small chat completion, as a summary would be asked for. */

#include "daemon/check_online.h"
#include "daemon/http_clients.h"
#include "summary/reply.h"
#include "summary/request.h"

#include <stdlib.h>

struct asking {
	const struct settings *s;
	struct check_report *report;
	struct loop loop;
	struct http_client *http;
	struct chat_endpoint endpoint;
	struct chat_parameters parameters;
	int64_t timeout_ms;
	struct http_call call;
	bool answered;
	char what[64];
};

static void done(struct http_call *call)
{
	((struct asking *)call->ctx)->answered = true;
}

static int ask(struct asking *a, struct err *err)
{
	const struct slice review = SLICE_LITERAL("Clean rooms, friendly staff, a long way to the station.");
	const struct summary_question question = {.reviews = &review, .count = 1};
	struct prompt prompt;
	struct buf body;
	int rc;

	buf_init(&body, 1 << 20);
	prompt_init(&prompt);
	rc = prompt_build(&prompt, &question, 4096, "check", err);
	if (rc == 0) {
		chat_body(&body, &a->parameters, &prompt);
		http_call_release(&a->call);
		a->call = (struct http_call){.method = "POST",
					     .url = a->endpoint.url,
					     .headers = (const char *const *)a->endpoint.headers,
					     .header_count = a->endpoint.header_count,
					     .body = buf_view(&body),
					     .timeout_ms = a->timeout_ms,
					     .max_response = CHAT_REPLY_MAX,
					     .done = done,
					     .ctx = a};
		a->answered = false;
		rc = http_submit(a->http, &a->call, err);
	}
	while (rc == 0 && !a->answered)
		loop_turn(&a->loop, true);
	prompt_release(&prompt);
	buf_release(&body);
	return rc;
}

static const char *advice(int status, enum reply_reason reason)
{
	if (reason == REASON_MODEL)
		return "; check summary.model";
	if (reason == REASON_QUOTA)
		return "; the account has no money left";
	if (status == 401 || status == 403)
		return "; check summary.api_key";
	if (status == 404)
		return "; check summary.url and summary.model";
	return "";
}

static void refused(struct asking *a, const struct chat_reply *reply)
{
	int status = a->call.status;
	bool later = (status >= 500 || status == 408 || status == 429) && reply->reason != REASON_QUOTA;
	int len = reply->text.len < 200 ? (int)reply->text.len : 200;

	check_row(a->report, later ? CHECK_UNREACHABLE : CHECK_WRONG, a->what,
		  "HTTP %d after %lld ms: %.*s%s", status, (long long)a->call.elapsed_ms,
		  len > 0 ? len : (int)strlen(reply_kind_name(reply->kind)),
		  len > 0 ? reply->text.data : reply_kind_name(reply->kind), advice(status, reply->reason));
}

/* Older servers know the old name of a field; the daemon finds that out as well. */
static bool ask_otherwise(struct asking *a, const struct chat_reply *reply)
{
	if (reply->kind != REPLY_ERROR)
		return false;
	if (reply->reason == REASON_MAX_TOKENS_FIELD && !a->parameters.old_max_tokens) {
		a->parameters.old_max_tokens = true;
		return true;
	}
	if (reply->reason == REASON_TEMPERATURE && a->parameters.temperature >= 0) {
		a->parameters.temperature = -1;
		return true;
	}
	return false;
}

static void judge(struct asking *a, const struct chat_reply *reply)
{
	if (reply->kind == REPLY_ERROR || reply->kind == REPLY_GARBAGE || a->call.status / 100 != 2)
		refused(a, reply);
	else if (reply->kind == REPLY_CUT)
		check_row(a->report, CHECK_WARN, a->what,
			  "HTTP %d after %lld ms, but the answer was cut: raise summary.max_tokens",
			  a->call.status, (long long)a->call.elapsed_ms);
	else if (reply->kind != REPLY_TEXT)
		check_row(a->report, CHECK_WARN, a->what,
			  "HTTP %d after %lld ms, but no text (%s): such targets get the extractive summary",
			  a->call.status, (long long)a->call.elapsed_ms, reply_kind_name(reply->kind));
	else
		check_row(a->report, CHECK_OK, a->what, "HTTP %d after %lld ms", a->call.status,
			  (long long)a->call.elapsed_ms);
}

static void ask_until_judged(struct asking *a)
{
	struct chat_reply reply;
	struct err err;
	bool again = true;

	chat_reply_init(&reply);
	while (again) {
		again = false;
		if (ask(a, &err) != 0) {
			check_row_err(a->report, a->what, &err, NULL);
		} else if (a->call.result != HTTP_OK) {
			check_row_err(a->report, a->what, &a->call.err, "check summary.url");
		} else {
			chat_reply_parse(&reply, a->call.status, buf_view(&a->call.response));
			again = ask_otherwise(a, &reply);
			if (!again)
				judge(a, &reply);
		}
	}
	chat_reply_release(&reply);
	http_call_release(&a->call);
}

void check_online_model(const struct settings *s, int64_t timeout_ms, struct check_report *r)
{
	struct asking a = {.s = s, .report = r, .timeout_ms = timeout_ms};
	struct summary_client_options options;
	struct err err;

	if (s->summary.provider != SETTINGS_OPENAI)
		return;
	snprintf(a.what, sizeof(a.what), "model %.57s", s->summary.model);
	http_clients_summary_options(s, &options);
	a.parameters = (struct chat_parameters){.model = s->summary.model,
						.max_tokens = options.max_tokens,
						.temperature = options.temperature};
	if (loop_init(&a.loop, &err) != 0) {
		check_row_err(r, a.what, &err, NULL);
		return;
	}
	a.http = http_clients_for_summary(s, &a.loop, &err);
	if (a.http == NULL || chat_endpoint_init(&a.endpoint, &options, &err) != 0)
		check_row_err(r, a.what, &err, NULL);
	else
		ask_until_judged(&a);
	http_client_free(a.http);
	chat_endpoint_release(&a.endpoint);
	loop_release(&a.loop, &err);
}
