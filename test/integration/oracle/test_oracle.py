"""The oracle against cases worked out by hand."""

import io
import json
import unittest

import fastavro

from decode import Poison, Schemas, body_of, changelog, load, millis
from oracle import Oracle, differences, fake_summary, month_before

T = 1774947600000  # 2026-03-31T09:00:00Z
MIN = 60000
NOW = T + 10 * 86400000
DAY = 86400000
CLICK = {"type": "record", "name": "C", "fields": [
    {"name": "CUSTOMER_EMAIL", "type": "string"}, {"name": "HOTEL_ID", "type": ["string", "null"]},
    {"name": "ACTION", "type": "string"},
    {"name": "CREATED_AT", "type": {"type": "long", "logicalType": "local-timestamp-millis"}}]}


def record(topic, value, timestamp=T, partition=0, key=None):
    if isinstance(value, dict):
        value = json.dumps(value).encode()
    return {"topic": topic, "partition": partition, "offset": 0, "timestamp": timestamp, "key": key, "value": value,
            "headers": []}


def click(email="a@x", hotel="H1", at=T, action="booking-click"):
    return record("clickstream", {"customer_email": email, "hotel_id": hotel, "action": action}, at)


def booking(email="a@x", hotel="H1", at=T, number="B1", **more):
    return record("bookings", {"BOOKING_ID": number, "CUSTOMER_EMAIL": email, "HOTEL_ID": hotel, "CHECK_IN": 1,
                               "CHECK_OUT": 2, "PRICE": 3, **more}, at)


def review(number="R1", hotel="H1", at=T - DAY, text="Nice.", **more):
    return record("hotel_reviews", {"review_id": number, "hotel_id": hotel, "created_at": at, "review_text": text,
                                    **more})


def hotel(number="H1", name="Swan", city="Lyon", amenities="wifi", op="r"):
    row = {"HOTEL_ID": number, "NAME": name, "CITY": city, "COUNTRY": "France", "DESCRIPTION": "d",
           "AMENITIES": amenities}
    return record("riverhotel.SAMPLE.HOTEL", {"before": None, "after": row, "op": op})


def hotel_gone(number="H1"):
    return record("riverhotel.SAMPLE.HOTEL", {"before": {"HOTEL_ID": number}, "after": None, "op": "d"})


def customer(number="C1", email="a@x"):
    return record("riverhotel.SAMPLE.CUSTOMER", {"after": {"CUSTOMER_ID": number, "EMAIL": email}, "op": "c"})


def customer_gone(number="C1"):
    return record("riverhotel.SAMPLE.CUSTOMER", None, key=json.dumps({"CUSTOMER_ID": number}).encode())


SEAL = [click("", "H1", T + 3 * 60 * MIN, "page-view"), booking("seal@x", "H0", T + 3 * 60 * MIN, "B0")]


def run(*records, **options):
    oracle = Oracle(Schemas(lambda number: json.dumps(CLICK) if number == 1 else None), NOW, **options)
    oracle.phase(list(records) + SEAL)
    return oracle


def targets(oracle):
    return sorted((row[0], row[1], row[2] - T) for row in oracle.targets.elements())


class Abandoned(unittest.TestCase):
    def test_a_click_without_a_booking_is_a_target(self):
        self.assertEqual(targets(run(hotel(), review(), click())), [("a@x", "H1", 0)])

    def test_a_booking_within_the_window_clears_it(self):
        self.assertEqual(targets(run(hotel(), review(), click(), booking(at=T + 5 * MIN))), [])

    def test_both_ends_of_the_window_are_closed(self):
        self.assertEqual(targets(run(hotel(), review(), click(), booking(at=T))), [])
        self.assertEqual(targets(run(hotel(), review(), click(), booking(at=T + 20 * MIN))), [])

    def test_a_millisecond_outside_does_not_count(self):
        self.assertEqual(len(targets(run(hotel(), review(), click(), booking(at=T - 1)))), 1)
        self.assertEqual(len(targets(run(hotel(), review(), click(), booking(at=T + 20 * MIN + 1)))), 1)

    def test_a_booking_of_another_hotel_clears_it_too(self):
        self.assertEqual(targets(run(hotel(), review(), click(), booking(hotel="H2", at=T + MIN))), [])

    def test_unless_the_hotel_must_match(self):
        run_ = run(hotel(), review(), click(), booking(hotel="H2", at=T + MIN), match_hotel=True)
        self.assertEqual(len(targets(run_)), 1)

    def test_a_booking_of_another_customer_does_not(self):
        self.assertEqual(len(targets(run(hotel(), review(), click(), booking("b@x", at=T + MIN)))), 1)

    def test_addresses_are_compared_as_bytes(self):
        self.assertEqual(len(targets(run(hotel(), review(), click("A@x"), booking("a@x", at=T + MIN)))), 1)

    def test_equal_clicks_are_one_target(self):
        self.assertEqual(len(targets(run(hotel(), review(), click(), click()))), 1)

    def test_two_hotels_are_two_targets_and_two_times_as_well(self):
        self.assertEqual(targets(run(hotel(), hotel("H2"), review(), review("R2", "H2"), click(), click(hotel="H2"),
                                     click(at=T + 1))), [("a@x", "H1", 0), ("a@x", "H1", 1), ("a@x", "H2", 0)])

    def test_other_actions_and_empty_addresses_are_none(self):
        run_ = run(hotel(), review(), click(action="page-view"), click(action="Booking-Click"), click(""), click(None))
        self.assertEqual(targets(run_), [])
        self.assertEqual(run_.dead, [])

    def test_an_input_that_is_not_sealed_is_refused(self):
        with self.assertRaises(AssertionError):
            run(click(at=T + 3 * 60 * MIN))


