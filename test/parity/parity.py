"""Does riverd compute what the SQL computes?

    parity.py [--seeds 1,2,3] [--events N] [--modes batch,stream] [--results FILE] [--keep DIR]

For each seed: a fresh Kafka and registry, generated input and the edge cases of
edges.py; riverd; the SQL of etc/flink in batch mode and in streaming mode on
Flink. Every record of every output topic is compared, all fields. What is meant
to differ is listed in DIFFERENCES.md and must be found; nothing else may.

Last line: N passed, N failed.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from world import BOOKINGS, CATALOG, HERE, SETTLING, SUMMARY, World
from decode import changelog, millis
from oracle import BOOKING_FIELDS, CATALOG_FIELDS

HOTEL, CUSTOMER = "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"


class Score:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        print(("ok   " if good else "FAIL ") + name + (f": {detail}" if detail != "" and not good else ""), flush=True)


def name_key(name):
    return (name is not None, name or "")


def target_of(value):
    """What must be equal. Lists count as multisets; no similar hotel is an empty one."""
    return (value["CUSTOMER_EMAIL"], value["HOTEL_ID"], millis(value["ACTIVITY_TIME"]), value["HOTEL_NAME"],
            value["HOTEL_CITY"], tuple(sorted(value["SIMILAR_HOTELS"] or (), key=name_key)),
            tuple(sorted(value["HOTEL_REVIEWS"].split("||| "))), value["REVIEW_SUMMARY"])


def order_of(value):
    return tuple(value["SIMILAR_HOTELS"] or ()), value["HOTEL_REVIEWS"]


def rows(records, fields):
    return Counter(tuple(value[name] for name in fields) for _, value, _ in records)


class Log:
    """What the changelogs say, read by a decoder that is neither system's."""

    def __init__(self, world):
        self.repeats, self.back = Counter(), set()
        hotels, customers, gone = {}, {}, set()
        for record in sorted(world.inputs, key=lambda r: (r["partition"], r["offset"])):
            if record["topic"] == HOTEL:
                key, row = changelog(record, world.schemas, "hotel_id")
                if row is None:
                    hotels.pop(key, None)
                    continue
                seen = {n: row.get(n) for n in ("hotel_id", "name", "description", "city", "country", "amenities")}
                if hotels.get(key) == seen:
                    self.repeats[tuple(row.get(n.lower()) for n in CATALOG_FIELDS)] += 1
                hotels[key] = seen
            elif record["topic"] == CUSTOMER:
                key, row = changelog(record, world.schemas, "customer_id")
                if row is None:
                    email = customers.pop(key, None)
                    gone |= {email} - {None}
                else:
                    customers[key] = row.get("email")
        self.erased = gone
        self.back = gone & set(customers.values())


