"""The systems that are compared. Each is run from the beginning of the topics to the end
of what it has to say:

    System(ground, number).run() -> {cpu, cpu_ready, wall, rss, ready, first, calls, rows, wrong}

CPU seconds are those of all its processes, user and system; wall from its start to its last
committed record; rss the peak in MiB. Kafka, the registry and the model are nobody's.
"""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from ground import BOOKINGS, CATALOG, HERE, ROOT, SUMMARY, harness, script
from meter import Watched, tree

PATIENCE_HOURS = 8 * 24  # of Kafka Streams: more than lies in the topics, since it does not read them in step
HOUR = 3600000


class System:
    bounded = True  # ends by itself
    calm, patience = 6.0, 900.0  # seconds: without output that end a run; before the first

    def __init__(self, ground, number):
        self.ground, name = ground, f"{type(self).__name__.lower()}-{number}"
        self.name, self.directory = name, ground.directory / name
        self.targets, self.bookings = f"{name}.{SUMMARY}", f"{name}.{BOOKINGS}"
        self.directory.mkdir()
        self.result = {"ready": None, "first": None, "cpu_ready": None, "cpu": 0.0, "rss": 0.0}

    def spawn(self, command, **options):
        log = open(self.directory / "log", "a")
        with log:
            return Watched(subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, **options))

    def log(self):
        return (self.directory / "log").read_text(errors="replace")

    def topics(self):
        return [self.targets, self.bookings]

    def run(self):
        self.ground.broker.create(*self.topics())
        model = self.ground.model()
        try:
            self.model = model.url
            self.prepare()
            self.begun = time.monotonic()
            for job in self.jobs():
                self.watch(self.start(job))
            self.result["calls"] = model.calls()
        finally:
            model.stop()
        self.result.update(self.judge())
        return self.result

    def prepare(self):
        """What is not part of the run, such as compiling."""

    def jobs(self):
        return [None]

    def watch(self, child):
        """Until it ends or its output has come to rest."""
        seen = {topic: self.ground.broker.ends(topic) for topic in self.topics()}
        moved, cpu = time.monotonic(), 0.0
        try:
            while not child.look():
                now = time.monotonic()
                if self.result["ready"] is None and self.is_ready():
                    self.result.update(ready=now - self.begun, cpu_ready=child.cpu())
                ends = {topic: self.ground.broker.ends(topic) for topic in self.topics()}
                if ends[self.targets] and self.result["first"] is None:
                    self.result["first"] = now - self.begun
                if ends != seen:
                    seen, moved, cpu = ends, time.monotonic(), child.cpu()
                self.tend()
                self.not_for_ever(child, now - moved, self.result["first"])
                if not self.bounded and now - moved > self.calm and self.at_rest(seen):
                    break
                time.sleep(0.05)
            self.ended(child, moved, cpu)
        finally:
            if child.usage is None:
                self.stop(child)

    def tend(self):
        """What the world around it does while it runs."""

    def ended(self, child, moved, cpu):
        if child.usage is not None and (not self.bounded or child.process.returncode != 0):
            raise AssertionError(f"{self.name} ended with {child.process.returncode}: {self.log()[-3000:]}")
        self.result["wall"] = (time.monotonic() if self.bounded else moved) - self.begun
        self.result["cpu"] += child.cpu() if self.bounded else cpu
        self.result["rss"] = max(self.result["rss"], child.peak_mib)

    def not_for_ever(self, child, still, first):
        if still > (self.patience if self.bounded or first is None else 120):
            raise AssertionError(f"{self.name} does not move: {self.log()[-3000:]}")

    def at_rest(self, ends):
        return ends[self.targets] > 0

    def is_ready(self):
        return False

    def stop(self, child):
        everyone, deadline = tree(child.process.pid), time.monotonic() + 40
        send(signal.SIGTERM, everyone)
        while not child.look() or any(Path(f"/proc/{pid}").exists() for pid in everyone):
            if time.monotonic() > deadline:
                send(signal.SIGKILL, everyone)
            time.sleep(0.05)

    def judge(self):
        return self.ground.judge(self.targets, self.bookings)


