#include "hotels/customer_table.h"

#include "base/alloc.h"

#include <stddef.h>

/* There may be millions of both, so they hold no slices. */
struct address {
	uint32_t customers, len;
	char email[]; /* `len` bytes */
};

struct customer {
	struct address *address; /* NULL: none */
	uint32_t len;
	char id[]; /* `len` bytes */
};

struct suppressed {
	struct hash_id hash; /* first: map_key_hash */
};

static struct slice address_email(const void *value)
{
	const struct address *a = value;

	return a != NULL ? slice_make(a->email, a->len) : slice_make(NULL, 0);
}

static struct slice customer_id(const void *value)
{
	const struct customer *c = value;

	return slice_make(c->id, c->len);
}

void customer_table_init(struct customer_table *t, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->seed = seed;
	map_init(&t->by_id, customer_id, seed);
	map_init(&t->addresses, address_email, seed);
	map_init(&t->suppressed, map_key_hash, seed);
}

static void free_all(struct map *m)
{
	void *value;

	for (size_t at = 0; (value = map_next(m, &at)) != NULL;)
		free(value);
	map_release(m);
}

void customer_table_release(struct customer_table *t)
{
	free_all(&t->by_id);
	free_all(&t->addresses);
	free_all(&t->suppressed);
	free(t->verdicts);
	memset(t, 0, sizeof(*t));
}

static void put(struct map *m, void *value)
{
	if (map_put(m, value) != 0)
		abort();
}

/* ---- live customers ---- */

static struct address *address_hold(struct customer_table *t, struct slice email)
{
	struct address *a;
	char *to;

	if (email.len == 0)
		return NULL;
	a = map_get(&t->addresses, email);
	if (a == NULL) {
		a = alloc_or_abort(offsetof(struct address, email) + email.len);
		a->customers = 0;
		a->len = (uint32_t)email.len;
		to = a->email;
		alloc_lay(&to, email);
		put(&t->addresses, a);
	}
	a->customers++;
	return a;
}

static void address_drop(struct customer_table *t, struct address *a)
{
	if (a == NULL || --a->customers > 0)
		return;
	map_remove(&t->addresses, address_email(a));
	free(a);
}

bool customer_table_get(const struct customer_table *t, struct slice id, struct slice *email)
{
	const struct customer *c = map_get(&t->by_id, id);

	*email = address_email(c != NULL ? c->address : NULL);
	return c != NULL;
}

bool customer_table_put(struct customer_table *t, struct slice id, struct slice email)
{
	struct customer *c = map_get(&t->by_id, id);
	struct address *old;
	char *to;

	if (c == NULL) {
		c = alloc_or_abort(offsetof(struct customer, id) + id.len);
		c->len = (uint32_t)id.len;
		to = c->id;
		alloc_lay(&to, id);
		c->address = address_hold(t, email);
		put(&t->by_id, c);
		return true;
	}
	old = c->address;
	if (slice_equal(address_email(old), email))
		return false;
	c->address = address_hold(t, email);
	address_drop(t, old);
	return true;
}

void customer_table_remove(struct customer_table *t, struct slice id)
{
	struct customer *c = map_remove(&t->by_id, id);

	if (c == NULL)
		return;
	address_drop(t, c->address);
	free(c);
}

bool customer_table_address_live(const struct customer_table *t, struct slice email)
{
	return map_get(&t->addresses, email) != NULL;
}

/* ---- erased addresses ---- */

/* The salt is a constant: the rows must mean the same after a restart. It
 * keeps the hashes from being compared with other systems' plain ones. */
struct hash_id customer_address_hash(struct slice email)
{
	struct slice parts[] = {SLICE_LITERAL("river hotels, erased address"), email};

	return hash_id_of(parts, 2);
}

static void forget_verdicts(struct customer_table *t)
{
	free(t->verdicts);
	t->verdicts = NULL;
}

bool customer_table_suppress(struct customer_table *t, struct hash_id address)
{
	struct suppressed *s;

	if (map_get(&t->suppressed, map_key_hash(&address)) != NULL)
		return false;
	s = alloc_or_abort(sizeof(*s));
	s->hash = address;
	put(&t->suppressed, s);
	forget_verdicts(t);
	return true;
}

bool customer_table_release_address(struct customer_table *t, struct slice email)
{
	struct hash_id hash;
	struct suppressed *s;

	if (t->suppressed.count == 0 || email.len == 0)
		return false;
	hash = customer_address_hash(email);
	s = map_remove(&t->suppressed, map_key_hash(&hash));
	if (s == NULL)
		return false;
	free(s);
	forget_verdicts(t);
	return true;
}

bool customer_table_suppressed(struct customer_table *t, struct slice email)
{
	uint64_t fast, *verdict;
	struct hash_id hash;
	bool suppressed;

	if (t->suppressed.count == 0)
		return false;
	fast = hash_seeded(email, t->seed) | 1; /* the lowest bit of a kept verdict is the answer */
	if (t->verdicts == NULL)
		t->verdicts = alloc_zeroed_or_abort(SUPPRESSION_CACHE, sizeof(*t->verdicts));
	verdict = &t->verdicts[(fast >> 1) & (SUPPRESSION_CACHE - 1)];
	if ((*verdict | 1) == fast && *verdict != 0)
		return *verdict & 1;
	hash = customer_address_hash(email);
	suppressed = map_get(&t->suppressed, map_key_hash(&hash)) != NULL;
	*verdict = suppressed ? fast : fast & ~1ull;
	return suppressed;
}
