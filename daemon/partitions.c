#include "daemon/partitions.h"

#include <stdlib.h>

#define PARTITIONS_MAX 100000 /* of one topic; Kafka itself stops earlier */

void partitions_init(struct partitions *p, const char *const topics[INPUTS])
{
	*p = (struct partitions){0};
	for (int i = 0; i < INPUTS; i++)
		p->topics[i] = topics[i];
}

void partitions_release(struct partitions *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i].position.topic);
	free(p->items);
	for (int i = 0; i < INPUTS; i++)
		free(p->index[i]);
	*p = (struct partitions){0};
}

int partitions_input(const struct partitions *p, const char *topic)
{
	for (int i = 0; i < INPUTS; i++)
		if (p->topics[i] != NULL && strcmp(p->topics[i], topic) == 0)
			return i;
	return -1;
}

bool partitions_is_dimension(enum input input)
{
	return input == INPUT_HOTEL || input == INPUT_CUSTOMER || input == INPUT_REVIEWS;
}

struct input_partition *partitions_find(const struct partitions *p, enum input input, int32_t partition)
{
	if (partition < 0 || partition >= p->index_size[input] || p->index[input][partition] < 0)
		return NULL;
	return &p->items[p->index[input][partition]];
}

static int index_reserve(struct partitions *p, enum input input, int32_t partition)
{
	int32_t size = partition + 1;
	int *index;

	if (partition < p->index_size[input])
		return 0;
	index = realloc(p->index[input], (size_t)size * sizeof(*index));
	if (index == NULL)
		return -1;
	for (int32_t i = p->index_size[input]; i < size; i++)
		index[i] = -1;
	p->index[input] = index;
	p->index_size[input] = size;
	return 0;
}

struct input_partition *partitions_add(struct partitions *p, enum input input, int32_t partition,
				       int64_t next_offset)
{
	struct input_partition *known = partitions_find(p, input, partition), *items;
	char *topic;

	if (known != NULL)
		return known;
	if (partition < 0 || partition >= PARTITIONS_MAX || index_reserve(p, input, partition) != 0)
		return NULL;
	items = realloc(p->items, (p->count + 1) * sizeof(*items));
	if (items == NULL)
		return NULL;
	p->items = items;
	topic = slice_dup(slice_str(p->topics[input]));
	if (topic == NULL)
		return NULL;
	p->items[p->count] = (struct input_partition){
		.input = input,
		.position = {.topic = topic,
			     .partition = partition,
			     .next_offset = next_offset,
			     .last_offset = -1},
		.end = -1,
		.low = -1,
	};
	p->index[input][partition] = (int)p->count;
	return &p->items[p->count++];
}

int partitions_restore(struct partitions *p, const struct position *positions, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++) {
		int input = partitions_input(p, positions[i].topic);
		struct input_partition *added;
		char *topic;

		if (input < 0)
			continue;
		added = partitions_add(p, (enum input)input, positions[i].partition,
				       positions[i].next_offset);
		if (added == NULL)
			return err_set(err, ERR_FATAL, 0, "out of memory for the input positions");
		topic = added->position.topic;
		added->position = positions[i];
		added->position.topic = topic;
	}
	return 0;
}

int64_t partition_lag(const struct input_partition *p)
{
	if (p->end < 0 || p->position.next_offset < 0)
		return -1;
	return p->end > p->position.next_offset ? p->end - p->position.next_offset : 0;
}

bool partitions_dimensions_at_end(const struct partitions *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (partitions_is_dimension(p->items[i].input) && p->items[i].assigned &&
		    !p->items[i].reached_end)
			return false;
	return true;
}
