"""A world to break things in: servers, a batch of topics with a steady feed, riverd
on them, and the verdict on what came out.

A batch is one riverd database with topics of its own. First its inputs get a history
with everything in it (all schema generations, hotels and customers that change, poison,
duplicates, disorder). Then a feed of clicks and bookings runs at a steady rate while
things break; its event time passes much faster than the clock, so that windows close all
the time. At the end one record per partition seals all windows, and the outputs are
compared with the oracle's.
"""

import json
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "integration"))

from faultproxy import FaultProxy  # noqa: E402
import harness  # noqa: E402
from decode import Schemas  # noqa: E402
from judge import BOOKINGS, CATALOG, SUMMARY, Judge, Score  # noqa: E402
from oracle import TOPICS, Oracle  # noqa: E402

DAY = 86400000
HEALTHY_S = 30
WAITING_TABLES = ("outbox", "question", "target_hotel", "target_answer")


SCENARIOS = []


def scenario(title, per_piece=1):
    """Registers function(setting, size) -> result. Its size in one piece of the long campaign."""
    def add(function):
        function.title, function.per_piece = title, per_piece
        SCENARIOS.append(function)
        return function
    return add


class Trouble(AssertionError):
    """What the campaign looks for."""


class Quiet(Score):
    """Remembers what failed, says only that."""

    def __init__(self):
        super().__init__()
        self.failures = []

    def check(self, name, good, detail=""):
        self.passed, self.failed = self.passed + bool(good), self.failed + (not good)
        if not good:
            self.failures.append(f"{name}: {str(detail)[:1500]}")


class Setting:
    """The servers that all batches share. Each stays at its port."""

    def __init__(self, directory, seed):
        self.directory, self.seed, self.batches = Path(directory), seed, Counter()
        self.proxy = self.kafka = None
        self.start_kafka()
        self.registry_server = harness.Server("registry", directory)
        self.brokers = self.kafka.env["BOOTSTRAP"]
        self.registry = harness.Registry(self.registry_server.env["URL"])
        self.schemas = Schemas(self.registry.get)

    def start_kafka(self):
        """With a second listener that is advertised as the proxy: a broker tells clients where it is.
        The history is older than any retention, and late transactions are soon noticed."""
        direct, behind, controller = (harness.free_port() for _ in range(3))
        home = self.directory / "kafka"
        home.mkdir(parents=True, exist_ok=True)
        (home / "kafka.env").write_text(f"PORT={direct}\nCONTROLLER_PORT={controller}\n")
        self.proxy = FaultProxy("127.0.0.1", behind, self.seed)
        own, other = f"PLAINTEXT://127.0.0.1:{direct}", "PROXIED://127.0.0.1:"
        self.kafka = harness.Server(
            "kafka", self.directory, "log.retention.ms=-1",
            f"listeners={own},{other}{behind},CONTROLLER://127.0.0.1:{controller}",
            f"advertised.listeners={own},{other}{self.proxy.port},CONTROLLER://127.0.0.1:{controller}",
            "listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT",
            "inter.broker.listener.name=PLAINTEXT", "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000")

    def stop(self):
        self.proxy.stop()
        self.registry_server.stop("KILL")
        self.kafka.stop("KILL")

    def batch(self, name, **options):
        """The same seed gives the same input to the n-th batch of a name, whatever else runs."""
        self.batches[name] += 1
        return Batch(self, f"{name}{self.batches[name]}", self.seed + self.batches[name], **options)


