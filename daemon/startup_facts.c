/* What the start remembers between runs: choices and ids that must survive a
 * registry that is down. */

#include "daemon/app.h"
#include "daemon/output_schemas.h"

#include <stdio.h>
#include <stdlib.h>

static int add(struct startup *s, const char *name, char *value)
{
	if (s->fact_count == STARTUP_FACTS_MAX) {
		free(value);
		return -1;
	}
	s->facts[s->fact_count][0] = slice_dup(slice_str(name));
	s->facts[s->fact_count][1] = value;
	s->fact_count++;
	return 0;
}

const char *startup_fact(const struct startup *s, const char *name)
{
	for (size_t i = s->fact_count; i-- > 0;)
		if (s->facts[i][0] != NULL && strcmp(s->facts[i][0], name) == 0)
			return s->facts[i][1];
	return NULL;
}

int startup_fact_put(struct startup *s, const char *name, const char *value)
{
	const char *known = startup_fact(s, name);

	if (known != NULL && strcmp(known, value) == 0)
		return 0;
	return add(s, name, slice_dup(slice_str(value)));
}

static int load(struct startup *s, const char *name, struct err *err)
{
	char *value;

	err_clear(err);
	value = database_fact_get(s->app->db, name, err);
	if (value == NULL)
		return err->class == ERR_NONE ? 0 : -1;
	return add(s, name, value);
}

int startup_facts_load(struct startup *s, struct err *err)
{
	if (load(s, "hotel_bookings.date_type", err) != 0 || load(s, "hotel_bookings.price_type", err) != 0)
		return -1;
	for (int i = 0; i < OUTPUTS; i++) {
		char name[320];

		snprintf(name, sizeof(name), "schema.%s-key", s->app->settings->outputs[i].topic);
		if (load(s, name, err) != 0)
			return -1;
		snprintf(name, sizeof(name), "schema.%s-value", s->app->settings->outputs[i].topic);
		if (load(s, name, err) != 0)
			return -1;
	}
	s->facts_saved = s->fact_count;
	output_schemas_types_from_facts(s);
	return 0;
}

static void saved(struct facts_job *job)
{
	struct startup *s = job->ctx;

	if (job->job.abandoned || s->app->life >= LIFE_DRAINING) {
		app_maybe_stopped(s->app);
		return;
	}
	if (job->err.class != ERR_NONE) {
		startup_wait(s, &job->err, 0);
		return;
	}
	s->facts_saved = s->fact_count;
	startup_next(s);
}

void startup_facts_save(struct startup *s)
{
	size_t count = 0;

	for (size_t i = s->facts_saved; i < s->fact_count; i++) {
		if (s->facts[i][0] == NULL || s->facts[i][1] == NULL)
			continue;
		s->to_save[count][0] = s->facts[i][0];
		s->to_save[count][1] = s->facts[i][1];
		count++;
	}
	if (count == 0) {
		startup_next(s);
		return;
	}
	s->facts_job = (struct facts_job){.done = saved, .ctx = s, .facts = s->to_save, .count = count};
	committer_facts(&s->app->committer, &s->facts_job);
}
