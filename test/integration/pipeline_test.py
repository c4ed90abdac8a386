"""riverd on a real Kafka, judged by the oracle.

    pipeline_test.py [--events N] [--seed N] [--keep DIR]

Part 1: generated events of all schema generations, with duplicates, disorder
and poison; riverd runs until it is quiet; every output record is compared field
by field. Then more events, a second run on the same state, and the same again.
Part 2: the same input from the beginning for another riverd, killed with
SIGKILL at random instants, with a model that fails one call in eight.

Last line: N passed, N failed.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import harness
from decode import Schemas, body_of, load  # noqa: F401
from oracle import (BOOKING_FIELDS, CATALOG_FIELDS, TARGET_FIELDS, Oracle, differences, row_of)

DAY = 86400000
SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"


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


class Setting:
    """The servers, and everything that both parts share."""

    def __init__(self, directory, args):
        self.directory, self.args, self.score = Path(directory), args, Score()
        self.kafka = harness.Server("kafka", directory)
        self.registry_server = harness.Server("registry", directory)
        self.brokers = self.kafka.env["BOOTSTRAP"]
        self.registry = harness.Registry(self.registry_server.env["URL"])
        self.schemas = Schemas(self.registry.get)

    def stop(self):
        self.registry_server.stop()
        self.kafka.stop()

    def generate(self, *more):
        out = harness.generate(self.brokers, self.registry.url, "--generation", "mixed", "--seed", str(self.args.seed),
                               "--out-of-order", "0.05", "--duplicates", "0.01", "--poison", "0.005", "--changes",
                               "0.006", "--seal", "45m", *more)
        print("     " + out.strip().splitlines()[-1].strip())

    def settings(self, name, model):
        return {
            "kafka.bootstrap.servers": self.brokers,
            "schema.registry.url": self.registry.url,
            "group.id": f"riverd-{name}",
            "output.summary.topic": f"{SUMMARY}_{name}",
            "output.bookings.topic": f"{BOOKINGS}_{name}",
            "output.catalog.topic": f"{CATALOG}_{name}",
            "dead_letter.topic": f"riverd.dead-letter.{name}",
            "topics.partitions": 3,
            "hotel_bookings.date_type": "long",
            "hotel_bookings.price_type": "int",
            "idle_timeout": "1h",  # event time alone decides: the seals close every window
            "summary.provider": "openai",
            "summary.url": model.url,
            "summary.model": "fake",
            "summary.timeout": "2s",
            "summary.max_review_bytes": "1MiB",
            "checkpoint.interval": "200ms",
            "checkpoint.max_events": 5000,
            "log.level": "info",
        }

    def outputs(self, name):
        """{topic without the name of the run: records}"""
        topics = {f"{t}_{name}": t for t in (SUMMARY, BOOKINGS, CATALOG)}
        topics[f"riverd.dead-letter.{name}"] = "dead"
        records, _ = harness.read(self.brokers, list(topics))
        out = {short: [] for short in topics.values()}
        for record in records:
            out[topics[record["topic"]]].append(record)
        return out

    def oracle(self):
        return Oracle(self.schemas, int(time.time() * 1000))

    # ---- judging ----

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
        """A timestamp from the future is in the header only: brokers refuse such records."""
        expected, actual = Counter(), Counter()
        for record, reason in oracle.dead:
            expected[record["topic"], record["partition"], record["offset"], reason, record["key"], record["value"],
                     str(record["timestamp"])] += 1
        for record in dead:
            h = {name: value.decode() for name, value in record["headers"] if value is not None}
            actual[h.get("__connect.errors.topic"), int(h.get("__connect.errors.partition", -1)),
                   int(h.get("__connect.errors.offset", -1)), h.get("riverd.error.code"), record["key"],
                   record["value"], h.get("riverd.error.timestamp")] += 1
        moved = [r for r in dead if str(r["timestamp"]) != dict(r["headers"])["riverd.error.timestamp"].decode()
                 and int(dict(r["headers"])["riverd.error.timestamp"]) <= oracle.now_ms]
        self.score.check(f"{label}: dead letters keep their timestamps", not moved, moved[:1])
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


def part_one(s):
    """Generate, run, compare; generate more, run again, compare."""
    score, now = s.score, int(time.time() * 1000)
    second = s.args.events // 3
    model = harness.FakeModel()
    riverd = harness.Riverd(s.directory / "one", s.settings("one", model))
    oracle, seen = s.oracle(), Counter()
    try:
        for label, more in (
                ("first run", ["--create-topics", "--partitions", "4", "--events", str(s.args.events), "--history", "2d",
                               "--start", str(now - 6 * DAY)]),
                ("second run", ["--events", str(second), "--history", "1d", "--start", str(now - 3 * DAY),
                                "--continue", "10000000"])):
            s.generate(*more)
            records, _ = harness.read(s.brokers, harness.INPUTS)
            fresh = [r for r in records if r["offset"] >= seen[r["topic"], r["partition"]]]
            for record in records:
                at = record["topic"], record["partition"]
                seen[at] = max(seen[at], record["offset"] + 1)
            before = Counter({role: n for (role, what), n in
                              ((k, v) for k, v in oracle.counts.items() if isinstance(k, tuple))})
            oracle.phase(fresh)
            roles = {k[0]: v - before[k[0]] for k, v in oracle.counts.items() if isinstance(k, tuple)}
            riverd.start()
            riverd.wait_quiet(len(records))
            metrics = riverd.metrics()
            score.same(f"{label}: SIGTERM ends it with exit code", 0, riverd.stop())
            s.judge(label, s.outputs("one"), oracle)
            s.judge_accounting(label, metrics, oracle, roles)
            stats = model.stats()
            score.same(f"{label}: one call of the model per distinct list of reviews", stats["distinct"],
                       stats["calls"])
        print("     " + str({str(k): v for k, v in oracle.counts.items()}))
        score.check("the input had every kind of case", min(
            oracle.counts[n] for n in ("booked", "no hotel", "suppressed")) > 0 and len(oracle.dead) > 100)
    finally:
        riverd.kill()
        model.stop()


def part_two(s):
    """Everything at once for a riverd that is killed again and again."""
    score, chance = s.score, random.Random(s.args.seed)
    records, _ = harness.read(s.brokers, harness.INPUTS)
    oracle = s.oracle()
    oracle.phase(records)
    model = harness.FakeModel(delay=20, fail=0.125)
    # small fetches, so that there is a middle to be killed in
    slow = {"kafka.consumer.fetch.message.max.bytes": 20000, "kafka.consumer.queued.min.messages": 500,
            "kafka.consumer.queued.max.messages.kbytes": 64}
    riverd = harness.Riverd(s.directory / "two", dict(s.settings("two", model), **slow))
    try:
        progress = []
        for life in range(s.args.kills):
            riverd.start()
            if life % 3 == 0:  # some die young
                time.sleep(chance.uniform(0.05, 1))
                progress.append(riverd.position())
            else:
                progress.append(riverd.wait_position(chance.uniform(life, life + 1) / s.args.kills * len(records)))
                time.sleep(chance.uniform(0, 0.3))
            riverd.kill()
        print(f"     killed {s.args.kills} times, at records {progress} of {len(records)}")
        score.check("killed: it was killed in the middle", len({p for p in progress if p}) >= s.args.kills // 2)
        riverd.start()
        riverd.wait_quiet(len(records), timeout=300)
        score.same("killed: SIGTERM ends it with exit code", 0, riverd.stop())
        s.judge("killed", s.outputs("two"), oracle)
        print("     the model: " + str(model.stats()))
        score.check("killed: the model failed and was asked again", model.stats()["failures"] > 0)
    finally:
        riverd.kill()
        model.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "50000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-integration-")
    setting = Setting(directory, args)
    try:
        part_one(setting)
        part_two(setting)
    except (AssertionError, OSError) as error:
        setting.score.check("the test ran to its end", False, error)
    finally:
        setting.stop()
        if not args.keep and setting.score.failed == 0:
            shutil.rmtree(directory, ignore_errors=True)
        elif not args.keep:
            print(f"everything is left in {directory}")
    print(f"{setting.score.passed} passed, {setting.score.failed} failed")
    return 1 if setting.score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
