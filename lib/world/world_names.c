#include "world/world_names.h"

#include "base/random.h"
#include "world/world_words.h"

struct slice world_put(struct world_text *t, struct slice s)
{
	char *to = t->data + t->len;

	if (s.len > sizeof(t->data) - t->len)
		s.len = sizeof(t->data) - t->len;
	if (s.len != 0)
		memcpy(to, s.data, s.len);
	t->len += s.len;
	return slice_make(to, s.len);
}

struct slice world_put_id(struct world_text *t, char letter, uint64_t number, unsigned width)
{
	char text[24];
	size_t at = sizeof(text);

	for (unsigned digits = 0; (number != 0 || digits < width) && at > 1; digits++, number /= 10)
		text[--at] = (char)('0' + number % 10);
	text[--at] = letter;
	return world_put(t, slice_make(text + at, sizeof(text) - at));
}

/* From `first` to what the text holds now. */
static struct slice since(const struct world_text *t, size_t first)
{
	return slice_make(t->data + first, t->len - first);
}

static void put_str(struct world_text *t, const char *s)
{
	world_put(t, slice_str(s));
}

static void put_number(struct world_text *t, uint64_t number)
{
	char text[24];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	world_put(t, slice_make(text + at, sizeof(text) - at));
}

/* A stable pick from a list: the same for the same (seed, who, what). */
static size_t choose(uint64_t seed, uint64_t who, uint64_t what, size_t count)
{
	uint64_t z = seed * 0x9e3779b97f4a7c15u + who * 0xbf58476d1ce4e5b9u + what * 0x94d049bb133111ebu;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (size_t)((z ^ (z >> 31)) % count);
}

static const char *word(const struct world_words *words, uint64_t seed, uint64_t who, uint64_t what)
{
	return words->words[choose(seed, who, what, words->count)];
}

struct slice world_hotel_id(struct world_text *t, uint32_t hotel)
{
	return world_put_id(t, 'H', 10000000u + hotel, 8);
}

struct slice world_email(struct world_text *t, uint64_t seed, uint32_t customer)
{
	size_t first = t->len;

	put_str(t, word(&world_first_names, seed, customer, 1));
	put_str(t, ".");
	put_str(t, word(&world_last_names, seed, customer, 2));
	put_number(t, customer);
	put_str(t, "@");
	put_str(t, word(&world_mail_domains, seed, customer, 3));
	return since(t, first);
}

const char *world_hotel_city(uint32_t hotel)
{
	return world_cities[hotel % world_city_count].name;
}

void world_hotel_view(struct world_text *t, uint64_t seed, uint32_t hotel, uint32_t version,
		      struct generated_hotel *out)
{
	const struct world_city *city = &world_cities[hotel % world_city_count];
	size_t first;

	*out = (struct generated_hotel){
		.hotel_id = world_hotel_id(t, hotel),
		.city = slice_str(city->name),
		.country = slice_str(city->country),
		/* one hotel in 25 has told nothing: NULL matches nobody */
		.has_amenities = choose(seed, hotel, 100000 + (version + 2) / 3, 25) != 0,
		.amenities = slice_str(word(&world_amenities, seed, hotel, 200000 + (version + 2) / 3)),
		.stars = 2 + (int32_t)choose(seed, hotel, 6, 4),
		.rooms = 12 + (int32_t)choose(seed, hotel, 7, 180),
	};
	first = t->len;
	put_str(t, word(&world_hotel_openings, seed, hotel, 8));
	put_str(t, " ");
	put_str(t,
		word(&world_hotel_kinds, seed, hotel, 300000 + (version + 1) / 3)); /* renamed now and then */
	out->name = since(t, first);
	first = t->len;
	put_str(t, word(&world_house_moods, seed, hotel, 400000 + version / 3));
	put_str(t, " ");
	put_str(t, word(&world_settings, seed, hotel, 11));
	put_str(t, ".");
	out->description = since(t, first);
}

void world_customer_view(struct world_text *t, uint64_t seed, uint32_t customer,
			 struct generated_customer *out)
{
	out->customer_id = world_put_id(t, 'C', customer, 8);
	out->email = world_email(t, seed, customer);
	out->first_name = slice_str(word(&world_first_names, seed, customer, 1));
	out->last_name = slice_str(word(&world_last_names, seed, customer, 2));
}
