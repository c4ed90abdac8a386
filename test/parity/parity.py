"""Does riverd compute what the SQL computes?

    parity.py [--seeds 1,2,3] [--events N] [--modes batch,stream] [--results FILE] [--keep DIR]

For each seed: a fresh Kafka and registry, generated input and the edge cases of
edges.py; riverd; the SQL of etc/flink in batch mode and in streaming mode on
Flink. Every record of every output topic is compared, all fields. What is meant
to differ is listed in README.md and must be found; nothing else may.

Last line: N passed, N failed.
"""

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from world import BOOKINGS, CATALOG, GENERATIONS, ROOT, SETTLING, SUMMARY, World
from decode import millis
from inputs import Log, covered
from oracle import BOOKING_FIELDS, CATALOG_FIELDS


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


def sizes(world, system, side):
    """What RESULTS.md says of one system: rows, and what they cost."""
    return {"targets": len(side[SUMMARY]), "distinct": len({target_of(v)[:3] for _, v, _ in side[SUMMARY]}),
            "bookings": len(side[BOOKINGS]), "catalog": len(side[CATALOG]), "calls": world.models[system].stats()["calls"],
            "seconds": round(world.seconds[system], 1)}


def order_of(value):
    return tuple(value["SIMILAR_HOTELS"] or ()), value["HOTEL_REVIEWS"]


def rows(records, fields):
    return Counter(tuple(value[name] for name in fields) for _, value, _ in records)


class Comparison:
    def __init__(self, score, world, log, ours, label):
        self.score, self.world, self.log, self.ours, self.label = score, world, log, ours, label
        self.theirs = world.outputs(f"{label}.")
        self.found = Counter()  # differences that README.md lists, by name

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

    def bookings(self):
        ours, theirs = rows(self.ours[BOOKINGS], BOOKING_FIELDS), rows(self.theirs[BOOKINGS], BOOKING_FIELDS)
        for row in list((theirs - ours).elements()):
            if row[1] in self.log.erased:
                theirs[row] -= 1
                self.found["booking-of-the-erased"] += 1
        self.equal("every field of HOTEL_BOOKINGS", ours, +theirs)

    def catalog(self, some=False):
        """some: only some of the log was Flink's to repeat."""
        ours, theirs = rows(self.ours[CATALOG], CATALOG_FIELDS), rows(self.theirs[CATALOG], CATALOG_FIELDS)
        self.found["repeated-version"] = sum(self.log.repeats.values())
        repeats = self.log.repeats & (theirs - ours) if some else self.log.repeats
        self.equal("every field of HOTEL_CATALOG, and repeated versions once", ours + repeats, theirs)

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
        self.check("no similar hotel is null in Flink, a list in riverd", all(
            v["SIMILAR_HOTELS"] != [] for _, v, _ in self.theirs[SUMMARY]) and all(
            v["SIMILAR_HOTELS"] is not None for _, v, _ in self.ours[SUMMARY]))
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

    def result(self, failed):
        versions = len(self.world.outputs("stream.", SETTLING[:1])[SETTLING[0]]) if self.label == "stream" else 0
        return dict(sizes(self.world, self.label, self.theirs), mode=self.label, versions=versions, found=dict(self.found),
                    failed=failed)


# Of the records of edges.py, what must and must not have become a target whatever both systems think.
TARGETS = {("before@edge.example", "E-INTERVAL"), ("past@edge.example", "E-INTERVAL"),
           ("never@edge.example", "E-INTERVAL"), ("two-hotels@edge.example", "E-TWIN-1"),
           ("month@edge.example", "E-MONTH-begin"), ("month@edge.example", "E-MONTH-end"),
           ("april@edge.example", "E-APRIL-30"), ("april@edge.example", "E-APRIL-31")}
NO_TARGETS = {("at@edge.example", "E-INTERVAL"), ("after@edge.example", "E-INTERVAL"), ("end@edge.example", "E-INTERVAL"),
              ("elsewhere@edge.example", "E-INTERVAL"), ("gone@edge.example", "E-INTERVAL"),
              ("month@edge.example", "E-MONTH-early"), ("month@edge.example", "E-MONTH-future"),
              ("april@edge.example", "E-APRIL-30-early"), ("guests@edge.example", "E-GUEST-never")}


def ends(score, world, ours):
    """The ends of interval and month, said outright: two systems can be wrong alike."""
    found = {(v["CUSTOMER_EMAIL"], v["HOTEL_ID"]) for _, v, _ in ours[SUMMARY]}
    score.check(f"seed {world.seed}: bookings at both ends of the interval count, reviews at both ends of the month as well",
                TARGETS <= found and not NO_TARGETS & found, (TARGETS - found, NO_TARGETS & found))


