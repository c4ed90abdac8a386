"""What lies in the input topics: how much of everything that makes a comparison worth it,
and what the changelogs say, read by a decoder that is neither system's."""

import json
import subprocess
from collections import Counter, defaultdict

import harness
from decode import changelog, load
from oracle import CATALOG_FIELDS

EVENTS = ("clickstream", "bookings", "hotel_reviews")
HOTEL, CUSTOMER = "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"
BOUND = 5000  # ms out of order that both systems wait for


class Inputs:
    """Read record by record: a million of them need not fit into memory. The changelogs are kept."""

    def __init__(self, brokers):
        self.records, self.counts, self.partitions = 0, Counter(), defaultdict(set)
        self.changes, self.seen, self.highest = [], set(), {}
        java, classpath = (subprocess.run([harness.SERVERS / "kafka", word], check=True, capture_output=True,
                                          text=True).stdout.strip() for word in ("java", "classpath"))
        with subprocess.Popen([java, "-Xmx512m", "-cp", classpath, harness.HERE / "reader" / "Reader.java", brokers,
                               *harness.INPUTS], stdout=subprocess.PIPE, text=True) as reader:
            for line in reader.stdout:
                self.take(line)
        if reader.returncode != 0:
            raise AssertionError(f"the reader ends with {reader.returncode}")
        self.seen = None

    def take(self, line):
        item = json.loads(line)
        if "end" in item:
            return
        topic, place = item["topic"], (item["topic"], item["partition"])
        self.records += 1
        self.partitions[topic].add(item["partition"])
        if topic in (HOTEL, CUSTOMER):
            self.changes += load([line])[0]
            return
        self.counts["with a key"] += item["key"] is not None
        behind = self.highest.get(place, 0) - item["timestamp"]
        self.counts["out of order"] += behind > 0
        self.counts["late"] += behind > BOUND and topic != "hotel_reviews"
        self.highest[place] = max(self.highest.get(place, 0), item["timestamp"])
        digest = hash((topic, item["value"]))
        self.counts["sent twice"] += digest in self.seen
        self.seen.add(digest)


class Log:
    """What the changelogs say."""

    def __init__(self, world):
        self.repeats, self.back, self.kinds = Counter(), set(), Counter()
        hotels, customers, gone = {}, {}, set()
        for record in sorted(world.inputs.changes, key=lambda r: (r["partition"], r["offset"])):
            if record["topic"] == HOTEL:
                key, row = changelog(record, world.schemas, "hotel_id")
                if row is None:
                    self.kinds["hotels deleted"] += hotels.pop(key, None) is not None
                    continue
                seen = {n: row.get(n) for n in ("hotel_id", "name", "description", "city", "country", "amenities")}
                if hotels.get(key) == seen:
                    self.repeats[tuple(row.get(n.lower()) for n in CATALOG_FIELDS)] += 1
                elif key in hotels:
                    self.kinds["hotels changed"] += 1
                hotels[key] = seen
            elif record["topic"] == CUSTOMER:
                key, row = changelog(record, world.schemas, "customer_id")
                if row is None:
                    email = customers.pop(key, None)
                    gone |= {email} - {None}
                else:
                    customers[key] = row.get("email")
        self.kinds["customers erased"] = len(gone)
        self.erased = gone
        self.back = gone & set(customers.values())


def covered(score, world, log):
    """The input has what it must have, or what follows proves little."""
    found, inputs = dict(log.kinds, **world.inputs.counts), world.inputs
    score.check(f"seed {world.seed}: five topics, each in {world.partitions} partitions, events without a key",
                all(len(inputs.partitions[topic]) == world.partitions for topic in (*EVENTS, HOTEL, CUSTOMER))
                and found["with a key"] == 0, dict(inputs.partitions, found=found))
    wanted = ("out of order", "sent twice", "hotels changed", "hotels deleted", "customers erased")
    score.check(f"seed {world.seed}: out of order within bounds, sent twice, hotels and customers changing "
                f"({', '.join(f'{found.get(name, 0)} {name}' for name in wanted)})",
                all(found.get(name) for name in wanted) and found["out of order"] >= 20 and found["late"] == 0, found)
