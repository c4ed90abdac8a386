#include "publish/life.h"

#include "base/random.h"

#include <inttypes.h>
#include <stdio.h>

#define FACT_LIVES "publish_lives"

char *life_known(struct database *db, struct err *err)
{
	err_clear(err);
	return database_fact_get(db, FACT_LIVES, err);
}

int life_keep(struct publish_life *life, struct database *db, const struct metadata *held, const char *known,
	      struct err *err)
{
	char lives[2 * METADATA_LIFE + 2];

	if (life->own[0] == '\0')
		snprintf(life->own, sizeof(life->own), "%016" PRIx64, random_seed());
	life->held_epoch = held ? held->epoch : 0;
	memcpy(life->held, held ? held->life : "", held ? sizeof(life->held) : 1);
	snprintf(lives, sizeof(lives), "%s;%s", life->held, life->own);
	if (known != NULL && strcmp(known, lives) == 0)
		return 0;
	return database_fact_set(db, FACT_LIVES, lives, err);
}

const char *life_of(const struct publish_life *life, uint64_t epoch)
{
	return life->held[0] != '\0' && epoch == life->held_epoch ? life->held : life->own;
}