class Enriched(unittest.TestCase):
    def test_all_fields(self):
        texts = ["old one", "new one"]
        run_ = run(hotel(), hotel("H3", "Zoo"), hotel("H2", "Ant"), hotel("H4", "Far", "Nice"),
                   hotel("H5", "Other", amenities="pool"), review("R1", text="new one"),
                   review("R2", at=T - 2 * DAY, text="old one"), click())
        self.assertEqual(list(run_.targets), [("a@x", "H1", T, "Swan", "Lyon", ("Ant", "Zoo"), "old one||| new one",
                                               fake_summary(texts))])

    def test_null_city_or_amenities_match_nothing(self):
        run_ = run(hotel(amenities=None), hotel("H2", amenities=None), review(), click())
        self.assertEqual([row[5] for row in run_.targets], [()])
        run_ = run(hotel(city=None), hotel("H2", city=None), review(), click())
        self.assertEqual([row[4:6] for row in run_.targets], [("Unknown", ())])

    def test_a_hotel_without_a_name_is_unknown(self):
        self.assertEqual([row[3] for row in run(hotel(name=None), review(), click()).targets], ["Unknown"])

    def test_an_unknown_or_closed_hotel_gives_nothing(self):
        self.assertEqual(targets(run(review(), click())), [])
        self.assertEqual(targets(run(hotel(), hotel_gone(), review(), click())), [])

    def test_no_review_in_the_month_gives_nothing(self):
        run_ = run(hotel(), review(at=T - 40 * DAY), click())
        self.assertEqual((targets(run_), run_.counts["no reviews"]), ([], 1))

    def test_unless_reviews_are_not_required(self):
        run_ = run(hotel(), click(), reviews_required=False)
        self.assertEqual([row[6:] for row in run_.targets], [("", "NO REVIEWS FOUND.")])

    def test_both_ends_of_the_month_are_closed(self):
        month = month_before(T)
        for at, count in ((month, 1), (month - 1, 0), (T, 1), (T + 1, 0)):
            self.assertEqual(len(targets(run(hotel(), review(at=at), click()))), count, at - T)

    def test_a_month_is_clamped(self):
        self.assertEqual(month_before(T), T - 31 * DAY)  # 31 March: 28 February
        self.assertEqual(month_before(T + DAY), T + DAY - 31 * DAY)  # 1 April: 1 March
        self.assertEqual(month_before(1711875600000), 1711875600000 - 31 * DAY)  # 2024: 29 February

    def test_equal_times_are_ordered_by_review_id_and_a_repeated_id_replaces(self):
        run_ = run(hotel(), review("R2", text="b"), review("R1", text="x"), review("R1", text="a"), click())
        self.assertEqual([row[6] for row in run_.targets], ["a||| b"])

    def test_a_review_may_name_its_booking_alone(self):
        by_booking = record("hotel_reviews", {"REVIEW_ID": "R1", "BOOKING_ID": "B9", "REVIEW_TEXT": "Fine.",
                                              "CREATED_AT": T - DAY})
        self.assertEqual(len(targets(run(hotel(), by_booking, booking("b@x", number="B9", at=T - 5 * DAY), click()))), 1)
        self.assertEqual(len(targets(run(hotel(), by_booking, click()))), 0)


class Erased(unittest.TestCase):
    def test_a_deleted_customer_is_never_a_target(self):
        self.assertEqual(targets(run(hotel(), review(), customer(), click(), customer_gone())), [])

    def test_one_who_comes_back_may_be_or_not(self):
        run_ = run(hotel(), review(), customer(), click(), customer_gone(), customer("C2"))
        self.assertEqual((len(run_.targets), len(run_.optional_targets)), (0, 1))

    def test_an_address_shared_with_a_living_customer_stays(self):
        run_ = run(hotel(), review(), customer(), customer("C2"), click(), customer_gone())
        self.assertEqual(len(run_.optional_targets), 1)

    def test_a_later_phase_is_certain_again(self):
        run_ = run(hotel(), review(), customer(), customer_gone())
        later = T + 4 * 60 * MIN
        seal = [dict(r, timestamp=later + 60 * MIN) for r in SEAL]
        run_.phase([customer("C3"), click(at=later)] + seal)
        self.assertEqual((len(run_.targets), len(run_.optional_targets)), (1, 0))


