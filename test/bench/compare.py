"""riverd, the floor under it and its peers on one real Kafka, one after another.

    compare.py --floor PROGRAM [--events N] [--runs N] [--systems a,b,...] [--keep DIR]

The same generated events are written once. Each round runs every system from
the beginning of the topics, in an order that turns with the round; what a
system wrote is compared with what it must write before its numbers count.
Results: test/bench/RESULTS.md and RESULTS.png, medians over the rounds.

A system is a class with start(), outputs(), stop(), and `pids()`: every process
whose CPU and memory are its own. Kafka and the registry are nobody's.

Flink joins when etc/flink/bench is an executable. It is called as

    etc/flink/bench BROKERS REGISTRY OUT_TOPIC DIR

runs the twin until SIGTERM with OUT_TOPIC in place of
TARGET_CUSTOMERS_WITH_REVIEW_SUMMARY and a summary that needs no model, writes
the pids to be measured to DIR/pids (one a line) and creates DIR/ready when the
job is running.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import harness  # noqa: E402
from decode import Schemas, body_of  # noqa: E402

DAY, MINUTE = 86400000, 60000
TICK = os.sysconf("SC_CLK_TCK")
FIRST_OUTPUT_S = 180


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except (OSError, IndexError):
            pass
    return total / TICK


def resident_mib(pids):
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/status").read_text()
            total += int(text.split("VmHWM:")[1].split()[0])
        except (OSError, IndexError):
            pass
    return total / 1024


class Bench:
    def __init__(self, directory, args):
        self.directory, self.args = Path(directory), args
        os.environ.setdefault("KAFKA_HEAP", "1g")
        self.kafka = harness.Server("kafka", directory)
        self.registry_server = harness.Server("registry", directory)
        self.brokers = self.kafka.env["BOOTSTRAP"]
        self.registry = self.registry_server.env["URL"]
        self.schemas = Schemas(harness.Registry(self.registry).get)

    def stop(self):
        self.registry_server.stop()
        self.kafka.stop()

    def floor(self, what, *topics):
        out = subprocess.run([self.args.floor, self.brokers, self.registry, what, *topics], check=True,
                             capture_output=True, text=True).stdout
        return json.loads(out)

    def fill(self):
        start, n = int(time.time() * 1000) - 10 * DAY, self.args.events
        harness.generate(self.brokers, self.registry, "--create-topics", "--partitions", "4", "--events",
                         str(n), "--history", "7d", "--start", str(start), "--customers", str(min(100000, n // 5)),
                         "--hotels", str(min(5000, n // 100)), "--past-bookings", str(min(20000, n // 20)),
                         "--seal", "36h")
        records, _ = harness.read(self.brokers, harness.INPUTS)
        self.records = len(records)
        self.expect(records)

    def expect(self, records):
        """Abandoned clicks by a plain reading of the rule, apart from riverd's code and its oracle."""
        clicks, bookings, deleted = set(), {}, set()
        self.hotels, self.last = {}, 0  # hotel: whether it is there at the end
        for r in records:
            body = body_of(r["value"], self.schemas) if r["value"] is not None else None
            topic, at = r["topic"], r["timestamp"]
            if body is None:
                continue
            body = {k.upper(): v for k, v in body.items()}
            if topic == "clickstream" and body["ACTION"] == "booking-click":
                clicks.add((body["CUSTOMER_EMAIL"], body["HOTEL_ID"], at))
                self.last = max(self.last, at)
            elif topic == "bookings":
                bookings.setdefault(body["CUSTOMER_EMAIL"], []).append(at)
            elif topic == "riverhotel.SAMPLE.HOTEL" and "OP" in body:
                row = body["AFTER"] or body["BEFORE"]
                self.hotels[{k.upper(): v for k, v in row.items()}["HOTEL_ID"]] = body["OP"] != "d"
            elif topic == "riverhotel.SAMPLE.CUSTOMER" and body.get("OP") == "d":
                deleted.add({k.upper(): v for k, v in body["BEFORE"].items()}["EMAIL"])
        self.abandoned = {c for c in clicks if not any(c[2] <= b <= c[2] + 20 * MINUTE
                                                       for b in bookings.get(c[0], ()))}
        self.deleted = deleted  # of whom riverd writes nothing; the others know no erasure


