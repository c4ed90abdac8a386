"""The database is lost: `riverd run --rebuild` on a real Kafka, judged by the oracle.

    rebuild_test.py [--events N] [--seed N] [--rounds N] [--keep DIR]

Each round, for another riverd on the same input: it is killed somewhere in the
middle and its database deleted; without --rebuild it refuses, with exit 3 and
advice; with --rebuild it begins anew, is killed again and goes on without the
option. Then more events are made, the database is lost at rest, and rebuilt.
Every output record is compared field by field; no riverd-id may come twice.

Last line: N passed, N failed.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections import Counter

import harness
from judge import Judge
from pipeline_test import DAY, Setting, conclude


class Rebuilt(Judge):
    def judge_headers(self, label, outputs, db_count):
        """Numbers begin anew with each database; ids are for ever."""
        ids, seqs, dbs = Counter(), Counter(), set()
        for topic, records in outputs.items():
            for record in records:
                h = dict(record["headers"])
                ids[topic, h.get("riverd-id")] += 1
                seqs[h.get("riverd-db"), h.get("riverd-seq")] += 1
                dbs.add(h.get("riverd-db"))
        self.score.check(f"{label}: every record has its own riverd-id", None not in [i for _, i in ids]
                         and max(ids.values(), default=1) == 1, [i for i, n in ids.items() if n > 1][:3])
        self.score.check(f"{label}: no riverd-seq of one database twice", max(seqs.values(), default=1) == 1)
        self.score.check(f"{label}: {len(dbs)} databases wrote, at most {db_count}", len(dbs) <= db_count)


class Lost(Setting):
    def __init__(self, *args):
        super().__init__(*args)
        self.judging = Rebuilt(self.score, self.schemas)


def lose(riverd):
    riverd.kill()
    for path in riverd.directory.glob("state.db*"):
        path.unlink()


def refuses(s, riverd):
    riverd.start()
    code = riverd.process.wait(60)
    s.score.check("a lost database is refused with exit 3 and advice", code == 3 and "--rebuild" in riverd.log(),
                  f"exit {code}: {riverd.log()[-500:]}")


def one_round(s, name, chance, records, oracle):
    """Lost in the middle, and killed in the rebuild."""
    model = harness.FakeModel(delay=20)
    slow = {"kafka.consumer.fetch.message.max.bytes": 20000, "kafka.consumer.queued.min.messages": 500,
            "kafka.consumer.queued.max.messages.kbytes": 64}
    riverd = harness.Riverd(s.directory / name, dict(s.settings(name, model), **slow))
    try:
        riverd.start()
        at = riverd.wait_position(chance.uniform(0.2, 1) * len(records), timeout=120)
        time.sleep(chance.uniform(0, 1.5))
        lose(riverd)
        before = sum(len(r) for r in s.outputs(name).values())
        if before:
            refuses(s, riverd)
        riverd.start(options=("--rebuild",))
        again = riverd.wait_position(chance.uniform(0.2, 1) * len(records), timeout=120)
        time.sleep(chance.uniform(0, 0.5))
        riverd.kill()
        riverd.start()
        riverd.wait_quiet(len(records))
        print(f"     lost at record {at} of {len(records)} with {before} results published, killed at {again}")
        s.judging.judge(name, s.outputs(name), oracle, 2)
    finally:
        riverd.kill()
        model.stop()


def news(s, oracle, records):
    """Tells the oracle what came since; returns all there is."""
    seen = {(r["topic"], r["partition"], r["offset"]) for r in records}
    records, _ = harness.read(s.brokers, harness.INPUTS)
    oracle.phase([r for r in records if (r["topic"], r["partition"], r["offset"]) not in seen])
    return records


def at_rest(s, oracle, records):
    """Everything is published, then lost; more events come meanwhile."""
    model = harness.FakeModel()
    riverd = harness.Riverd(s.directory / "rest", s.settings("rest", model))
    try:
        riverd.start()
        riverd.wait_quiet(len(records))
        riverd.stop()
        lose(riverd)
        refuses(s, riverd)
        before = s.outputs("rest")
        riverd.start(options=("--rebuild",))
        riverd.wait_quiet(len(records))
        after = s.outputs("rest")
        s.score.same("rebuilt at rest: not one record more", {t: len(r) for t, r in before.items()},
                     {t: len(r) for t, r in after.items()})
        lose(riverd)
        s.generate("--events", str(s.args.events // 3), "--history", "1d", "--start", str(int(time.time() * 1000) - 3 * DAY),
                   "--continue", "10000000")
        records = news(s, oracle, records)
        riverd.start(options=("--rebuild",))
        riverd.wait_quiet(len(records))
        s.judging.judge("more events", s.outputs("rest"), oracle, 3)
        s.generate("--events", "300", "--history", "1h", "--start", str(int(time.time() * 1000) - DAY), "--continue", "20000000")
        records = news(s, oracle, records)
        riverd.wait_quiet(len(records))
        s.judging.judge("and then", s.outputs("rest"), oracle, 3)
        s.score.check("all that was there is settled: the rebuild has ended", "rebuilt: everything" in riverd.log(),
                      riverd.log()[-800:])
    finally:
        riverd.kill()
        model.stop()


def every_round(setting, args):
    chance = random.Random(args.seed)
    setting.generate("--create-topics", "--partitions", "4", "--events", str(args.events), "--history", "2d", "--start",
                     str(int(time.time() * 1000) - 6 * DAY))
    records, _ = harness.read(setting.brokers, harness.INPUTS)
    oracle = setting.oracle()
    oracle.phase(records)
    for number in range(1, args.rounds + 1):
        one_round(setting, f"round{number}", chance, records, oracle)
    at_rest(setting, oracle, records)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "12000")))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-rebuild-")
    setting = Lost(directory, args)
    return conclude(setting, directory, args.keep, lambda: every_round(setting, args))


if __name__ == "__main__":
    sys.exit(main())
