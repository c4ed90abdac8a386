"""Whether what riverd wrote is what the oracle says: the judgement that all suites
on a real Kafka share."""

from collections import Counter

from decode import body_of
from oracle import BOOKING_FIELDS, CATALOG_FIELDS, TARGET_FIELDS, differences, row_of

SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"
HOUR_MS = 3600000


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(("ok   " if good else "FAIL ") + name + (f": {detail}" if detail and not good else ""), flush=True)

    def same(self, name, expected, actual):
        self.check(name, expected == actual, f"expected {expected}, got {actual}")

    def rows(self, name, actual, expected, optional=None):
        missing, unexpected = differences(actual, expected, optional)
        detail = (f"{sum(missing.values())} missing, {sum(unexpected.values())} unexpected of {sum(expected.values())};"
                  f" missing {list(missing)[:2]}; unexpected {list(unexpected)[:2]}")
        self.check(f"{name} ({sum(actual.values())} records)", not missing and not unexpected, detail)


class Judge:
    """Adds what it finds to a score. Outputs are {SUMMARY, BOOKINGS, CATALOG, "dead": records}."""

    def __init__(self, score, schemas):
        self.score, self.schemas = score, schemas

    def judge(self, label, outputs, oracle, db_count=1):
        score = self.score
        for topic, fields, expected, optional in (
                (SUMMARY, TARGET_FIELDS, oracle.targets, oracle.optional_targets),
                (BOOKINGS, BOOKING_FIELDS, oracle.bookings, oracle.optional_bookings),
                (CATALOG, CATALOG_FIELDS, oracle.catalog, None)):
            rows = Counter(row_of(body_of(r["value"], self.schemas), fields) for r in outputs[topic])
            score.rows(f"{label}: {topic} is what the oracle says", rows, expected, optional)
            key_field = fields[0] if topic == CATALOG else "CUSTOMER_EMAIL"
            wrong = [r for r in outputs[topic] if body_of(r["key"], self.schemas) !=
                     {key_field: body_of(r["value"], self.schemas)[key_field]}]
            score.check(f"{label}: its keys are those of its values", not wrong, wrong[:1])
        self.judge_dead(label, outputs["dead"], oracle)
        self.judge_headers(label, outputs, db_count)

    def judge_dead(self, label, dead, oracle):
        """The record's own timestamp is in a header; a dead letter's is when it was written, for the topic's retention."""
        expected, actual = Counter(), Counter()
        for record, reason in oracle.dead:
            expected[record["topic"], record["partition"], record["offset"], reason, record["key"], record["value"],
                     str(record["timestamp"])] += 1
        for record in dead:
            h = {name: value.decode() for name, value in record["headers"] if value is not None}
            actual[h.get("__connect.errors.topic"), int(h.get("__connect.errors.partition", -1)),
                   int(h.get("__connect.errors.offset", -1)), h.get("riverd.error.code"), record["key"],
                   record["value"], h.get("riverd.error.timestamp")] += 1
        old = [r for r in dead if r["timestamp"] < oracle.now_ms - HOUR_MS]
        self.score.check(f"{label}: dead letters have the time when they were written", not old, old[:1])
        self.score.rows(f"{label}: dead letters, with reason, origin and untouched bytes", actual, expected)

    def judge_headers(self, label, outputs, db_count):
        ids, seqs, dbs, disorder = Counter(), Counter(), set(), 0
        for topic, records in outputs.items():
            last = {}
            for record in sorted(records, key=lambda r: (r["partition"], r["offset"])):
                h = dict(record["headers"])
                ids[topic, h.get("riverd-id")] += 1
                seqs[h.get("riverd-db"), h.get("riverd-seq")] += 1
                dbs.add(h.get("riverd-db"))
                seq = int(h.get("riverd-seq", b"-1"))
                disorder += seq <= last.get(record["partition"], -1)
                last[record["partition"]] = seq
        self.score.check(f"{label}: every record has its own riverd-id", None not in [i for _, i in ids]
                         and max(ids.values(), default=1) == 1, [i for i, n in ids.items() if n > 1][:3])
        self.score.check(f"{label}: no riverd-seq twice", max(seqs.values(), default=1) == 1)
        self.score.check(f"{label}: riverd-seq ascends in every partition", disorder == 0, disorder)
        self.score.same(f"{label}: databases that wrote", db_count, len(dbs))

    def judge_accounting(self, label, metrics, oracle, roles):
        """consumed = used + filtered + late + dead, and as many as there are in Kafka."""
        score = self.score

        def of(name, role):
            return sum(v for labels, v in metrics.get(f"riverd_input_records_{name}_total", {}).items()
                       if f'input="{role}"' in labels)

        for role, count in roles.items():
            parts = {n: of(n, role) for n in ("consumed", "used", "filtered", "late", "dead")}
            if "riverd_input_records_dead_total" not in metrics:
                parts["dead"] = sum(v for labels, v in metrics.get("riverd_dead_letters_total", {}).items()
                                    if f'input="{role}"' in labels)
            good = parts["consumed"] == count == sum(parts[n] for n in ("used", "filtered", "late", "dead"))
            score.check(f"{label}: every record of {role} is accounted for ({count})", good, parts)
            score.check(f"{label}: none of {role} is late", parts["late"] == 0, parts)
