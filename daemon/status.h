#ifndef RIVERD_STATUS_H
#define RIVERD_STATUS_H

/* /status: the same facts as /metrics, as JSON for the page and for scripts.
 *
 *   {"service":"riverd","title":..,"version":..,"revision":..,"state":..,"ready":bool,
 *    "now_ms":n,"started_ms":n,"watermark_ms":n|null,"model":text|null,
 *    "health":[{"status":"ok|warn|fail","text":..}],
 *    "flow":[{"name":..,"label":..,"count":n,"help":..,
 *             "waiting":n|null,"waiting_label":..,"feeds":[input ..],
 *             "exits":[{"label":..,"count":n}]}],
 *    "inputs":[{"input":..,"topic":..,"consumed":n,"used":n,"filtered":n,"late":n,"dead":n,
 *               "unaccounted":n,"bytes":n}],
 *    "partitions":[{"input":..,"topic":..,"partition":n,"position":n|null,"end":n|null,"lag":n|null,
 *                   "watermark_ms":n|null,"at_end":bool,"idle":bool,
 *                   "slowest":bool}],                           the one that the watermark follows
 *    "waiting":[{"name":..,"label":..,"count":n,"why":..}],     why is empty when nothing waits
 *    "kept":[{"name":..,"label":..,"count":n}],
 *    "dead_letters":[{"input":..,"reason":..,"count":n}],        only those that are not 0
 *    "counters":[{"name":..,"label":..,"count":n}],
 *    "delivery":{"epochs":n,"epoch_failures":n,"commit_p50_ms":x,"commit_p99_ms":x,"last_commit_ms":n|null,
 *                "publish_p50_ms":x,"publish_p99_ms":x,"brokers_up":n|null,
 *                "outbox_rows":n|null,"records_produced":n,"transactions_committed":n,
 *                "transactions_aborted":n,"transactions_resolved":n},
 *    "summary":{"requests":n,"answers":n,"failures":n,"retries":n,"rejected":n,"fallbacks":n,
 *               "asked":n,"saved":n,                            distinct inputs; targets that shared an
 * answer "tokens_in":n,"tokens_out":n,"in_flight":n|null,"queued":n|null,
 *               "p50_ms":x,"p99_ms":x,"circuit_open":bool},
 *    "process":{"cpu_seconds":x,"resident_bytes":n|null,"open_fds":n|null,"database_bytes":n|null,
 *               "wal_bytes":n|null,"disk_free_bytes":n|null},
 *    "latest_title":..,
 *    "latest":[{"time_ms":n,"emitted_ms":n,"who":..,"what":..,"where":..,"id":..,
 *               "similar":[..],"similar_more":n,"reviews":n,"text":..}]}
 *
 * Numbers whose value is unknown are null. Texts are valid UTF-8 and safe to
 * embed in HTML, but are other people's: use textContent. */

#include "base/buf.h"
#include "daemon/health.h"
#include "daemon/metrics.h"
#include "daemon/recent_targets.h"

struct status_options {
	bool show_addresses; /* default false: a***@example.org */
};

/* 0, or -1 when the buffer's maximum was hit. */
int status_write(struct buf *out, const struct metrics_snapshot *s, const struct health_verdict *health,
		 const struct recent_targets *recent, const struct status_options *options);

/* Appends the address with all but its first character and its domain hidden:
 * "anna@example.org" gives "a***@example.org"; without an '@', "***". */
void status_mask(struct buf *out, struct slice email);

#endif