class Comparison:
    def __init__(self, score, world, log, ours, label):
        self.score, self.world, self.log, self.ours, self.label = score, world, log, ours, label
        self.theirs = world.outputs(f"{label}.")
        self.found = Counter()  # differences of DIFFERENCES.md, by name

    def check(self, name, good, detail=""):
        self.score.check(f"seed {self.world.seed}, {self.label}: {name}", good, detail)

    def equal(self, name, ours, theirs):
        missing, extra = theirs - ours, ours - theirs
        self.check(f"{name} ({sum(ours.values())} records)", not missing and not extra and ours,
                   f"{sum(missing.values())} only in Flink: {list(missing)[:2]}; "
                   f"{sum(extra.values())} only in riverd: {list(extra)[:2]}")

    def expected(self, ours, theirs):
        """Flink's targets without what is listed as different."""
        out = Counter()
        for row, times in theirs.items():
            if row not in ours and row[0] in self.log.back:
                self.found["erased-and-back"] += times
                continue
            if "" in row[6]:
                self.found["empty-review"] += times
                row = row[:6] + (tuple(part for part in row[6] if part),) + row[7:]
                if not row[6]:
                    continue
            out[row] += times
        return out

    def targets(self):
        ours = Counter(target_of(v) for _, v, _ in self.ours[SUMMARY])
        theirs = Counter(target_of(v) for _, v, _ in self.theirs[SUMMARY])
        theirs = self.expected(ours, theirs)
        self.equal("every field of every target", ours, theirs)
        self.check("one record a target", max(Counter(row[:3] for row in theirs.elements()).values(), default=1) == 1)
        ours_by = {target_of(v): v for _, v, _ in self.ours[SUMMARY]}
        for _, value, _ in self.theirs[SUMMARY]:
            twin = ours_by.get(target_of(value))
            if twin is None:
                continue
            self.found["no-similar-hotel"] += twin["SIMILAR_HOTELS"] == [] and value["SIMILAR_HOTELS"] is None
            self.found["order-of-lists"] += order_of(twin) != order_of(value)
        self.check("no similar hotel is null in Flink, a list in riverd", all(
            v["SIMILAR_HOTELS"] != [] for _, v, _ in self.theirs[SUMMARY]) and all(
            v["SIMILAR_HOTELS"] is not None for _, v, _ in self.ours[SUMMARY]))

    def others(self):
        ours, theirs = rows(self.ours[BOOKINGS], BOOKING_FIELDS), rows(self.theirs[BOOKINGS], BOOKING_FIELDS)
        for row in list((theirs - ours).elements()):
            if row[1] in self.log.erased:
                theirs[row] -= 1
                self.found["bookings-of-the-erased"] += 1
        self.equal("every field of HOTEL_BOOKINGS", ours, +theirs)
        ours, theirs = rows(self.ours[CATALOG], CATALOG_FIELDS), rows(self.theirs[CATALOG], CATALOG_FIELDS)
        self.found["repeated-version"] = sum(self.log.repeats.values())
        self.equal("every field of HOTEL_CATALOG, and repeated versions once", ours + self.log.repeats, theirs)

    def schema(self, data):
        """What the registry has under the id in front, as JSON without white space."""
        return json.dumps(json.loads(self.world.registry.get(int.from_bytes(data[1:5], "big"))))

    def shape(self):
        """Written in the same schemas, with keys that fit the values."""
        for topic in (SUMMARY, BOOKINGS, CATALOG):
            for part in ("key", "value"):
                ours, theirs = ({self.schema(r[part]) for _, _, r in side[topic]} for side in (self.ours, self.theirs))
                self.check(f"{topic}: the {part}'s schema is the same, to the letter", ours == theirs and len(ours) == 1,
                           (ours, theirs))
            name = "HOTEL_ID" if topic == CATALOG else "CUSTOMER_EMAIL"
            bad = [key for side in (self.ours, self.theirs) for key, value, _ in side[topic] if key != {name: value[name]}]
            self.check(f"{topic}: its keys are those of its values", not bad, bad[:2])
        marked = [sum("riverd-id" in dict(r["headers"]) for t in side.values() for _, _, r in t)
                  for side in (self.ours, self.theirs)]
        self.check("riverd marks each record, Flink none",
                   marked == [sum(map(len, self.ours.values())), 0], marked)
        self.found["headers"] = marked[0]

    def calls(self):
        ours, theirs = self.world.models["riverd"].stats(), self.world.models[self.label].stats()
        count = len(self.theirs[SUMMARY])
        self.check("riverd asks once for each list of reviews", ours["calls"] == ours["distinct"] <= len(self.ours[SUMMARY]),
                   ours)
        self.check("Flink asks once for each target", theirs["calls"] == count, (theirs, count))
        self.found["calls"] = theirs["calls"] - ours["calls"]

    def result(self):
        stats = self.world.models[self.label].stats()
        versions = 0
        if self.label == "stream":
            versions = len(self.world.outputs("stream.", SETTLING[:1])[SETTLING[0]])
        return {"mode": self.label, "targets": len(self.theirs[SUMMARY]), "calls": stats["calls"], "versions": versions,
                "bookings": len(self.theirs[BOOKINGS]), "catalog": len(self.theirs[CATALOG]),
                "seconds": round(self.world.seconds[self.label], 1), "found": dict(self.found)}


# may happen or not, as the two meet in time; all others must be seen in each run
TIMING = {"erased-and-back"}


def listed():
    """The names of DIFFERENCES.md."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", (HERE / "DIFFERENCES.md").read_text(), re.M))


def one(score, directory, seed, args):
    world = World(directory, seed, args.events)
    try:
        records = world.fill()
        world.run_riverd()
        ours, log = world.outputs(""), Log(world)
        stats = world.models["riverd"].stats()
        result = {"seed": seed, "records": records, "riverd": {
            "targets": len(ours[SUMMARY]), "bookings": len(ours[BOOKINGS]), "catalog": len(ours[CATALOG]),
            "calls": stats["calls"], "seconds": round(world.seconds["riverd"], 1)}, "flink": []}
        print(f"     riverd: {result['riverd']}", flush=True)
        for mode in args.modes.split(","):
            world.run_flink(mode, *(("batch",) if mode == "batch" else ("join", "summarise")))
            c = Comparison(score, world, log, ours, mode)
            c.targets()
            c.others()
            c.shape()
            c.calls()
            seen = {name for name, times in c.found.items() if times > 0}
            c.check("the listed differences occur, and no others",
                    seen <= listed() and listed() <= seen | TIMING, f"found {dict(c.found)}, listed {sorted(listed())}")
            result["flink"].append(c.result())
            print(f"     Flink: {result['flink'][-1]}", flush=True)
        return result
    finally:
        world.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default=os.environ.get("SEEDS", "1"))
    parser.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "5000")))
    parser.add_argument("--modes", default="batch,stream")
    parser.add_argument("--results", help="append what was measured to this file, as lines of JSON")
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    score = Score()
    for seed in map(int, args.seeds.replace(",", " ").split()):
        directory = Path(args.keep or tempfile.mkdtemp(prefix="riverd-parity-")) / str(seed)
        before, begin = score.failed, time.monotonic()
        try:
            result = dict(one(score, directory, seed, args), events=args.events,
                          seconds=round(time.monotonic() - begin), failed=score.failed - before)
            if args.results:
                with open(args.results, "a") as file:
                    file.write(json.dumps(result) + "\n")
        except (AssertionError, OSError) as error:
            score.check(f"seed {seed}: it ran to its end", False, error)
        if not args.keep and score.failed == before:
            shutil.rmtree(directory.parent, ignore_errors=True)
        elif not args.keep:
            print(f"everything is left in {directory}")
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
