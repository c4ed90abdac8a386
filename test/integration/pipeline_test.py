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
from decode import Schemas
from judge import BOOKINGS, CATALOG, SUMMARY, Judge, Score
from oracle import Oracle

DAY = 86400000


class Setting:
    """The servers, and everything that both parts share."""

    def __init__(self, directory, args):
        self.directory, self.args, self.score = Path(directory), args, Score()
        self.kafka = harness.Server("kafka", directory)
        self.registry_server = harness.Server("registry", directory)
        self.brokers = self.kafka.env["BOOTSTRAP"]
        self.registry = harness.Registry(self.registry_server.env["URL"])
        self.schemas = Schemas(self.registry.get)
        self.judging = Judge(self.score, self.schemas)

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
            s.judging.judge(label, s.outputs("one"), oracle)
            s.judging.judge_accounting(label, metrics, oracle, roles)
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
    # small fetches and a rest after each batch, so that there is a middle to be killed in
    resting = {"RIVERD_FAULT": "intake.after_batch:sleep=20"}
    slow = {"kafka.consumer.fetch.message.max.bytes": 20000, "kafka.consumer.queued.min.messages": 500,
            "kafka.consumer.queued.max.messages.kbytes": 64}
    riverd = harness.Riverd(s.directory / "two", dict(s.settings("two", model), **slow))
    try:
        progress = []
        for life in range(s.args.kills):
            riverd.start(env=resting)
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
        s.judging.judge("killed", s.outputs("two"), oracle)
        print("     the model: " + str(model.stats()))
        score.check("killed: the model failed and was asked again", model.stats()["failures"] > 0)
    finally:
        riverd.kill()
        model.stop()


def conclude(setting, directory, keep, story):
    """Runs the story, stops the servers, says what came of it. Returns the exit status."""
    try:
        story()
    except (AssertionError, OSError) as error:
        setting.score.check("the test ran to its end", False, error)
    finally:
        setting.stop()
        if not keep and setting.score.failed == 0:
            shutil.rmtree(directory, ignore_errors=True)
        elif not keep:
            print(f"everything is left in {directory}")
    print(f"{setting.score.passed} passed, {setting.score.failed} failed")
    return 1 if setting.score.failed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "50000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kills", type=int, default=9)
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-integration-")
    setting = Setting(directory, args)
    return conclude(setting, directory, args.keep, lambda: (part_one(setting), part_two(setting)))


if __name__ == "__main__":
    sys.exit(main())
