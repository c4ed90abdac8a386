"""One riverd with nothing around it but Kafka and a registry, and clicks written one by
one: what targets.py and outside.py share."""

import json
import os
import socket
import subprocess
import time

from ground import BOOKINGS, CATALOG, SUMMARY, harness, records  # noqa: F401
from meter import resident_mib


def cpu_ns(pid):
    """By the threads' names; librdkafka's are those of its clients."""
    total = {}
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as used, open(f"/proc/{pid}/task/{task}/comm") as comm:
            name = comm.read().strip()
            total[name] = total.get(name, 0) + int(used.read().split()[0])
    return total


class Daemon:
    """riverd on topics of its own; `ready` is how long READY=1 took after start()."""

    def __init__(self, ground, name, **settings):
        self.ground, self.name, self.summary = ground, name, f"{name}.{SUMMARY}"
        self.inputs = {"clickstream": f"{name}.clicks", "bookings": f"{name}.bookings"}
        ground.broker.create(*self.inputs.values(), self.summary, f"{name}.{BOOKINGS}", f"{name}.{CATALOG}", partitions=1)
        self.riverd = harness.Riverd(ground.directory / name, {
            "kafka.bootstrap.servers": ground.brokers, "schema.registry.url": ground.registry, "group.id": name,
            "input.clickstream.topic": self.inputs["clickstream"], "input.bookings.topic": self.inputs["bookings"],
            "output.summary.topic": self.summary, "output.bookings.topic": f"{name}.{BOOKINGS}",
            "output.catalog.topic": f"{name}.{CATALOG}", "dead_letter.topic": f"{name}.dead",
            **{key.replace("__", "."): value for key, value in settings.items()}})

    @property
    def pid(self):
        return self.riverd.process.pid

    def start(self):
        path = str(self.riverd.directory / "notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
            s.bind(path)
            s.settimeout(120)
            begun = time.monotonic()
            self.riverd.start(env={"NOTIFY_SOCKET": path})
            while b"READY=1" not in s.recv(4096):
                pass
            self.ready = time.monotonic() - begun
        return self

    def metric(self, name):
        return sum(self.riverd.metrics().get(name, {"": 0}).values())

    def wait(self, what, condition, timeout=300, every=0.2):
        deadline = time.monotonic() + timeout
        while not condition():
            if self.riverd.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"{what} does not come: {self.riverd.log()[-2000:]}")
            time.sleep(every)

    def wait_usable(self):
        self.wait("readiness", lambda: harness.status(f"http://127.0.0.1:{self.riverd.port}/readyz", 2) == 200)
        return self

    def wait_pending(self, n):
        self.wait(f"click {n}", lambda: self.metric("riverd_pipeline_clicks_pending") >= n)

    def rss(self):
        return resident_mib(self.pid, "VmRSS")

    def cpu_ns(self):
        return cpu_ns(self.pid)

    def stop(self):
        return self.riverd.stop(120)

    def kill(self):
        self.riverd.kill()


def click(number, hotel):
    return json.dumps({"customer_email": f"guest.{number:09d}@example.com", "hotel_id": hotel,
                       "action": "booking-click"}).encode()


def write(ground, topic, values, timestamp=None):
    """Values into partition 0; timestamp in ms, or the time when they are written."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": ground.brokers, "linger.ms": 20, "queue.buffering.max.messages": 1000000})
    extra = {} if timestamp is None else {"timestamp": timestamp}
    for value in values:
        while True:
            try:
                producer.produce(topic, value, partition=0, **extra)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    if producer.flush(120) != 0:
        raise AssertionError("Kafka does not take the records")


def hotels(ground, count, reviews):
    """So many hotels, each with reviews, in the topics that all daemons read; the ids of the hotels."""
    printed = subprocess.run(
        [harness.RIVERD, "generate", "--brokers", ground.brokers, "--registry", ground.registry, "--quiet",
         "--create-topics", "--partitions", "1", "--events", "100", "--history", "1h", "--hotels", str(count),
         "--customers", "500", "--past-bookings", "100", "--changes", "0"], check=True, capture_output=True, text=True)
    ids, now = [f"H1{n:07d}" for n in range(count)], int(time.time() * 1000)
    write(ground, "hotel_reviews", (
        json.dumps({"review_id": f"bench-{h}-{n}", "hotel_id": h, "review_rating": 5,
                    "created_at": now - 86400000 * (n + 1), "review_text": f"The {('staff', 'room', 'breakfast', 'view')[n % 4]} was lovely, number {n} of {h}."}).encode()
        for h in ids for n in range(reviews)))
    return ids, printed.stdout
