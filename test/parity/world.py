"""One world for two systems: servers, input, and what each of them made of it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "test" / "integration"), str(ROOT / "test" / "integration" / "oracle")]
import harness  # noqa: E402
import live  # noqa: E402
from decode import Schemas, body_of  # noqa: E402
from edges import Edges  # noqa: E402

SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"
OUTPUTS = (SUMMARY, BOOKINGS, CATALOG)
SETTLING = ("targets-settling", "bookings-settling")
PARTITIONS = 3


class Model:
    """A process of model.py for each system, so that calls are counted apart."""

    def __init__(self):
        self.process = subprocess.Popen([sys.executable, HERE / "model.py"], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def stats(self):
        return harness.get_json(self.url + "/stats")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class World:
    def __init__(self, directory, seed, events):
        self.directory, self.seed, self.events = Path(directory), seed, events
        self.started, self.models, self.seconds = [], {}, {}
        self.kafka = self.begin(harness.Server("kafka", directory))
        self.registry_server = self.begin(harness.Server("registry", directory))
        self.brokers, self.registry = self.kafka.env["BOOTSTRAP"], harness.Registry(self.registry_server.env["URL"])
        self.schemas = Schemas(self.registry.get)
        self.flink_home = self.script("flink", "home")

    def begin(self, thing):
        self.started.append(thing)
        return thing

    def stop(self):
        for thing in reversed(self.started):
            thing.stop()

    def model(self, name):
        self.models[name] = self.begin(Model())
        return self.models[name]

    @staticmethod
    def script(name, word):
        return subprocess.run([harness.SERVERS / name, word], check=True, capture_output=True, text=True).stdout.strip()

    # ---- input ----

    def subject(self, name):
        newest = harness.get_json(f"{self.registry.url}/subjects/{name}/versions/latest")
        return newest["id"], newest["schema"]

    def fill(self):
        small = [] if self.events >= 20000 else ["--hotels", "40", "--customers", "300"]
        printed = harness.generate(
            self.brokers, self.registry.url, "--create-topics", "--partitions", str(PARTITIONS), "--seed", str(self.seed),
            "--events", str(self.events), "--history", "2d", "--start", "2026-03-28T00:00:00Z", "--out-of-order", "0.05",
            "--duplicates", "0.01", "--changes", str(min(0.006, 3000 / self.events)), "--seal", "45m", *small)
        print("     " + printed.strip().splitlines()[-1].strip(), flush=True)
        lines = Edges(self.subject, PARTITIONS).lines()
        subprocess.run([self.script("kafka", "java"), "-Xmx256m", "-cp", self.script("kafka", "classpath"),
                        HERE / "Writer.java", self.brokers], input=lines, text=True, check=True)
        self.inputs, _ = harness.read(self.brokers, harness.INPUTS)
        return len(self.inputs)

    # ---- the two systems ----

    def run_riverd(self):
        """Its metrics at the end."""
        model, begin = self.model("riverd"), time.monotonic()
        riverd = harness.Riverd(self.directory / "riverd", {
            "kafka.bootstrap.servers": self.brokers,
            "schema.registry.url": self.registry.url,
            "topics.partitions": PARTITIONS,
            "idle_timeout": "1h",  # event time alone decides: the seals close every window
            "summary.provider": "openai",
            "summary.url": model.url,
            "summary.model": "parity",
            "summary.max_review_bytes": "4MiB",  # the SQL sends all of them
        })
        try:
            riverd.start()
            riverd.wait_quiet(len(self.inputs), timeout=1200)
            metrics = riverd.metrics()
            self.seconds["riverd"] = time.monotonic() - begin
            code = riverd.stop()
            if code != 0:
                raise AssertionError(f"riverd ends with {code}")
            return metrics
        finally:
            riverd.kill()

    def create(self, prefix):
        live.Admin(self.brokers).create(*(prefix + name for name in OUTPUTS + SETTLING), partitions=PARTITIONS)

    def run_flink(self, name, *jobs, timeout=900):
        """The jobs one after the other, each to the end of what is there."""
        self.create(f"{name}.")
        model = self.model(name)
        environment = dict(
            os.environ, FLINK_HOME=self.flink_home, KAFKA=self.brokers, REGISTRY=self.registry.url, PREFIX=f"{name}.",
            MODEL_URL=f"{model.url}/v1/chat/completions", MODEL="parity", MODEL_KEY="none", BOUNDED="latest-offset",
            WAIT="true", SETTLE="23:00:00",  # a history read at once: nothing is final before its end
            GROUP=f"parity-{name}", FLINK_JAVA=self.script("kafka", "java"))
        begin = time.monotonic()
        for job in jobs:
            self.run_job(name, job, environment, timeout)
        self.seconds[name] = time.monotonic() - begin

    def run_job(self, name, job, environment, timeout):
        path = self.directory / f"flink.{name}.{job}.log"
        with open(path, "w") as log:
            process = subprocess.Popen([ROOT / "etc" / "flink" / "submit", job], env=environment, stdout=log,
                                       stderr=subprocess.STDOUT, start_new_session=True)
            try:
                code = process.wait(timeout)
            except BaseException:
                os.killpg(process.pid, signal.SIGKILL)  # the group that this call made
                process.wait()
                raise
        text = path.read_text()
        if code != 0 or "[ERROR]" in text:
            at = text.find("[ERROR]")
            raise AssertionError(f"Flink's {job} ended with {code}: {text[at:at + 1500] if at >= 0 else text[-1500:]}")

    # ---- output ----

    def outputs(self, prefix, names=OUTPUTS):
        """{topic: [(key, value, record)]}, decoded; None for a null value."""
        records, _ = harness.read(self.brokers, [prefix + name for name in names])
        out = {name: [] for name in names}
        for record in records:
            value = None if record["value"] is None else body_of(record["value"], self.schemas)
            key = None if record["key"] is None else body_of(record["key"], self.schemas)
            out[record["topic"][len(prefix):]].append((key, value, record))
        return out
