#include "store/checkpoint.h"

#include "base/fault.h"
#include "base/map.h"
#include "base/random.h"
#include "store/database_internal.h"
#include "store/epoch_internal.h"

#include <errno.h>
#include <stdlib.h>

/* One epoch, one transaction.
 *
 * Happy path: BEGIN IMMEDIATE, row operations in order, erasures against what
 * older epochs left in the outbox, this epoch's outbox rows, positions,
 * schemas, epoch number, COMMIT with synchronous=FULL.
 *
 * Failure: whatever fails, the transaction is rolled back (by SQLite itself on
 * a full disk) and the epoch is left as it was, so that the caller can try the
 * same one again. A failed fsync ends the process: nobody knows what is on the
 * disk. A crash anywhere leaves the previous epoch or this one, whole. */

static int damaged(const char *what, struct err *err)
{
	return err_set(err, ERR_FATAL, 0, "damaged epoch: %s", what);
}

static void bind_cell(sqlite3_stmt *stmt, int at, const struct cell *c)
{
	switch (c->type) {
	case CELL_NULL: sqlite3_bind_null(stmt, at); break;
	case CELL_INTEGER: sqlite3_bind_int64(stmt, at, c->i); break;
	case CELL_REAL: sqlite3_bind_double(stmt, at, c->d); break;
	case CELL_TEXT: database_bind_text(stmt, at, c->s); break;
	case CELL_BLOB: database_bind_blob(stmt, at, c->s); break;
	}
}

/* The statement for an operation, or NULL when it does not fit its table. */
static sqlite3_stmt *statement_for(struct database *db, const struct delta_operation *op)
{
	const struct table *t;

	if (op->table >= db->table_count)
		return NULL;
	t = &db->tables[op->table];
	switch (op->op) {
	case ROW_PUT: return op->count == t->columns ? db->statements[op->table].put : NULL;
	case ROW_DELETE: return op->count == t->keys ? db->statements[op->table].delete : NULL;
	case ROW_DELETE_BELOW: return op->count == 1 ? db->statements[op->table].below : NULL;
	}
	return NULL;
}

static int apply_rows(struct database *db, const struct delta *d, struct err *err)
{
	struct delta_operation op;
	size_t at = 0;
	int more;

	while ((more = delta_next(d, &at, &op)) > 0) {
		sqlite3_stmt *stmt = statement_for(db, &op);

		if (stmt == NULL)
			return damaged("a row operation does not fit its table", err);
		for (int i = 0; i < op.count; i++)
			bind_cell(stmt, i + 1, &op.cells[i]);
		if (database_run(db, stmt, db->tables[op.table].name, err))
			return -1;
	}
	return more < 0 ? damaged("row operations", err) : 0;
}

/* The subjects of an epoch. They borrow from it. */
struct subjects {
	struct map set;	    /* of places in the list */
	struct slice *list; /* owned */
};

static int subjects_add(struct subjects *s, const struct epoch *e, struct err *err)
{
	struct slice subject;
	size_t at = 0, count = 0, n = 0;
	int more;

	while ((more = epoch_erasure_next(&e->erasures, &at, &subject)) > 0)
		count++;
	if (more < 0)
		return damaged("erasures", err);
	s->list = malloc((count + 1) * sizeof(*s->list));
	if (s->list == NULL)
		return err_set(err, ERR_FATAL, ENOMEM, "erase: out of memory");
	for (at = 0; epoch_erasure_next(&e->erasures, &at, &s->list[n]) > 0; n++)
		if (map_put(&s->set, &s->list[n]))
			return err_set(err, ERR_FATAL, ENOMEM, "erase: out of memory");
	return 0;
}

/* Rows of earlier epochs that are about an erased subject. One pass over the
 * outbox whatever the number of subjects: it has no index on them. */
