"""Statements that change the two tables, made up by chance and the same for the same seed."""

import random

CITIES = ["Ulm", "Bonn", "Zürich", "São Paulo", "L'Aquila", "東京", "", None]
COUNTRIES = ["DE", "CH", "BR", "IT", "JP", None]
AMENITIES = ["pool", "pool, sauna", "wifi", "", None]


def quote(value):
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"


class Workload:
    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.hotels, self.customers, self.next = {}, set(), 1

    def text(self):
        """Sometimes so large that it is stored out of line and left out of an update's log record."""
        c = self.chance
        if c.random() < 0.3:
            return "".join(c.choice("abcdefghij 😀ß") for _ in range(3000))
        return c.choice(["by the river", "d'Or \\ \"quoted\"\nsecond line", "", None])

    # ---- hotels ----

    def new_hotel(self):
        number, self.next = f"H{self.next}", self.next + 1
        text = self.text()
        self.hotels[number] = text
        c = self.chance
        row = [number, f"Hotel {number}", text, c.choice(CITIES), c.choice(COUNTRIES), c.choice(AMENITIES)]
        return ('INSERT INTO "SAMPLE"."HOTEL" (hotel_id, name, description, city, country, amenities, room_capacity, tags) '
                f"VALUES ({', '.join(map(quote, row))}, {c.choice(['NULL', '120', '12.5', '-7e20'])}, "
                f"{c.choice(['NULL', 'ARRAY[]::text[]', 'ARRAY[$$a$$, NULL]'])});")

    def change_hotel(self, number):
        c = self.chance
        column, value = c.choice([("city", c.choice(CITIES)), ("country", c.choice(COUNTRIES)), ("name", f"Renamed {c.random()}"),
                                  ("amenities", c.choice(AMENITIES)), ("rate", None), ("description", self.text())])
        if column == "description":
            self.hotels[number] = value
        return f'UPDATE "SAMPLE"."HOTEL" SET {column} = {quote(value)} WHERE hotel_id = {quote(number)};'

    def move_hotel(self, number):
        """Another key. The description goes along in the log only when it is written too."""
        other, self.next = f"M{self.next}", self.next + 1
        text = self.hotels[other] = self.hotels.pop(number)
        return f'UPDATE "SAMPLE"."HOTEL" SET hotel_id = {quote(other)}, description = {quote(text)} || \'\' WHERE hotel_id = {quote(number)};'

    def drop_hotel(self, number):
        del self.hotels[number]
        return f'DELETE FROM "SAMPLE"."HOTEL" WHERE hotel_id = {quote(number)};'

    def hotel(self):
        c = self.chance
        if len(self.hotels) < 8 or c.random() < 0.2:
            return self.new_hotel()
        number = c.choice(sorted(self.hotels))
        roll = c.random()
        if roll < 0.7:
            return self.change_hotel(number)
        return self.move_hotel(number) if roll < 0.85 else self.drop_hotel(number)

    # ---- customers ----

    def customer(self):
        c = self.chance
        if len(self.customers) < 5 or c.random() < 0.3:
            number, self.next = self.next, self.next + 1
            self.customers.add(number)
            return ('INSERT INTO "SAMPLE"."CUSTOMER" (customer_id, name, email, birth_date) VALUES '
                    f"({number}, 'N', 'c{number}@example.org', '1990-02-28');")
        number = c.choice(sorted(self.customers))
        roll = c.random()
        where = f"WHERE customer_id = {number};"
        if roll < 0.5:
            return f"UPDATE \"SAMPLE\".\"CUSTOMER\" SET email = 'x{c.random()}@example.org' {where}"
        self.customers.remove(number)
        if roll < 0.75:
            return f'DELETE FROM "SAMPLE"."CUSTOMER" {where}'
        other, self.next = self.next, self.next + 1
        self.customers.add(other)
        return f'UPDATE "SAMPLE"."CUSTOMER" SET customer_id = {other} {where}'

    def statements(self, count):
        """In transactions of one to eight."""
        out, left = [], 0
        for _ in range(count):
            if left == 0:
                out.append("COMMIT; BEGIN;" if out else "BEGIN;")
                left = self.chance.randint(1, 8)
            out.append(self.hotel() if self.chance.random() < 0.7 else self.customer())
            left -= 1
        return "\n".join([*out, "COMMIT;"])