# may happen or not, as the two meet in time; all others must be seen in each run
TIMING = {"erased-and-back", "booking-of-the-erased"}
# what only a job that runs on and on can show: ongoing.py
LIVE = {"late-click", "silence", "unknown-hotel", "poison"}


def listed():
    """The names in README's table of differences, and those that only ongoing.py can show."""
    text = (ROOT / "README.md").read_text()
    section = re.search(r"^### Where the answers differ\n(.*?)^##", text, re.M | re.S).group(1)
    names = re.findall(r"^\| `([a-z-]+)` \|", section, re.M)
    return set(names) - LIVE


def one(score, directory, seed, args):
    world = World(directory, seed, args.events, args.generation)
    try:
        world.generate()
        world.add_edges()
        world.read_inputs()
        log = Log(world)
        covered(score, world, log)
        world.run_riverd()
        ours = world.outputs("")
        ends(score, world, ours)
        result = {"seed": seed, "generation": world.generation, "records": world.inputs.records,
                  "riverd": sizes(world, "riverd", ours), "flink": []}
        print(f"     riverd: {result['riverd']}", flush=True)
        for mode in args.modes.split(","):
            world.run_flink(mode, *(("batch",) if mode == "batch" else ("join", "summarise")))
            c, before = Comparison(score, world, log, ours, mode), score.failed
            c.targets()
            c.bookings()
            c.catalog()
            c.shape()
            c.calls()
            seen = {name for name, times in c.found.items() if times > 0}
            c.check("the listed differences occur, and no others",
                    seen <= listed() and listed() <= seen | TIMING, f"found {dict(c.found)}, listed {sorted(listed())}")
            result["flink"].append(c.result(score.failed - before))
            print(f"     Flink: {result['flink'][-1]}", flush=True)
        return result
    finally:
        world.stop()


def hand_over(score, directory, seed, args):
    """riverd takes the first part of the input, Flink goes on where it stopped: as if one had done it all."""
    world = World(directory, seed, args.events, args.generation)
    try:
        world.generate()
        world.read_inputs()
        state = world.run_riverd() / "state.db"
        said = subprocess.run([ROOT / "etc" / "flink" / "hand-over", state], check=True, capture_output=True, text=True).stdout
        variables = dict(word.split("=", 1) for line in said.splitlines() for word in shlex.split(line)[1:])
        world.add_edges()
        world.read_inputs()
        world.run_riverd("whole", "whole.")
        world.run_flink("flink", "join", "summarise", **variables)
        first, second, whole = world.outputs(""), world.outputs("flink."), world.outputs("whole.")
        print(f"     {len(first[SUMMARY])} targets by riverd, {len(second[SUMMARY])} by Flink from {variables['SINCE_MS']} on", flush=True)
        both = Comparison(score, world, Log(world), whole, "flink")
        both.theirs = {topic: first[topic] + second[topic] for topic in first}
        both.label = "hand-over"
        score.check("hand-over: both had a part", first[SUMMARY] and second[SUMMARY])
        both.targets()
        both.bookings()
        both.catalog(some=True)
    finally:
        world.stop()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default=os.environ.get("SEEDS", "1"))
    parser.add_argument("--events", type=int, default=int(os.environ.get("EVENTS", "5000")))
    parser.add_argument("--modes", default="batch,stream")
    parser.add_argument("--generation", choices=GENERATIONS, help="of the schemas; otherwise each seed takes the next one")
    parser.add_argument("--hand-over", action="store_true", help="instead: riverd first, then Flink, as README.md says")
    parser.add_argument("--results", help="append what was measured to this file, as lines of JSON")
    parser.add_argument("--keep", help="work here and leave everything")
    args = parser.parse_args()
    score = Score()
    for seed in map(int, args.seeds.replace(",", " ").split()):
        directory = Path(args.keep or tempfile.mkdtemp(prefix="riverd-parity-")) / str(seed)
        before, begin = score.failed, time.monotonic()
        try:
            result = (hand_over if args.hand_over else one)(score, directory, seed, args)
            if args.results and result:
                with open(args.results, "a") as file:
                    file.write(json.dumps(dict(result, events=args.events, seconds=round(time.monotonic() - begin),
                                               failed=score.failed - before)) + "\n")
        except (AssertionError, OSError, subprocess.SubprocessError) as error:
            score.check(f"seed {seed}: it ran to its end", False, error)
        if not args.keep and score.failed == before:
            shutil.rmtree(directory.parent, ignore_errors=True)
        elif not args.keep:
            print(f"everything is left in {directory}")
    print(f"{score.passed} passed, {score.failed} failed")
    return 1 if score.failed else 0


if __name__ == "__main__":
    sys.exit(main())
