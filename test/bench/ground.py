"""The ground on which systems are compared: one Kafka, one registry, one input, and
what must come out of it by an oracle that shares no code with any of them."""

import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT / "test" / "integration"), str(ROOT / "test" / "integration" / "oracle")]
import harness  # noqa: E402
from decode import Schemas, body_of, load, millis  # noqa: E402
from oracle import BOOKING_FIELDS, TARGET_FIELDS, Oracle  # noqa: E402

SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"
PARTITIONS = 4
DAY = 86400000
ANSWER = "Guests liked the quiet rooms and the friendly staff."


def script(name, word):
    return subprocess.run([harness.SERVERS / name, word], check=True, capture_output=True, text=True).stdout.strip()


class Broker:
    """Requests of Kafka's protocol by hand: asking must not cost what is measured."""

    def __init__(self, brokers):
        host, port = brokers.split(":")
        self.address, self.stream = (host, int(port)), None

    def call(self, key, version, body):
        if self.stream is None:
            s = socket.create_connection(self.address, timeout=60)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.stream = s.makefile("rwb")
        head = struct.pack(">hhih", key, version, 1, 5) + b"bench"
        self.stream.write(struct.pack(">i", len(head) + len(body)) + head + body)
        self.stream.flush()
        return self.stream.read(struct.unpack(">i", self.stream.read(4))[0])[4:]

    def create(self, *topics, partitions=PARTITIONS):
        body = struct.pack(">i", len(topics))
        for name in topics:
            body += struct.pack(">h", len(name)) + name.encode() + struct.pack(">ihii", partitions, 1, 0, 0)
        answer, at = self.call(19, 4, body + struct.pack(">ib", 30000, 0)), 8
        for _ in topics:
            length, = struct.unpack_from(">h", answer, at)
            code, text = struct.unpack_from(">hh", answer, at + 2 + length)
            assert code in (0, 36), f"the broker refuses with error {code}"
            at += 2 + length + 4 + max(text, 0)

    def ends(self, topic, partitions=PARTITIONS):
        """Sum of the last stable offsets: moves whenever something is committed. 0 without the topic."""
        body = struct.pack(">ibi", -1, 1, 1) + struct.pack(">h", len(topic)) + topic.encode()
        body += struct.pack(">i", partitions) + b"".join(struct.pack(">iq", p, -1) for p in range(partitions))
        answer = self.call(2, 2, body)
        at = 4 + 4 + 2 + len(topic) + 4
        found = [struct.unpack_from(">ihqq", answer, at + 22 * p) for p in range(partitions)]
        return sum(offset for _, code, _, offset in found if code == 0)

    def committed(self, group, topic, partitions=PARTITIONS):
        """Sum of the offsets that a group has committed."""
        body = struct.pack(">h", len(group)) + group.encode() + struct.pack(">i", 1)
        body += struct.pack(">h", len(topic)) + topic.encode() + struct.pack(">i", partitions)
        answer, total = self.call(9, 1, body + struct.pack(f">{partitions}i", *range(partitions))), 0
        at = 4 + 2 + len(topic) + 4
        for _ in range(partitions):
            _, offset, length = struct.unpack_from(">iqh", answer, at)
            total, at = total + max(offset, 0), at + 14 + max(length, 0) + 2
        return total