class Riverd(System):
    bounded, calm = False, 2.0

    def topics(self):
        return [self.targets, self.bookings, f"{self.name}.{CATALOG}"]

    def prepare(self):
        self.daemon = harness.Riverd(self.directory, {
            "kafka.bootstrap.servers": self.ground.brokers, "schema.registry.url": self.ground.registry,
            "group.id": self.name, "output.summary.topic": self.targets, "output.bookings.topic": self.bookings,
            "output.catalog.topic": f"{self.name}.{CATALOG}", "dead_letter.topic": f"{self.name}.dead",
            "summary.provider": "openai", "summary.url": self.model, "summary.model": "bench",
            "summary.max_review_bytes": "4MiB",  # as the others: all reviews of the month
            "idle_timeout": "1h"})  # event time alone decides

    def start(self, job):
        return self.spawn([harness.RIVERD, "run", "-c", self.daemon.conf])

    def is_ready(self):
        return harness.status(f"http://127.0.0.1:{self.daemon.port}/livez", 1) == 200

    def at_rest(self, ends):
        return self.daemon.quiet(self.daemon.metrics(), self.ground.records)


class Floor(System):
    """A bare librdkafka consumer with riverd's settings; `what` is count or decode."""
    what = "count"

    def topics(self):
        return []

    def run(self):
        command = [self.ground.floor_program, self.ground.brokers, self.ground.registry, self.what, *harness.INPUTS]
        self.begun, child = time.monotonic(), self.spawn(command)
        while not child.look():
            time.sleep(0.005)
        got, expected = self.log(), f'"records": {self.ground.records},'
        self.result.update(cpu=child.cpu(), wall=time.monotonic() - self.begun, rss=child.peak_mib, rows=0, calls=0,
                           wrong="" if expected in got else f"{got.strip()} instead of {expected}")
        return self.result


class FloorDecode(Floor):
    what = "decode"


class Streams(System):
    """Kafka Streams, exactly once, two threads: test/bench/streams."""
    bounded, calm = False, 3.0

    def prepare(self):
        self.ticks, self.ticked, self.looked = f"{self.name}.ticks", False, 0.0
        self.ground.broker.create(f"{self.name}.reviews", self.ticks)
        self.java = script("kafka", "java")
        self.path = build_streams(self.java, self.ground.directory / "streams-classes")

    def start(self, job):
        return self.spawn([
            self.java, "-Xmx512m", "-cp", self.path, "AbandonedClicks",
            self.ground.brokers, self.ground.registry, self.model, self.name, self.targets, self.bookings,
            f"{self.name}.reviews", self.ticks, self.directory / "state", ROOT / "schemas", str(PATIENCE_HOURS)])

    def is_ready(self):
        return "READY" in self.log()

    def read_all(self):
        """Everything up to the ends of its topics is taken, its own repartition topic among them."""
        topics = ("clickstream", "bookings", f"{self.name}-events-repartition", self.ticks)
        taken = sum(self.ground.broker.committed(self.name, topic) for topic in topics)
        return taken == sum(self.ground.broker.ends(topic) for topic in topics)

    def tend(self):
        """Stream time moves with records alone: after the last of them, an hour with each tick until
        even the last click is out of its patience."""
        if self.ticked or self.result["ready"] is None or time.monotonic() - self.looked < 0.5:
            return
        self.looked = time.monotonic()
        if self.read_all():
            self.ticked = True
            first, last = self.ground.span
            patience = PATIENCE_HOURS * HOUR
            produce(self.ground.brokers, self.ticks, range(first + patience, last + patience + 2 * HOUR, HOUR))

    def at_rest(self, ends):
        return super().at_rest(ends) and self.ticked and self.read_all()


