#include "store/outbox.h"

#include "base/fault.h"
#include "store/database_internal.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

static void read_row(sqlite3_stmt *stmt, struct outbox_row *row)
{
	struct slice id = database_column(stmt, 6);

	*row = (struct outbox_row){
		.seq = (uint64_t)sqlite3_column_int64(stmt, 0),
		.topic = database_column(stmt, 1),
		.partition = sqlite3_column_int(stmt, 2),
		.timestamp_ms = sqlite3_column_int64(stmt, 3),
		.has_key = sqlite3_column_type(stmt, 4) != SQLITE_NULL,
		.has_value = sqlite3_column_type(stmt, 5) != SQLITE_NULL,
		.key = database_column(stmt, 4),
		.value = database_column(stmt, 5),
		.headers = database_column(stmt, 7),
		.subject = database_column(stmt, 8),
	};
	if (id.len == sizeof(row->id.bytes))
		memcpy(row->id.bytes, id.data, id.len);
}

int outbox_each(struct database *db, uint64_t after, size_t limit, size_t max_bytes, outbox_fn fn, void *ctx,
		struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_OUTBOX_EACH, err);
	struct outbox_row row;
	size_t bytes = 0;
	int rc = SQLITE_DONE, result = 0;

	if (stmt == NULL)
		return -1;
	if (after < db->confirmed.seq)
		after = db->confirmed.seq;
	sqlite3_bind_int64(stmt, 1, (int64_t)after);
	sqlite3_bind_int64(stmt, 2, limit > INT_MAX ? INT_MAX : (int64_t)limit);
	while (result == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		read_row(stmt, &row);
		/* The first row always goes, however large: or it would wait for ever. */
		if (bytes > 0 && bytes + row.key.len + row.value.len + row.headers.len > max_bytes) {
			rc = SQLITE_DONE;
			break;
		}
		bytes += row.key.len + row.value.len + row.headers.len + 1;
		result = fn(ctx, &row, err);
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_error(db, "read the outbox", err);
	sqlite3_reset(stmt);
	return result;
}

static int set_acked(struct database *db, uint64_t seq, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_ACKED_SET, err);

	if (stmt == NULL)
		return -1;
	sqlite3_bind_int64(stmt, 1, (int64_t)seq);
	return database_run(db, stmt, "confirm", err);
}

static int delete_one(struct database *db, enum own_statement which, uint64_t seq, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, which, err);

	if (stmt == NULL)
		return -1;
	sqlite3_bind_int64(stmt, 1, (int64_t)seq);
	return database_run(db, stmt, "confirm", err);
}

static int finish(struct database *db, int result, struct err *err)
{
	if (result == 0 && fault_point("outbox.before_confirm"))
		result = err_set(err, ERR_RETRY, 0, "confirm: fault injected");
	if (result != 0) {
		database_rollback(db);
		return -1;
	}
	if (database_commit(db, "confirm", err))
		return -1;
	(void)fault_point("outbox.after_confirm");
	return 0;
}

static int put_sent(struct database *db, const struct outbox_sent *sent, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_SENT_PUT, err);

	if (stmt == NULL)
		return -1;
	database_bind_text(stmt, 1, slice_str(sent->topic));
	sqlite3_bind_int(stmt, 2, sent->partition);
	sqlite3_bind_int64(stmt, 3, sent->offset);
	return database_run(db, stmt, "remember what was sent", err);
}

void database_confirmed_release(struct database *db)
{
	for (size_t i = 0; db->confirmed.sent != NULL && i < db->confirmed.count; i++)
		free((char *)(uintptr_t)db->confirmed.sent[i].topic);
	free(db->confirmed.sent);
	db->confirmed = (struct outbox_confirmed){0};
}

int outbox_confirm_soon(struct database *db, uint64_t seq, const struct outbox_sent *sent, size_t count,
			struct err *err)
{
	struct outbox_confirmed *c = &db->confirmed;

	if (outbox_confirm_now(db, err)) /* one note at a time; hardly ever is there one */
		return -1;
	c->sent = calloc(count + 1, sizeof(*c->sent));
	for (size_t i = 0; c->sent != NULL && i < count; i++) {
		c->sent[i] = sent[i];
		c->sent[i].topic = slice_dup(slice_str(sent[i].topic));
		if (c->sent[i].topic == NULL)
			break;
		c->count++;
	}
	if (c->count < count || c->sent == NULL) {
		database_confirmed_release(db);
		return err_set(err, ERR_FATAL, ENOMEM, "confirm: out of memory");
	}
	c->seq = seq;
	return 0;
}

int database_apply_confirmed(struct database *db, struct err *err)
{
	const struct outbox_confirmed *c = &db->confirmed;
	int result;

	if (c->seq == 0)
		return 0;
	result = delete_one(db, OWN_OUTBOX_DELETE_UP_TO, c->seq, err);
	if (result == 0)
		result = set_acked(db, c->seq, err);
	for (size_t i = 0; i < c->count && result == 0; i++)
		result = put_sent(db, &c->sent[i], err);
	return result;
}

int outbox_confirm_now(struct database *db, struct err *err)
{
	if (db->confirmed.seq == 0)
		return 0;
	if (database_begin(db, err) || finish(db, database_apply_confirmed(db, err), err))
		return -1;
	database_confirmed_release(db);
	return 0;
}

int outbox_confirm(struct database *db, uint64_t seq, struct err *err)
{
	if (outbox_confirm_soon(db, seq, NULL, 0, err))
		return -1;
	return outbox_confirm_now(db, err);
}

int outbox_confirm_each(struct database *db, const uint64_t *seqs, size_t count, struct err *err)
{
	int result = 0;

	if (database_begin(db, err))
		return -1;
	for (size_t i = 0; i < count && result == 0; i++)
		result = delete_one(db, OWN_OUTBOX_DELETE, seqs[i], err);
	return finish(db, result, err);
}

int outbox_waiting(struct database *db, uint64_t *count, uint64_t *lowest, uint64_t *highest, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_OUTBOX_WAITING, err);
	int result = 0;

	if (stmt == NULL)
		return -1;
	sqlite3_bind_int64(stmt, 1, (int64_t)db->confirmed.seq);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		*count = (uint64_t)sqlite3_column_int64(stmt, 0);
		*lowest = (uint64_t)sqlite3_column_int64(stmt, 1);
		*highest = (uint64_t)sqlite3_column_int64(stmt, 2);
	} else {
		result = database_error(db, "count the outbox", err);
	}
	sqlite3_reset(stmt);
	return result;
}

int outbox_sent_set(struct database *db, const char *topic, int32_t partition, int64_t offset,
		    struct err *err)
{
	struct outbox_sent sent = {topic, partition, offset};

	if (database_begin(db, err))
		return -1;
	if (put_sent(db, &sent, err)) {
		database_rollback(db);
		return -1;
	}
	return database_commit(db, "remember what was sent", err);
}

int outbox_sent_get(struct database *db, const char *topic, int32_t partition, int64_t *offset,
		    struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_SENT_GET, err);
	int rc, result = 0;

	*offset = -1;
	if (stmt == NULL)
		return -1;
	database_bind_text(stmt, 1, slice_str(topic));
	sqlite3_bind_int(stmt, 2, partition);
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		*offset = sqlite3_column_int64(stmt, 0);
	else if (rc != SQLITE_DONE)
		result = database_error(db, "what was sent", err);
	sqlite3_reset(stmt);
	return result;
}
