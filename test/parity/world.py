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
from inputs import Inputs  # noqa: E402

SUMMARY, BOOKINGS, CATALOG = "TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY", "HOTEL_BOOKINGS", "HOTEL_CATALOG"
OUTPUTS = (SUMMARY, BOOKINGS, CATALOG)
SETTLING = ("targets-settling", "bookings-settling")
PARTITIONS = 3
# Generations of schemas: options of the generator, one run after the other, and variables for submit. With
# "changing" the topics change their schemas in mid-stream.
GENERATIONS = {
    "2026": (("2026",), {}),
    "2025-autumn": (("2025-autumn",), {"REVIEWS_NAME": "booking"}),
    "2025-spring": (("2025-spring",), {"DATES": "string"}),
    "changing": (("2025-autumn", "2026"), {"REVIEWS_NAME": "booking"}),
}
STARTS = ("2026-03-28T00:00:00Z", "2026-03-29T00:00:00Z")


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


class Stopping:
    def __init__(self, stop):
        self.stop = stop


class Writer:
    """Writer.java, for as long as it is fed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, text=True)

    def write(self, lines):
        self.process.stdin.write(lines)
        self.process.stdin.flush()

    def stop(self):
        self.process.stdin.close()
        if self.process.wait(60) != 0:
            raise AssertionError("the writer failed")


class Job:
    """One submission: the SQL client, and in it the job for as long as it runs."""

    def __init__(self, job, path, environment):
        self.job, self.path = job, path
        with open(path, "w") as log:
            self.process = subprocess.Popen([ROOT / "etc" / "flink" / "submit", job], env=environment, stdout=log,
                                            stderr=subprocess.STDOUT, start_new_session=True)

    def wait(self, timeout):
        try:
            code = self.process.wait(timeout)
        except subprocess.TimeoutExpired as error:
            raise AssertionError(f"Flink's {self.job} does not end within {timeout} s") from error
        text = self.path.read_text()
        if code != 0 or "[ERROR]" in text:
            at = text.find("[ERROR]")
            raise AssertionError(f"Flink's {self.job} ended with {code}: {text[at:at + 1500] if at >= 0 else text[-1500:]}")

    def failed(self):
        """Whether it has ended, or fell and starts again."""
        return self.process.poll() is not None or "to FAILED" in self.path.read_text()

    def stop(self):
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)  # the group that this call made
            self.process.wait()


class World:
    partitions = PARTITIONS

    def __init__(self, directory, seed, events, generation=None):
        self.directory, self.seed, self.events = Path(directory), seed, events
        self.generation = generation or list(GENERATIONS)[(seed - 1) % len(GENERATIONS)]
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
            try:
                thing.stop()
            except (AssertionError, OSError) as error:  # the others are to stop as well
                print(f"     {type(thing).__name__} does not stop: {error}")

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

    def generate(self):
        size = ["--hotels", "40", "--customers", "300"]
        if self.events >= 20000:  # as many reviews a hotel, and so many targets that a question is not asked once for all
            size = ["--hotels", str(self.events // 500), "--customers", str(self.events // 10)]
        runs = GENERATIONS[self.generation][0]
        for number, generation in enumerate(runs):
            more = ["--continue", "10000000"] if number > 0 else ["--create-topics", "--partitions", str(PARTITIONS)]
            more += ["--seal", "45m"] if number == len(runs) - 1 else []
            printed = harness.generate(
                self.brokers, self.registry.url, "--generation", generation, "--seed", str(self.seed), "--events",
                str(self.events // len(runs)), "--history", f"{2 // len(runs)}d", "--start", STARTS[number],
                "--out-of-order", "0.05", "--duplicates", "0.01", "--changes", str(min(0.006, 3000 / self.events)), *more,
                *size)
            print(f"     {generation}: {printed.strip().splitlines()[-1].strip()}", flush=True)

    def writer(self):
        return Writer([self.script("kafka", "java"), "-Xmx256m", "-cp", self.script("kafka", "classpath"),
                       HERE / "Writer.java", self.brokers])

    def add_edges(self):
        writer = self.writer()
        writer.write(Edges(self.subject, PARTITIONS, self.seed).lines())
        writer.stop()

    def read_inputs(self):
        self.inputs = Inputs(self.brokers)

    # ---- the two systems ----

    def start_riverd(self, name="riverd", prefix="", **more):
        """With a state of that name, new or not."""
        model = self.models.get(name) or self.model(name)
        topics = {f"output.{key}.topic": prefix + topic for key, topic in
                  (("summary", SUMMARY), ("bookings", BOOKINGS), ("catalog", CATALOG))}
        riverd = harness.Riverd(self.directory / name, {
            **topics,
            "group.id": name,
            "kafka.bootstrap.servers": self.brokers,
            "schema.registry.url": self.registry.url,
            "topics.partitions": PARTITIONS,
            "idle_timeout": "1h",  # event time alone decides: the seals close every window
            "summary.provider": "openai",
            "summary.url": model.url,
            "summary.model": "parity",
            "summary.max_review_bytes": "4MiB",  # the SQL sends all of them
            **more,
        })
        self.begin(Stopping(riverd.kill))
        riverd.start()
        return riverd

    def run_riverd(self, name="riverd", prefix=""):
        """Over everything there is. Returns its state directory."""
        begin = time.monotonic()
        riverd = self.start_riverd(name, prefix)
        riverd.wait_quiet(self.inputs.records, timeout=1200)
        self.seconds[name] = time.monotonic() - begin
        code = riverd.stop()
        if code != 0:
            raise AssertionError(f"riverd ends with {code}")
        return riverd.directory

    def environment(self, name, **more):
        """Variables for submit, with the output topics and a model of that name."""
        live.Admin(self.brokers).create(*(f"{name}.{topic}" for topic in OUTPUTS + SETTLING), partitions=PARTITIONS)
        model = self.model(name)
        return dict(
            os.environ, FLINK_HOME=self.flink_home, KAFKA=self.brokers, REGISTRY=self.registry.url, PREFIX=f"{name}.",
            MODEL_URL=f"{model.url}/v1/chat/completions", MODEL="parity", MODEL_KEY="none", WAIT="true", CHECKPOINT="2s",
            # jobs of seconds are over before the second compiler pays
            FLINK_OPTS="-XX:TieredStopAtLevel=1" if self.events < 20000 else "",
            FLINK_JAVA=self.script("kafka", "java"), GROUP=f"parity-{name}") | GENERATIONS[self.generation][1] | more

    def submit(self, name, job, environment):
        return self.begin(Job(job, self.directory / f"flink.{name}.{job}.log", environment))

    def run_flink(self, name, *jobs, **more):
        """The jobs one after the other, each to the end of what is there; more are variables for submit."""
        # a history read at once: nothing is final before its end
        environment = self.environment(name, **{"BOUNDED": "latest-offset", "SETTLE": "23:00:00", **more})
        begin = time.monotonic()
        for job in jobs:
            self.submit(name, job, environment).wait(900 + self.events // 300)
        self.seconds[name] = time.monotonic() - begin

    def start_flink(self, name, **more):
        """Both streaming jobs, until the world stops."""
        environment = self.environment(name, **more)
        return {job: self.submit(name, job, environment) for job in ("join", "summarise")}

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