class System:
    ready_s = first_s = 0.0

    def __init__(self, bench, number):
        self.bench, self.number = bench, number
        self.topic = f"out-{type(self).__name__.lower()}-{number}"
        self.directory = bench.directory / self.topic
        self.directory.mkdir()

    def run(self):
        """Until its output has come to rest; fills the numbers."""
        begun = time.monotonic()
        self.start()
        self.ready_s = self.wait_ready(begun)
        count, cpu, seen = 0, 0.0, time.monotonic()
        while time.monotonic() - seen < (self.bench.args.calm if count else FIRST_OUTPUT_S):
            now = self.count()
            if now != count:
                if count == 0:
                    self.first_s = time.monotonic() - begun
                count, cpu, seen = now, cpu_seconds(self.pids()), time.monotonic()
            time.sleep(0.25)
        rss = resident_mib(self.pids())
        wall = seen - begun
        self.stop()
        wrong = self.check()
        return {"cpu": cpu, "wall": wall, "rss": rss, "ready": self.ready_s, "first": self.first_s, "rows": count,
                "wrong": wrong}

    def count(self):
        try:
            return self.bench.floor("count", self.topic)["records"]
        except subprocess.CalledProcessError:
            return 0

    def read(self):
        return harness.read(self.bench.brokers, [self.topic])[0]

    def compare(self, rows, excused):
        """What is wrong with the rows, in a word; empty when nothing is."""
        b, found = self.bench, set(rows)
        twice = sum(rows.values()) - len(found)
        extra, missing = found - b.abandoned, {m for m in b.abandoned - found if not excused(m)}
        return "" if not (twice or extra or missing) else (
            f"{len(extra)} unexpected, {len(missing)} missing, {twice} twice of {len(b.abandoned)}")


class Riverd(System):
    def start(self):
        self.riverd = harness.Riverd(self.directory, {
            "kafka.bootstrap.servers": self.bench.brokers, "schema.registry.url": self.bench.registry,
            "group.id": self.topic, "topics.create": "true", "output.summary.topic": self.topic,
            "output.bookings.topic": self.topic + "-b", "output.catalog.topic": self.topic + "-c",
            "dead_letter.topic": self.topic + "-d", "reviews.required": "false", "idle_timeout": "1h"})
        self.riverd.start()

    def wait_ready(self, begun):
        while True:
            try:
                self.riverd.metrics()
                return time.monotonic() - begun
            except OSError:
                time.sleep(0.005)

    def pids(self):
        return [self.riverd.process.pid]

    def stop(self):
        self.riverd.stop()

    def check(self):
        rows = Counter()
        for r in self.read():
            body = body_of(r["value"], self.bench.schemas)
            rows[body["CUSTOMER_EMAIL"], body["HOTEL_ID"], int(body["ACTIVITY_TIME"].timestamp() * 1000 + 0.5)
                 if hasattr(body["ACTIVITY_TIME"], "timestamp") else body["ACTIVITY_TIME"]] += 1
        # customers that were deleted, hotels that are not there: no target
        return self.compare(rows, lambda m: m[0] in self.bench.deleted or not self.bench.hotels.get(m[1]))


class Streams(System):
    """Kafka Streams, exactly once, two threads: test/bench/streams."""

    def start(self):
        home = build_streams()
        java = subprocess.run([harness.SERVERS / "kafka", "java"], check=True, capture_output=True,
                              text=True).stdout.strip()
        create_topics(self.bench, self.topic, self.topic + "-hotels")
        self.log = open(self.directory / "log", "w")
        self.process = subprocess.Popen(
            [java, "-Xmx1g", "-XX:+UseParallelGC", "-cp", f"{home}/target/classes:{home}/target/libs/*",
             "AbandonedClicks", self.bench.brokers, self.bench.registry, self.topic, self.topic,
             self.directory / "state", "exactly_once_v2", "2"], stdout=self.log, stderr=subprocess.STDOUT)

    def wait_ready(self, begun):
        while "READY" not in (self.directory / "log").read_text():
            if self.process.poll() is not None or time.monotonic() - begun > 120:
                raise AssertionError((self.directory / "log").read_text()[-2000:])
            time.sleep(0.05)
        return time.monotonic() - begun

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()

    def check(self):
        rows = Counter()
        for r in self.read():
            hotel, at = r["value"].decode().split(" ")[:2]
            rows[r["key"].decode(), hotel, int(at)] += 1
        # a partition's last windows close only when something comes after them
        return self.compare(rows, lambda m: m[2] > self.bench.last - 26 * 60 * MINUTE)


class Flink(System):
    """The twin in etc/flink, by its hook (see above)."""
    hook = ROOT / "etc" / "flink" / "bench"

    def start(self):
        self.process = subprocess.Popen([self.hook, self.bench.brokers, self.bench.registry, self.topic,
                                         self.directory])

    def wait_ready(self, begun):
        while not (self.directory / "ready").exists():
            if self.process.poll() is not None or time.monotonic() - begun > 180:
                raise AssertionError("etc/flink/bench does not become ready")
            time.sleep(0.05)
        return time.monotonic() - begun

    def pids(self):
        return (self.directory / "pids").read_text().split()

    def stop(self):
        self.process.terminate()
        self.process.wait(120)

    check = Riverd.check


def build_streams():
    cache = Path(os.environ.get("RIVERD_CACHE", Path.home() / ".cache" / "riverd")) / "bench-streams"
    source = HERE / "streams"
    shutil.copytree(source, cache, dirs_exist_ok=True)
    if not (cache / "target" / "libs").exists() or not (cache / "target" / "classes").exists():
        subprocess.run(["mvn", "-B", "-q", "package", "dependency:copy-dependencies", "-DincludeScope=runtime",
                        "-DoutputDirectory=target/libs"], cwd=cache, check=True)
    else:
        subprocess.run(["mvn", "-B", "-q", "-o", "compile"], cwd=cache, check=True)
    return cache