class Others(unittest.TestCase):
    def test_bookings_are_joined_with_their_hotel(self):
        run_ = run(hotel(), booking(CHECK_IN="2026-04-01", CHECK_OUT="2026-04-03"), booking(hotel="H9"))
        self.assertEqual(list(run_.bookings), [("B1", "a@x", "H1", "Swan", "Lyon", "France", T + 15 * 60 * MIN,
                                                T + 2 * DAY + 15 * 60 * MIN, 3)])

    def test_a_booking_sent_twice_is_there_twice(self):
        self.assertEqual(sum(run(hotel(), booking(), booking()).bookings.values()), 2)

    def test_the_catalog_has_each_version_once(self):
        run_ = run(hotel(), hotel(), hotel(name="Swan II", op="u"), hotel_gone(), hotel(name="Swan II", op="c"))
        self.assertEqual(sorted((row[1], n) for row, n in run_.catalog.items()), [("Swan", 1), ("Swan II", 2)])

    def test_poison_and_its_reasons(self):
        run_ = run(record("clickstream", None), record("clickstream", b"\x07abc"),
                   record("clickstream", b"\0\0\0\0\1\4"), record("clickstream", b"\0\0\0\0\2abc"),
                   record("clickstream", b"{cut"), record("clickstream", {"x": 1}), click(at=NOW + 2 * 60 * MIN),
                   record("clickstream", b"\0\0"), record("bookings", {"BOOKING_ID": "B"}), review(at=NOW + DAY),
                   record("hotel_reviews", {"review_id": "R", "review_text": "t", "created_at": 1}))
        self.assertEqual([reason for _, reason in run_.dead],
                         ["null_value", "framing", "bytes", "schema", "bytes", "field", "event_time", "framing",
                          "field", "event_time", "field"])
        self.assertEqual(run_.counts["clickstream", "consumed"], 9)

    def test_avro_is_read_with_the_schema_of_its_id(self):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, CLICK, {"CUSTOMER_EMAIL": "a@x", "HOTEL_ID": None, "ACTION": "y",
                                                "CREATED_AT": 5})
        schemas = Schemas(lambda number: json.dumps(CLICK) if number == 1 else None)
        body = b"\0\0\0\0\1" + out.getvalue()
        self.assertEqual(body_of(body, schemas)["HOTEL_ID"], None)
        with self.assertRaises(Poison):
            body_of(body + b"\0", schemas)

    def test_changelog_forms(self):
        schemas = Schemas(lambda number: None)
        form = lambda value, key=None: changelog(record("h", value, key=key), schemas, "id")
        self.assertEqual(form({"before": None, "after": {"ID": 1}, "op": "c"}), (1, {"id": 1}))
        self.assertEqual(form({"before": {"ID": 1}, "after": None, "op": "d"}), (1, None))
        self.assertEqual(form(None, b'{"ID": 1}'), (1, None))
        self.assertEqual(form({"ID": 1, "N": 2}), (1, {"id": 1, "n": 2}))
        self.assertEqual(form({"ID": 1, "__deleted": "true"}), (1, None))

    def test_instants(self):
        self.assertEqual(millis("2026-03-31T09:00:00Z"), T)
        self.assertEqual(millis("2026-03-31T11:00:00.001+02:00"), T + 1)
        self.assertEqual(millis("2026-03-31"), T - 9 * 60 * MIN)
        self.assertEqual(millis(str(T)), T)
        self.assertIsNone(millis("soon"))
        self.assertIsNone(millis(True))

    def test_the_dump_is_read_back(self):
        records, ends = load(['{"topic":"t","partition":1,"offset":2,"timestamp":3,"key":null,"value":"AAE=",'
                              '"headers":[["h","eA=="]]}', '{"topic":"t","partition":1,"end":7}'])
        self.assertEqual((records[0]["value"], records[0]["headers"], ends), (b"\0\1", [("h", b"x")], {("t", 1): 7}))

    def test_the_fake_summary_ignores_what_cleaning_may_change(self):
        self.assertEqual(fake_summary(["Nice  pool |||\n", "", "ok"]), fake_summary(["nice pool", "OK"]))
        self.assertNotEqual(fake_summary(["a", "b"]), fake_summary(["b", "a"]))
        self.assertRegex(fake_summary(["a"]), r"^Guests liked [a-z]{8}, [a-z]{8}, [a-z]{8} and [a-z]{8}\.$")

    def test_optional_rows_may_be_there_or_not(self):
        from collections import Counter
        self.assertEqual(differences(Counter("ab"), Counter("a"), Counter("bc")), (Counter(), Counter()))
        self.assertEqual(differences(Counter("aax"), Counter("ay")), (Counter("y"), Counter("ax")))


if __name__ == "__main__":
    unittest.main()
