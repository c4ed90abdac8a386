#include "world/world_words.h"

#define WORDS(name, ...)                                                                                     \
	static const char *const name##_list[] = {__VA_ARGS__};                                              \
	const struct world_words name = {name##_list, sizeof(name##_list) / sizeof(name##_list[0])}

const struct world_city world_cities[] = {
	{"Lisbon", "Portugal"},	   {"Porto", "Portugal"},
	{"Madrid", "Spain"},	   {"Sevilla", "Spain"},
	{"Paris", "France"},	   {"Lyon", "France"},
	{"Brussels", "Belgium"},   {"Amsterdam", "Netherlands"},
	{"Hamburg", "Germany"},	   {"München", "Germany"},
	{"Zürich", "Switzerland"}, {"Wien", "Austria"},
	{"Praha", "Czechia"},	   {"Kraków", "Poland"},
	{"København", "Denmark"},  {"Stockholm", "Sweden"},
	{"Helsinki", "Finland"},   {"Dublin", "Ireland"},
	{"Edinburgh", "Scotland"}, {"London", "England"},
	{"Roma", "Italy"},	   {"Bologna", "Italy"},
	{"Athens", "Greece"},	   {"İstanbul", "Türkiye"},
	{"São Paulo", "Brazil"},   {"Buenos Aires", "Argentina"},
	{"Montréal", "Canada"},	   {"Boston", "United States"},
	{"Kyoto", "Japan"},	   {"Singapore", "Singapore"},
};
const size_t world_city_count = sizeof(world_cities) / sizeof(world_cities[0]);

WORDS(world_first_names, "ada", "amir", "anna", "aoife", "bruno", "carla", "chen", "dario", "deniz", "elena",
      "emil", "fatima", "felix", "greta", "hana", "hugo", "ines", "ivan", "jonas", "julia", "kaito", "kofi",
      "lara", "leon", "lucia", "maja", "marco", "mei", "mira", "nadia", "nils", "noor", "olga", "omar",
      "paula", "pedro", "priya", "rosa", "ruben", "sara", "sven", "tara", "theo", "uma", "vera", "viktor",
      "wanda", "yara", "yusuf", "zoe");

WORDS(world_last_names, "adler", "almeida", "andersen", "bauer", "bianchi", "byrne", "castro", "costa",
      "dubois", "eriksen", "fischer", "fontaine", "garcia", "gruber", "haddad", "hansen", "hoffman", "ito",
      "jansen", "kaya", "keller", "khan", "kowalski", "laurent", "lindqvist", "lopez", "marino", "mensah",
      "moreau", "murphy", "nakamura", "novak", "okafor", "oliveira", "papadakis", "patel", "petrov", "quinn",
      "ricci", "rossi", "sato", "schmidt", "silva", "singh", "tanaka", "vargas", "virtanen", "weber", "wong",
      "zeman");

WORDS(world_mail_domains, "mail.example", "post.example", "inbox.example", "example.com", "example.org",
      "example.net");

WORDS(world_hotel_openings, "River", "Harbour", "Linden", "Grand", "Old Mill", "Station", "Garden", "Lantern",
      "Cathedral", "Bridge", "Marble", "Copper", "Juniper", "Swan", "Observatory", "Quayside", "Almond",
      "Fern", "Weaver's", "Lighthouse");

WORDS(world_hotel_kinds, "House", "Hotel", "Inn", "Suites", "Lodge", "Palace", "Residence", "Rooms");

WORDS(world_amenities, "wifi, breakfast, bar", "wifi, pool, spa, gym", "wifi, parking, kitchen",
      "wifi, breakfast, rooftop terrace, bicycles", "wifi, pool, restaurant, shuttle");

WORDS(world_settings, "in a quiet street near the old harbour", "on the square behind the central station",
      "in a leafy avenue next to the botanical garden",
      "on the river bank, five minutes from the museum quarter",
      "in a lane of the old town, above a bookshop", "in a converted grain store by the canal",
      "on the hill that looks over the cathedral", "by the market hall, where the day starts early",
      "in a courtyard hidden from the traffic", "on the promenade with its evening light");

WORDS(world_house_moods, "A family-run house", "A calm modern hotel", "A restored town palace",
      "A small design hotel", "A practical place for working travellers", "A bright house with high ceilings",
      "A traditional inn", "A friendly hotel with a large breakfast room");