class Model:
    """The program bench_model: an endpoint that answers every call with the same sentence and counts."""

    def __init__(self, program):
        self.process = subprocess.Popen([program, ANSWER], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def calls(self):
        return harness.get_json(self.url + "/stats")["calls"]

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def records(brokers, topics):
    """Committed records one after the other, by a reader that is not librdkafka."""
    command = [script("kafka", "java"), "-Xmx256m", "-cp", script("kafka", "classpath"),
               harness.HERE / "reader" / "Reader.java", brokers, *topics]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as reader:
        for line in reader.stdout:
            yield from load([line])[0]
    if reader.returncode != 0:
        raise AssertionError(f"the reader ends with {reader.returncode}")


class Ground:
    def __init__(self, directory, model_program):
        self.directory, self.model_program = Path(directory), model_program
        os.environ.setdefault("KAFKA_HEAP", "1g")
        # a tick of Kafka Streams lies ahead of the clock by its patience
        self.kafka = harness.Server("kafka", directory, f"log.message.timestamp.after.max.ms={30 * DAY}")
        self.registry_server = harness.Server("registry", directory)
        self.brokers, self.registry = self.kafka.env["BOOTSTRAP"], self.registry_server.env["URL"]
        self.broker = Broker(self.brokers)
        self.schemas = Schemas(harness.Registry(self.registry).get)

    def stop(self):
        self.registry_server.stop()
        self.kafka.stop()

    def model(self):
        return Model(self.model_program)

    def fill(self, events, *more):
        """The input, and from the bytes in Kafka what must come out of it."""
        printed = harness.generate(
            self.brokers, self.registry, "--create-topics", "--partitions", str(PARTITIONS), "--events", str(events),
            "--history", "7d", "--start", str(int(time.time() * 1000) - 10 * DAY), "--out-of-order", "0.05",
            "--customers", str(max(2000, min(200000, events // 5))), "--hotels", str(max(100, min(2000, events // 500))),
            "--past-bookings", str(max(600, min(20000, events // 50))), "--seal", "45m", *more)
        return printed.strip().splitlines()[-1].strip()

    def expect(self):
        self.oracle = Oracle(self.schemas, int(time.time() * 1000), summary=lambda texts: ANSWER)
        self.counted = Counter()

        def all_of_it():
            for record in records(self.brokers, harness.INPUTS):
                self.counted[record["topic"]] += 1
                yield record

        self.oracle.phase(all_of_it())
        self.targets = Counter()
        for row, times in self.oracle.targets.items():
            self.targets[normal(row)] += times
        self.optional = Counter(normal(row) for row in self.oracle.optional_targets)
        self.bookings, self.optional_bookings = self.oracle.bookings, self.oracle.optional_bookings
        self.questions = len({(row[1], row[6]) for row in self.oracle.targets})
        self.records = sum(self.counted.values())
        self.span = min(row[2] for row in self.targets), max(row[2] for row in self.targets)

    def read(self, topic, fields, shape):
        """The rows of an output, as they are compared."""
        found = Counter()
        for record in records(self.brokers, [topic]):
            value = {k.upper(): v for k, v in body_of(record["value"], self.schemas).items()}
            found[shape(tuple(value[name] for name in fields))] += 1
        return found

    def judge(self, targets, bookings):
        """What two topics hold against what they must: every field of every record.
        {rows, wrong}; wrong is empty when nothing is."""
        found = self.read(targets, TARGET_FIELDS, normal)
        missing, extra = self.targets - found, found - self.targets - self.optional
        wrong = difference("targets", missing, extra, self.targets)
        if bookings is not None:
            booked = self.read(bookings, BOOKING_FIELDS, normal_booking)
            wrong += difference("bookings", self.bookings - booked, booked - self.bookings - self.optional_bookings,
                                self.bookings)
        return {"rows": sum(found.values()), "wrong": wrong}


def difference(what, missing, extra, expected):
    if not missing and not extra:
        return ""
    return (f"{what}: {sum(missing.values())} missing, {sum(extra.values())} unexpected of {sum(expected.values())}, "
            f"as {json.dumps([list(missing)[:1], list(extra)[:1]])[:500]}; ")


def normal_booking(row):
    return tuple(millis(item) if name in ("CHECK_IN", "CHECK_OUT") else item
                 for name, item in zip(BOOKING_FIELDS, row))


def normal(row):
    """What must be equal: lists as multisets, no similar hotel an empty one."""
    email, hotel, at, name, city, similar, reviews, summary = row
    return (email, hotel, millis(at), name, city, hash(tuple(sorted(similar or (), key=str))),
            hash(tuple(sorted(reviews.split("||| ")))), summary)
