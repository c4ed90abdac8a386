#ifndef RIVER_TEST_STORE_FIXTURE_H
#define RIVER_TEST_STORE_FIXTURE_H

/* A directory of its own for a test, and a database in it with two tables of
 * the kinds the daemon has: keyed by (time, seq) with range deletes, and keyed
 * by text. */

#include "store/checkpoint.h"

#include <stdbool.h>

struct store_fixture {
	char dir[64];
	char path[96]; /* dir/state.db; nothing is created */
};

enum { TABLE_PENDING, TABLE_HOTEL, TEST_TABLES };
extern const struct table test_tables[TEST_TABLES];

/* -1 when the directory cannot be made. */
int store_fixture_init(struct store_fixture *f);
/* Removes the directory and the files in it. */
void store_fixture_release(struct store_fixture *f);

/* Opens the database; NULL with err set. */
struct database *store_fixture_open(struct store_fixture *f, struct err *err);

#endif