class Daemon(harness.Riverd):
    """riverd of a batch; knows how long it took to become ready."""

    def is_ready(self):
        return harness.status(f"http://127.0.0.1:{self.port}/readyz") == 200

    def wait_ready(self, timeout=HEALTHY_S, since=None):
        """Seconds until /readyz says 200, counted from `since` or now."""
        start = since or time.monotonic()
        while not self.is_ready():
            if self.process.poll() is not None:
                raise Trouble(f"riverd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() - start > timeout:
                raise Trouble(f"not ready within {timeout} s:\n{self.log()[-3000:]}")
            time.sleep(0.05)
        return time.monotonic() - start

    def wait_end(self, timeout=30):
        """The exit code, however it ends."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired as late:
            raise Trouble(f"still running after {timeout} s:\n{self.log()[-3000:]}") from late

    def wait_log(self, pattern, timeout):
        deadline = time.monotonic() + timeout
        while not re.search(pattern, self.log()):
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise Trouble(f"the log does not say {pattern!r} within {timeout} s:\n{self.log()[-2500:]}")
            time.sleep(0.02)

    def transactions(self):
        """Committed in this life; None while nobody answers."""
        try:
            return sum(self.metrics().get("riverd_transactions_committed_total", {}).values())
        except OSError:
            return None

    def wait_working(self, more=1):
        """Healthy: seconds until /readyz says 200 and `more` transactions were committed from now on."""
        start, before = time.monotonic(), self.transactions()
        while True:
            now = self.transactions()
            if now is not None and now >= (before or 0) + more and self.is_ready():
                return time.monotonic() - start
            if self.process.poll() is not None:
                raise Trouble(f"riverd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() - start > HEALTHY_S:
                raise Trouble(f"not healthy within {HEALTHY_S} s (transactions {before}, then {now}):\n"
                              f"{self.log()[-3000:]}")
            time.sleep(0.05)

    def freeze(self):
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self.process.send_signal(signal.SIGCONT)


class Batch:
    """history, rate: records, and records a second of the feed."""

    def __init__(self, setting, name, seed, history=2500, rate=200, brokers=None, registry=None, delay=5, fail=0.05,
                 **settings):
        self.setting, self.name, self.seed, self.rate = setting, name, seed, rate
        self.chance = random.Random(f"{seed} {name}")
        self.directory = setting.directory / name
        self.directory.mkdir(parents=True, exist_ok=True)
        self.topics = {role: f"{name}.{role}" for role in TOPICS}
        self.outputs = {f"{name}.targets": SUMMARY, f"{name}.booked": BOOKINGS, f"{name}.catalog": CATALOG,
                        f"{name}.dead": "dead"}
        self.start_ms = int(time.time() * 1000) - 6 * DAY
        self.feeder, self.model = None, harness.FakeModel(delay=delay, fail=fail)
        self.daemons = []
        self.settings = self.configure(brokers or setting.brokers, registry or setting.registry.url, settings)
        self.generate(self.topics, "--events", str(history), "--history", "2d", "--start", str(self.start_ms),
                      "--changes", "0.006")

    def configure(self, brokers, registry, more):
        settings = {
            "kafka.bootstrap.servers": brokers,
            "schema.registry.url": registry,
            "group.id": self.name,
            "summary.provider": "openai",
            "summary.url": self.model.url,
            "summary.model": "fake",
            "summary.timeout": "2s",
            "summary.max_review_bytes": "1MiB",
            "output.summary.topic": f"{self.name}.targets",
            "output.bookings.topic": f"{self.name}.booked",
            "output.catalog.topic": f"{self.name}.catalog",
            "dead_letter.topic": f"{self.name}.dead",
            "topics.partitions": 2,
            "hotel_bookings.date_type": "long",
            "hotel_bookings.price_type": "int",
            "idle_timeout": "1h",  # event time alone decides: the seal closes every window
            "checkpoint.interval": "100ms",
            "kafka.consumer.fetch.wait.max.ms": 100,  # ready sooner, more cycles
        }
        settings.update({f"input.{role}.topic": topic for role, topic in self.topics.items()})
        settings.update({key.replace("__", "."): value for key, value in more.items()})
        return settings

    # ---- input ----

    def command(self, topics, *more):
        names = [word for role, topic in topics.items() for word in ("--topic", f"{role}={topic}")]
        return [harness.RIVERD, "generate", "--brokers", self.setting.brokers, "--registry", self.setting.registry.url,
                "--quiet", "--create-topics", "--partitions", "2", "--seed", str(self.seed), "--generation", "mixed",
                "--out-of-order", "0.05", "--duplicates", "0.01", "--poison", "0.005", *names, *more]

    def generate(self, topics, *more):
        done = subprocess.run(self.command(topics, *more), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"riverd generate: {done.stderr}")

    def fed(self):
        """Hotels are those of the end for the oracle, and reviews come before the clicks they
        are for: the feed is of clicks and bookings, its reviews go where nobody reads them."""
        return dict(self.topics, reviews=f"{self.name}.unread")

    def feed(self, seconds=3600, hours=None):
        """hours: of event time that pass meanwhile; nobody takes records far from the future."""
        events = int(seconds * self.rate)
        command = self.command(self.fed(), "--events", str(events), "--rate", str(self.rate), "--history",
                               f"{hours or max(events // 2500, 1)}h", "--start", str(self.start_ms + 3 * DAY),
                               "--changes", "0", "--continue", "10000000")
        with open(self.directory / "feed.log", "w") as log:
            self.feeder = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)

    def seal(self):
        """Ends the feed and closes every window."""
        if self.feeder is not None:
            self.feeder.send_signal(signal.SIGTERM)
            self.feeder.wait(60)
        self.generate(self.fed(), "--events", "60", "--history", "1h", "--start", str(self.start_ms + 5 * DAY),
                      "--changes", "0", "--continue", "20000000", "--seal", "45m")

    def erase(self):
        """A customer is deleted whom nobody ever heard of."""
        row = json.dumps({"CUSTOMER_ID": "nobody", "EMAIL": "nobody@example.invalid", "__deleted": "true"})
        subprocess.run(["kcat", "-P", "-b", self.setting.brokers, "-t", self.topics["customer"]], input=row.encode(),
                       check=True, capture_output=True)

    # ---- riverd ----

    def daemon(self, name="state", **more):
        settings = dict(self.settings, **{key.replace("__", "."): value for key, value in more.items()})
        self.daemons.append(Daemon(self.directory / name, settings))
        return self.daemons[-1]

    def finish(self, daemon, **more):
        """Seals, lets riverd come to rest, stops it, judges everything. Returns counts, and `more`."""
        self.seal()
        if daemon.process is None or daemon.process.poll() is not None:
            daemon.start()
        ready = daemon.wait_ready(HEALTHY_S)
        inputs, _ = self.read()
        daemon.wait_quiet(len(inputs))
        code = daemon.stop()
        score = Quiet()
        score.same("SIGTERM ends it with exit code", 0, code)
        _, outputs = self.read()
        oracle = Oracle(self.setting.schemas, int(time.time() * 1000), self.topics)
        oracle.phase(inputs)
        Judge(score, self.setting.schemas).judge(self.name, outputs, oracle)
        self.judge_state(score, daemon.settings["state.path"])
        if score.failed:
            raise Trouble("; ".join(score.failures))
        return {"inputs": len(inputs), "outputs": sum(len(records) for records in outputs.values()),
                "targets": len(outputs[SUMMARY]), "checks": score.passed, "healthy_s": round(ready, 2), **more}

    def read(self):
        """(inputs, {kind: outputs}) by the reader that is not librdkafka."""
        records, _ = harness.read(self.setting.brokers, [*self.topics.values(), *self.outputs])
        outputs = {kind: [] for kind in self.outputs.values()}
        inputs = []
        for record in records:
            kind = self.outputs.get(record["topic"])
            (inputs if kind is None else outputs[kind]).append(record)
        return inputs, outputs

    @staticmethod
    def judge_state(score, path):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            score.same("integrity_check", "ok", db.execute("PRAGMA integrity_check").fetchone()[0])
            for table in WAITING_TABLES:
                score.same(f"rows that wait in {table}", 0,
                           db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close(keep=kind is not None)

    def close(self, keep=False):
        for daemon in self.daemons:
            daemon.kill()
        if self.feeder is not None and self.feeder.poll() is None:
            self.feeder.kill()
            self.feeder.wait()
        self.model.stop()
        if not keep:
            shutil.rmtree(self.directory, ignore_errors=True)
