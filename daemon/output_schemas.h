#ifndef RIVERD_OUTPUT_SCHEMAS_H
#define RIVERD_OUTPUT_SCHEMAS_H

/* The steps TYPES and OUTPUTS of the start: what the registry has to say about
 * our output topics.
 *
 * Types: CHECK_IN, CHECK_OUT and PRICE keep the type they came with. `auto`
 * takes it from what HOTEL_BOOKINGS-value already is, else from the latest
 * schema of the bookings topic, else long and int; the choice is remembered,
 * because a table cannot change its column types later.
 *
 * Ids: auto.register.schemas registers our literal text; without it the exact
 * text is looked up; use.latest.version takes the latest registered one and
 * encodes with that. */

struct startup;

/* Both go on to the next step of startup.c when they have all they need. */
/* What an earlier run found out. */
void output_schemas_types_from_facts(struct startup *s);

void output_schemas_types(struct startup *s);
void output_schemas_ids(struct startup *s);

#endif
