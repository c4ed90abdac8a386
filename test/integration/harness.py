"""What integration tests need around riverd: a real Kafka, a registry, the fake
model, generated events, a reader, and riverd itself as a child process."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SERVERS = ROOT / "scripts" / "servers"
sys.path.insert(0, str(HERE / "oracle"))
from decode import load  # noqa: E402

RIVERD = os.environ.get("RIVERD", str(ROOT / "build" / "riverd"))
INPUTS = ["clickstream", "bookings", "hotel_reviews", "riverhotel.SAMPLE.HOTEL", "riverhotel.SAMPLE.CUSTOMER"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get_json(url, timeout=10):
    with urllib.request.urlopen(url, timeout=timeout) as answer:
        return json.load(answer)


def status(url, timeout=10):
    """The HTTP status; 0 when nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


class Server:
    """One of scripts/servers. The port stays the same over stop and start."""

    def __init__(self, name, directory, *options):
        self.name, self.directory, self.options = name, Path(directory) / name, options
        self.start()
        text = (self.directory / f"{name}.env").read_text()
        self.env = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def start(self):
        subprocess.run([SERVERS / self.name, "start", self.directory, *self.options], check=True, stdout=subprocess.DEVNULL)

    def pid(self):
        return int(re.search(r"^PID=(\d+)", (self.directory / f"{self.name}.env").read_text(), re.M).group(1))

    def stop(self, how="TERM"):
        subprocess.run([SERVERS / self.name, "stop", self.directory, how], check=False, stdout=subprocess.DEVNULL)


class FakeModel:
    def __init__(self, delay=0, fail=0.0):
        self.process = subprocess.Popen(
            [sys.executable, HERE / "fake_model.py", "--delay", str(delay), "--fail", str(fail)],
            stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def stats(self):
        return get_json(self.url + "/stats")

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


class Registry:
    """Schema texts by id, as the oracle wants them."""

    def __init__(self, url):
        self.url, self.texts = url, {}

    def get(self, number):
        if number not in self.texts:
            try:
                self.texts[number] = get_json(f"{self.url}/schemas/ids/{number}")["schema"]
            except urllib.error.HTTPError as error:
                if error.code != 404:
                    raise
                self.texts[number] = None
        return self.texts[number]


def generate(brokers, registry, *more):
    """Returns what it printed."""
    done = subprocess.run([RIVERD, "generate", "--brokers", brokers, "--registry", registry, "--quiet", *more],
                          check=True, capture_output=True, text=True)
    return done.stdout


def read(brokers, topics):
    """All committed records of the topics, by a client that is not librdkafka."""
    classpath = subprocess.run([SERVERS / "kafka", "classpath"], check=True, capture_output=True, text=True).stdout
    java = subprocess.run([SERVERS / "kafka", "java"], check=True, capture_output=True, text=True).stdout.strip()
    done = subprocess.run([java, "-cp", classpath.strip(), HERE / "reader" / "Reader.java", brokers, *topics],
                          check=True, capture_output=True, text=True)
    return load(done.stdout.splitlines())


class Riverd:
    """A configuration, a state directory, and the process that uses them."""

    def __init__(self, directory, settings):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.conf = self.directory / "riverd.conf"
        self.settings = dict({"http.listen": f"127.0.0.1:{self.port}", "state.path": self.directory / "state.db"},
                             **settings)
        self.write()
        self.process, self.starts = None, 0

    def write(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.conf.write_text("".join(f"{key} = {value}\n" for key, value in self.settings.items()))

    def start(self, env=None, options=()):
        self.starts += 1
        with open(self.directory / f"riverd.{self.starts}.log", "w") as log:
            self.process = subprocess.Popen([RIVERD, "run", "-c", self.conf, *options], stdout=log,
                                            stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})

    def log(self):
        return (self.directory / f"riverd.{self.starts}.log").read_text()

    def metrics(self):
        """{name: {labels: value}}, labels as text between the braces."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        out = {}
        for line in text.splitlines():
            found = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if found:
                out.setdefault(found.group(1), {})[found.group(2) or ""] = float(found.group(3))
        return out

    def position(self):
        """Records taken so far, over all inputs and lives; 0 when it cannot say."""
        try:
            return int(sum(self.metrics().get("riverd_partition_position_offset", {}).values()))
        except (OSError, urllib.error.URLError):
            return 0

    def wait_position(self, records, timeout=60):
        """Until so many records were taken; returns how many that were by then."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline and self.process.poll() is None:
            now = self.position()
            if now >= records:
                return now
            time.sleep(0.02)
        raise AssertionError(f"riverd does not get to record {records}:\n{self.log()[-3000:]}")

    def quiet(self, metrics, records):
        """Everything read, decided, answered, written and confirmed."""
        lag = metrics.get("riverd_partition_lag_records", {})
        position = metrics.get("riverd_partition_position_offset", {})
        waiting = [metrics[name][""] for name in metrics if name in (
            "riverd_outbox_rows", "riverd_pipeline_targets_waiting_answer", "riverd_pipeline_questions_open",
            "riverd_epoch_pending_bytes")]
        return (metrics.get("riverd_dimensions_ready", {}).get("") == 1 and sum(position.values()) >= records
                and not any(lag.values()) and not any(waiting))

    def wait_quiet(self, records, timeout=180):
        """Until nothing has moved for two seconds; fails when riverd ends."""
        deadline, calm = time.monotonic() + timeout, 0
        while calm < 4:
            if self.process.poll() is not None:
                raise AssertionError(f"riverd ended with {self.process.returncode}:\n{self.log()[-3000:]}")
            if time.monotonic() > deadline:
                raise AssertionError(f"riverd does not come to rest:\n{self.log()[-3000:]}\n{self.metrics()}")
            try:
                calm = calm + 1 if self.quiet(self.metrics(), records) else 0
            except (OSError, urllib.error.URLError):
                calm = 0
            time.sleep(0.5)

    def stop(self, timeout=60):
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
