#include "store/database_internal.h"

#include "base/buf.h"

#include <stdio.h>

/* The tables of the floor that owns the rows: creation, checks, statements. */

#define SQL_MAX 8192

static sqlite3_stmt *prepare(struct database *db, struct buf *sql, struct err *err)
{
	sqlite3_stmt *stmt = NULL;

	if (buf_failed(sql)) {
		err_set(err, ERR_FATAL, 0, "a statement of more than %d bytes", SQL_MAX);
		return NULL;
	}
	if (sqlite3_prepare_v3(db->handle, buf_cstr(sql), -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) !=
	    SQLITE_OK) {
		database_error(db, buf_cstr(sql), err);
		return NULL;
	}
	return stmt;
}

/* 1: the file has the table as we would create it, 0: it has none. */
static int existing_table(struct database *db, const struct table *t, struct slice wanted, struct err *err)
{
	sqlite3_stmt *stmt;
	int rc, result = 0;

	if (sqlite3_prepare_v2(db->handle, "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1",
			       -1, &stmt, NULL) != SQLITE_OK)
		return database_error(db, "read the schema", err);
	database_bind_text(stmt, 1, slice_str(t->name));
	rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW) {
		result = 1;
		if (!slice_equal(database_column(stmt, 0), wanted))
			result = err_set(
				err, ERR_REFUSED, 0,
				"table %s has another shape than this riverd uses; run the riverd that wrote "
				"it, or " DATABASE_START_OVER,
				t->name);
	} else if (rc != SQLITE_DONE) {
		result = database_error(db, "read the schema", err);
	}
	sqlite3_finalize(stmt);
	return result;
}

int database_create_tables(struct database *db, struct err *err)
{
	struct buf sql;
	int result = 0;

	buf_init(&sql, SQL_MAX);
	for (int i = 0; i < db->table_count && result == 0; i++) {
		const struct table *t = &db->tables[i];

		buf_clear(&sql);
		buf_printf(&sql, "CREATE TABLE %s %s", t->name, t->ddl);
		result = existing_table(db, t, buf_view(&sql), err);
		if (result == 1)
			result = 0;
		else if (result == 0 &&
			 sqlite3_exec(db->handle, buf_cstr(&sql), NULL, NULL, NULL) != SQLITE_OK)
			result = database_error(db, buf_cstr(&sql), err);
	}
	buf_release(&sql);
	return result;
}

/* `columns` and `keys` of the description must be what the DDL says, or rows
 * would be replaced and deleted by the wrong key. */
static int check_shape(struct database *db, const struct table *t, struct err *err)
{
	struct buf sql;
	sqlite3_stmt *stmt;
	bool same;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT * FROM %s", t->name);
	stmt = prepare(db, &sql, err);
	buf_release(&sql);
	if (stmt == NULL)
		return -1;
	same = sqlite3_column_count(stmt) == t->columns && t->columns <= DELTA_MAX_CELLS && t->keys > 0;
	for (int i = 0; same && i < t->columns; i++) {
		int in_key = 0;

		sqlite3_table_column_metadata(db->handle, NULL, t->name, sqlite3_column_name(stmt, i), NULL,
					      NULL, NULL, &in_key, NULL);
		same = (in_key != 0) == (i < t->keys);
	}
	sqlite3_finalize(stmt);
	if (!same)
		return err_set(err, ERR_FATAL, 0, "table %s is not described as it is declared", t->name);
	return 0;
}

static int prepare_delete(struct database *db, const struct table *t, struct table_statements *s,
			  struct err *err)
{
	struct buf sql;
	sqlite3_stmt *names;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT * FROM %s", t->name);
	names = prepare(db, &sql, err);
	if (names == NULL)
		goto out;
	buf_clear(&sql);
	buf_printf(&sql, "DELETE FROM %s WHERE ", t->name);
	for (int i = 0; i < t->keys; i++)
		buf_printf(&sql, "%s\"%s\" = ?%d", i > 0 ? " AND " : "", sqlite3_column_name(names, i),
			   i + 1);
	s->delete = prepare(db, &sql, err);
	buf_clear(&sql);
	buf_printf(&sql, "DELETE FROM %s WHERE \"%s\" < ?1", t->name, sqlite3_column_name(names, 0));
	s->below = s->delete == NULL ? NULL : prepare(db, &sql, err);
	sqlite3_finalize(names);
out:
	buf_release(&sql);
	return s->below == NULL ? -1 : 0;
}

static int prepare_put(struct database *db, const struct table *t, struct table_statements *s,
		       struct err *err)
{
	struct buf sql;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "INSERT OR REPLACE INTO %s VALUES (", t->name);
	for (int i = 0; i < t->columns; i++)
		buf_printf(&sql, "%s?%d", i > 0 ? ", " : "", i + 1);
	buf_str(&sql, ")");
	s->put = prepare(db, &sql, err);
	buf_release(&sql);
	return s->put == NULL ? -1 : 0;
}

int database_prepare_tables(struct database *db, struct err *err)
{
	for (int i = 0; i < db->table_count; i++) {
		const struct table *t = &db->tables[i];

		if (check_shape(db, t, err) || prepare_put(db, t, &db->statements[i], err) ||
		    prepare_delete(db, t, &db->statements[i], err))
			return err_wrap(err, "table %s", t->name);
	}
	return 0;
}

static struct cell column_cell(sqlite3_stmt *stmt, int at)
{
	switch (sqlite3_column_type(stmt, at)) {
	case SQLITE_INTEGER: return cell_int(sqlite3_column_int64(stmt, at));
	case SQLITE_FLOAT: return cell_real(sqlite3_column_double(stmt, at));
	case SQLITE_TEXT: return cell_text(database_column(stmt, at));
	case SQLITE_BLOB: return cell_blob(database_column(stmt, at));
	default: return cell_null();
	}
}

int database_each_row(struct database *db, int table, row_fn fn, void *ctx, struct err *err)
{
	const struct table *t = &db->tables[table];
	struct cell cells[DELTA_MAX_CELLS];
	struct buf sql;
	sqlite3_stmt *stmt;
	int rc, result = 0;

	buf_init(&sql, SQL_MAX);
	buf_printf(&sql, "SELECT * FROM %s ORDER BY ", t->name);
	for (int i = 0; i < t->keys; i++)
		buf_printf(&sql, "%s%d", i > 0 ? ", " : "", i + 1);
	stmt = prepare(db, &sql, err);
	buf_release(&sql);
	if (stmt == NULL)
		return -1;
	while (result == 0 && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		for (int i = 0; i < t->columns; i++)
			cells[i] = column_cell(stmt, i);
		result = fn(ctx, table, cells, t->columns, err);
	}
	if (result == 0 && rc != SQLITE_DONE)
		result = database_error(db, t->name, err);
	sqlite3_finalize(stmt);
	return result;
}
