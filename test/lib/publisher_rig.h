/* A publisher over a database on disk and a broker in memory. */
#ifndef RIVER_TEST_PUBLISHER_RIG_H
#define RIVER_TEST_PUBLISHER_RIG_H

#include "publish/publisher.h"
#include "store/database.h"
#include "test/lib/fake_broker.h"
#include "test/lib/store_fixture.h"

struct rig {
	struct store_fixture store;
	struct fake_broker broker;
	struct database *db;
	struct publisher *publisher;
	struct publisher_options options;
	struct publish_position positions[2];
	int64_t mono;
	uint64_t epoch, next_seq;
	struct err err;
};

void rig_start(struct rig *w);
void rig_stop(struct rig *w);
/* As kill -9 does: nothing is said to anyone. The open transaction stays open. */
void rig_crash(struct rig *w);
int rig_setup(void **state);
int rig_teardown(void **state);
/* An epoch with `rows` results, committed to SQLite. */
void rig_epoch(struct rig *w, int rows);
int rig_step(struct rig *w);
void rig_must(struct rig *w, int result);
/* Goes on until it works, as the daemon does. */
void rig_settle(struct rig *w);
void rig_assert_each_once(struct rig *w);

#endif