def create_topics(bench, *topics):
    classpath = subprocess.run([harness.SERVERS / "kafka", "classpath"], check=True, capture_output=True,
                               text=True).stdout.strip()
    java = subprocess.run([harness.SERVERS / "kafka", "java"], check=True, capture_output=True,
                          text=True).stdout.strip()
    for topic in topics:
        subprocess.run([java, "-cp", classpath, "org.apache.kafka.tools.TopicCommand", "--bootstrap-server",
                        bench.brokers, "--create", "--if-not-exists", "--topic", topic, "--partitions", "4"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def run_floor(bench, what):
    before, begun = os.times(), time.monotonic()
    got = bench.floor(what, *harness.INPUTS)
    after, wall = os.times(), time.monotonic() - begun
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    wrong = "" if got["records"] == bench.records else f"{got['records']} of {bench.records} records"
    return {"cpu": cpu, "wall": wall, "rss": float("nan"), "ready": 0, "first": 0, "rows": 0, "wrong": wrong}


SYSTEMS = {"riverd": Riverd, "floor: count": "count", "floor: decode": "decode", "kafka-streams": Streams,
           "flink": Flink}


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = int(open("/proc/meminfo").readline().split()[1]) // 1048576
    return f"{cpu}, {os.cpu_count()} cores, {memory} GiB, Linux {os.uname().release}"


def report(bench, results, load):
    lines = ["# riverd and others on one machine", "", "Written by `make bench`. Medians; the range of the CPU "
             "seconds in brackets. CPU is user and system time of all processes of a system, not of Kafka. "
             "A row counts only when its output was right.", "",
             f"{time.strftime('%Y-%m-%d')}; {machine()}; load {load:.1f} before the first run; {bench.records:,} "
             f"records, {len(bench.abandoned):,} abandoned clicks; {bench.args.runs} runs each.", "",
             "| system | CPU-s per million records | records/s | peak MiB | ready after s | first output after s | "
             "rows per target |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    millions = bench.records / 1e6
    plot = {}
    for name, runs in results.items():
        good = [r for r in runs if not r["wrong"]]
        if not good:
            lines.append(f"| {name} | wrong output: {runs[-1]['wrong']} | | | | | |")
            continue
        cpus = [r["cpu"] / millions for r in good]
        mid = {k: statistics.median(r[k] for r in good) for k in ("cpu", "wall", "rss", "ready", "first", "rows")}
        plot[name] = statistics.median(cpus)
        per = mid["rows"] / len(bench.abandoned)
        lines.append(f"| {name} | {plot[name]:.2f} ({min(cpus):.2f} to {max(cpus):.2f}) | "
                     f"{bench.records / mid['wall']:,.0f} | {mid['rss']:.0f} | {mid['ready']:.2f} | "
                     f"{mid['first']:.1f} | {'' if name.startswith('floor') else f'{per:.3f}'} |")
    (bench.args.out / "RESULTS.md").write_text("\n".join(lines) + "\n")
    draw(plot, bench.args.out / "RESULTS.png")
    print("\n".join(lines[6:]))


def draw(plot, path):
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
    names = sorted(plot, key=plot.get)
    figure, axes = pyplot.subplots(figsize=(8, 0.6 * len(names) + 1.2))
    bars = axes.barh(names, [plot[n] for n in names], color=["#1f6f8b" if n == "riverd" else "#b8c4cc" for n in names])
    axes.bar_label(bars, fmt="%.2f", padding=3)
    axes.set_xlabel("CPU seconds per million records (less is better)")
    axes.spines[["top", "right"]].set_visible(False)
    axes.invert_yaxis()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True)
    parser.add_argument("--events", type=int, default=2000000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--calm", type=float, default=8, help="seconds without output that end a run")
    parser.add_argument("--keep", help="work here and leave everything")
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    names = [n for n in args.systems.split(",") if n != "flink" or os.access(Flink.hook, os.X_OK)]
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-bench-")
    load, results, number = os.getloadavg()[0], {n: [] for n in names}, 0
    bench = Bench(directory, args)
    try:
        bench.fill()
        print(f"{bench.records} records, {len(bench.abandoned)} abandoned clicks", flush=True)
        for turn in range(args.runs):
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                number += 1
                system = SYSTEMS[name]
                got = run_floor(bench, system) if isinstance(system, str) else system(bench, number).run()
                results[name].append(got)
                print(f"{name:<14} {got['cpu']:7.2f} CPU-s {got['wall']:7.1f} s {got['rss']:6.0f} MiB "
                      f"{got['wrong'] or 'right'}", flush=True)
        report(bench, results, load)
    finally:
        bench.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    wrong = sum(bool(r["wrong"]) for runs in results.values() for r in runs)
    print(f"{sum(map(len, results.values())) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