static int erase_older(struct database *db, const struct map *set, struct err *err)
{
	sqlite3_stmt *each = database_own(db, OWN_OUTBOX_SUBJECTS, err);
	sqlite3_stmt *del = database_own(db, OWN_OUTBOX_DELETE, err);
	int rc = SQLITE_DONE, result = 0;

	if (each == NULL || del == NULL)
		return -1;
	while (result == 0 && (rc = sqlite3_step(each)) == SQLITE_ROW) {
		if (map_get(set, database_column(each, 1)) == NULL)
			continue;
		/* Deleting the row a scan by rowid stands on does not disturb the scan. */
		sqlite3_bind_int64(del, 1, sqlite3_column_int64(each, 0));
		result = database_run(db, del, "erase", err);
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_error(db, "erase", err);
	sqlite3_reset(each);
	return result;
}

static int apply_erasures(struct database *db, const struct epoch *e, struct err *err)
{
	struct subjects s = {.list = NULL};
	int result;

	if (e->erasures.len == 0)
		return 0;
	map_init(&s.set, map_key_slice, random_seed());
	result = subjects_add(&s, e, err);
	if (result == 0)
		result = erase_older(db, &s.set, err);
	map_release(&s.set);
	free(s.list);
	return result;
}

static int apply_outbox(struct database *db, const struct epoch *e, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_OUTBOX_PUT, err);
	struct outbox_row row;
	size_t at = 0;
	int more;

	if (stmt == NULL)
		return -1;
	while ((more = epoch_outbox_next(&e->outbox, &at, &row)) > 0) {
		sqlite3_bind_int64(stmt, 1, (int64_t)row.seq);
		database_bind_text(stmt, 2, row.topic);
		sqlite3_bind_int(stmt, 3, row.partition);
		sqlite3_bind_int64(stmt, 4, row.timestamp_ms);
		if (row.has_key)
			database_bind_blob(stmt, 5, row.key);
		else
			sqlite3_bind_null(stmt, 5);
		if (row.has_value)
			database_bind_blob(stmt, 6, row.value);
		else
			sqlite3_bind_null(stmt, 6);
		database_bind_blob(stmt, 7, slice_make(row.id.bytes, sizeof(row.id.bytes)));
		database_bind_blob(stmt, 8, row.headers);
		database_bind_text(stmt, 9, row.subject);
		if (database_run(db, stmt, "outbox", err))
			return -1;
	}
	return more < 0 ? damaged("outbox rows", err) : 0;
}

static int apply_positions(struct database *db, const struct epoch *e, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_POSITION_PUT, err);

	if (stmt == NULL)
		return -1;
	for (size_t i = 0; i < e->position_count; i++) {
		const struct position *p = &e->positions[i];

		database_bind_text(stmt, 1, slice_str(p->topic));
		sqlite3_bind_int(stmt, 2, p->partition);
		sqlite3_bind_int64(stmt, 3, p->next_offset);
		sqlite3_bind_int64(stmt, 4, p->last_offset);
		sqlite3_bind_int64(stmt, 5, p->last_timestamp_ms);
		sqlite3_bind_int64(stmt, 6, p->last_crc);
		if (database_run(db, stmt, "positions", err))
			return -1;
	}
	return 0;
}

static int apply_schemas(struct database *db, const struct epoch *e, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_SCHEMA_PUT, err);
	struct slice ref, type, text;
	size_t at = 0;
	int more;

	if (stmt == NULL)
		return -1;
	while ((more = epoch_schema_next(&e->schemas, &at, &ref, &type, &text)) > 0) {
		database_bind_text(stmt, 1, ref);
		database_bind_text(stmt, 2, type);
		database_bind_text(stmt, 3, text);
		if (database_run(db, stmt, "schemas", err))
			return -1;
	}
	return more < 0 ? damaged("schemas", err) : 0;
}

static int apply_number(struct database *db, const struct epoch *e, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_STATE_SET, err);

	if (stmt == NULL)
		return -1;
	sqlite3_bind_int64(stmt, 1, (int64_t)e->number);
	sqlite3_bind_int64(stmt, 2, (int64_t)e->last_seq + 1);
	return database_run(db, stmt, "epoch number", err);
}

static int apply_all(struct database *db, const struct epoch *e, struct err *err)
{
	if (fault_point("checkpoint.after_begin"))
		return err_set(err, ERR_RETRY, 0, "fault injected");
	if (database_apply_confirmed(db, err) || apply_rows(db, &e->delta, err) ||
	    apply_erasures(db, e, err) || apply_outbox(db, e, err))
		return -1;
	if (fault_point("checkpoint.after_rows"))
		return err_set(err, ERR_RETRY, 0, "fault injected");
	if (apply_positions(db, e, err) || apply_schemas(db, e, err) || apply_number(db, e, err))
		return -1;
	if (fault_point("checkpoint.before_commit"))
		return err_set(err, ERR_RETRY, 0, "fault injected");
	if (fault_point("checkpoint.fsync")) {
		db->distrusted = true;
		return err_set(err, ERR_FATAL, SQLITE_IOERR_FSYNC, "fsync failed (injected)");
	}
	return 0;
}