class Flink(System):
    """The twin of etc/flink in streaming mode: join, then summarise, each to the end of what there is."""
    patience = 1800.0

    def topics(self):
        return [f"{self.name}.{topic}" for topic in (SUMMARY, BOOKINGS, CATALOG, "targets-settling", "bookings-settling")]

    def jobs(self):
        return ["join", "summarise"]

    def prepare(self):
        self.home, self.port = script("flink", "home"), harness.free_port()
        self.ready_at = f"http://127.0.0.1:{self.port}/jobs"
        conf = self.directory / "conf"
        shutil.copytree(Path(self.home) / "conf", conf)
        with open(conf / "config.yaml", "a") as file:
            # in memory, a checkpoint may have 5 MiB of each task; and what fails would fail again
            file.write(f"rest.port: {self.port}\nexecution.checkpointing.dir: file://{self.directory}/checkpoints\n"
                       "restart-strategy.type: none\n")
        self.environment = dict(
            os.environ, FLINK_HOME=self.home, FLINK_CONF_DIR=str(conf), FLINK_JAVA=script("kafka", "java"),
            FLINK_HEAP="2g", KAFKA=self.ground.brokers, REGISTRY=self.ground.registry, PREFIX=f"{self.name}.",
            GROUP=self.name, MODEL_URL=f"{self.model}/v1/chat/completions", MODEL="bench", MODEL_KEY="none",
            BOUNDED="latest-offset", WAIT="true", SETTLE="23:00:00", PARALLELISM="2")

    def start(self, job):
        return self.spawn([ROOT / "etc" / "flink" / "submit", job], env=self.environment)

    def is_ready(self):
        try:
            return any(job["status"] == "RUNNING" for job in harness.get_json(self.ready_at, 1)["jobs"])
        except OSError:
            return False

    def ended(self, child, moved, cpu):
        super().ended(child, moved, cpu)
        if "[ERROR]" in self.log():
            raise AssertionError(self.log()[self.log().find("[ERROR]"):][:2000])


class FlinkBatch(Flink):
    """The same in batch mode: everything that lies in the topics, once; nothing incremental about it."""

    def jobs(self):
        return ["batch"]


class Bytewax(System):
    """Bytewax 0.21, one worker: test/bench/bytewax_flow.py."""

    def start(self, job):
        return self.spawn([bytewax_python(), "-m", "bytewax.run", "bytewax_flow:flow"], cwd=HERE, env=dict(
            os.environ, BENCH_BROKERS=self.ground.brokers, BENCH_REGISTRY=self.ground.registry, BENCH_MODEL=self.model,
            BENCH_TARGETS=self.targets, BENCH_BOOKINGS=self.bookings))

    def is_ready(self):
        return "READY" in self.log()


def bytewax_python():
    done = subprocess.run([ROOT / "scripts" / "python-env", "bench-bytewax", "bytewax==0.21.1", "confluent-kafka==2.16.1",
                           "fastavro==1.13.1", "requests==2.34.2"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def send(number, pids):
    """A shell that waits for its child would not pass it on."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass


def produce(brokers, topic, times):
    """Empty records of these times, in order."""
    from confluent_kafka import Producer
    producer = Producer({"bootstrap.servers": brokers})
    for at in times:
        producer.produce(topic, b"", partition=0, timestamp=at)
    assert producer.flush(60) == 0, f"Kafka does not take {topic}"


def build_streams(java, classes):
    """Compiles it into `classes`; the class path with everything it needs."""
    cache = Path(os.environ.get("RIVERD_CACHE", Path.home() / ".cache" / "riverd")) / "bench-streams-4.3.1"
    cache.mkdir(parents=True, exist_ok=True)
    shutil.copy(HERE / "streams" / "pom.xml", cache)
    if not (cache / "libs").exists():
        subprocess.run(["mvn", "-B", "-q", "dependency:copy-dependencies", "-DincludeScope=runtime",
                        "-DoutputDirectory=part"], cwd=cache, check=True)
        (cache / "part").rename(cache / "libs")
    path = f"{classes}:{cache}/libs/*"
    if not classes.exists():
        subprocess.run([Path(shutil.which(java)).resolve().parent / "javac", "-cp", path, "-d", classes,
                        *(HERE / "streams" / "src").glob("*.java")], check=True)
    return path


# name: (class, how the report calls it)
SYSTEMS = {
    "riverd": (Riverd, "riverd"),
    "count": (Floor, "bare librdkafka consumer that counts"),
    "decode": (FloorDecode, "the same, and decodes"),
    "streams": (Streams, "Kafka Streams 4.3.1"),
    "flink-batch": (FlinkBatch, "Flink SQL 2.3, batch mode"),
    "flink": (Flink, "Flink SQL 2.3, streaming mode"),
    "bytewax": (Bytewax, "Bytewax 0.21.1"),
}