int checkpoint_commit(struct database *db, const struct epoch *e, struct err *err)
{
	if (epoch_failed(e))
		return err_set(err, ERR_FATAL, 0,
			       "epoch %llu is incomplete: out of memory or over its maximum",
			       (unsigned long long)e->number);
	if (e->number <= db->epoch)
		return err_set(err, ERR_FATAL, 0, "epoch %llu does not follow epoch %llu",
			       (unsigned long long)e->number, (unsigned long long)db->epoch);
	if (e->first_seq != 0 && e->first_seq < db->next_seq)
		return err_set(err, ERR_FATAL, 0, "epoch %llu gives out number %llu again",
			       (unsigned long long)e->number, (unsigned long long)e->first_seq);
	if (database_begin(db, err))
		return err_wrap(err, "epoch %llu", (unsigned long long)e->number);
	if (apply_all(db, e, err)) {
		database_rollback(db);
		return err_wrap(err, "epoch %llu", (unsigned long long)e->number);
	}
	if (database_commit(db, "commit", err))
		return err_wrap(err, "epoch %llu", (unsigned long long)e->number);
	database_confirmed_release(db);
	db->epoch = e->number;
	if (e->last_seq >= db->next_seq)
		db->next_seq = e->last_seq + 1;
	db->erased |= e->erasures.len > 0;
	(void)fault_point("checkpoint.after_commit");
	return 0;
}

static int load_positions(struct database *db, struct checkpoint_state *out, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_POSITION_EACH, err);
	size_t capacity = 0;
	int rc = SQLITE_DONE, result = 0;

	if (stmt == NULL)
		return -1;
	while (result == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		struct position p = {
			.topic = slice_dup(database_column(stmt, 0)),
			.partition = sqlite3_column_int(stmt, 1),
			.next_offset = sqlite3_column_int64(stmt, 2),
			.last_offset = sqlite3_column_int64(stmt, 3),
			.last_timestamp_ms = sqlite3_column_int64(stmt, 4),
			.last_crc = (uint32_t)sqlite3_column_int64(stmt, 5),
		};

		if (out->position_count == capacity) {
			size_t more = capacity ? capacity * 2 : 16;
			struct position *grown = realloc(out->positions, more * sizeof(*grown));

			if (grown != NULL) {
				out->positions = grown;
				capacity = more;
			}
		}
		if (p.topic == NULL || out->position_count == capacity) {
			free(p.topic);
			result = err_set(err, ERR_FATAL, ENOMEM, "positions: out of memory");
		} else {
			out->positions[out->position_count++] = p;
		}
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_error(db, "read the positions", err);
	sqlite3_reset(stmt);
	return result;
}

int checkpoint_load(struct database *db, struct checkpoint_state *out, struct err *err)
{
	sqlite3_stmt *stmt = database_own(db, OWN_STATE_GET, err);

	*out = (struct checkpoint_state){0};
	if (stmt == NULL)
		return -1;
	if (sqlite3_step(stmt) != SQLITE_ROW) {
		database_error(db, "read the state", err);
		sqlite3_reset(stmt);
		return -1;
	}
	out->epoch = (uint64_t)sqlite3_column_int64(stmt, 1);
	out->next_seq = (uint64_t)sqlite3_column_int64(stmt, 2);
	out->acked_seq = (uint64_t)sqlite3_column_int64(stmt, 3);
	sqlite3_reset(stmt);
	if (load_positions(db, out, err)) {
		checkpoint_positions_free(out->positions, out->position_count);
		*out = (struct checkpoint_state){0};
		return -1;
	}
	return 0;
}

int checkpoint_wal(struct database *db, int64_t limit, struct err *err)
{
	/* The log is begun anew over its old pages: a file that shrinks and grows again
	 * costs more than all that is written into it. */
	int how = db->erased ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_RESTART;
	int in_log, moved;

	if (db->log_bytes <= limit && !db->erased)
		return 0;
	if (db->distrusted)
		return err_set(err, ERR_FATAL, 0, "%s failed before and takes no more writes", db->path);
	(void)fault_point("wal.before_checkpoint");
	if (sqlite3_wal_checkpoint_v2(db->handle, "main", how, &in_log, &moved) != SQLITE_OK)
		return database_error(db, "move the WAL into the file", err);
	db->log_bytes = 0;
	db->erased = false;
	(void)fault_point("wal.after_checkpoint");
	return 0;
}
