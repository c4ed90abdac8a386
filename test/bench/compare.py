"""riverd, the floor under it and its peers on one real Kafka.

    compare.py [--events N] [--runs N] [--systems a,b,...] [--keep DIR] [--out DIR]

The input is written once. In each round every other system runs beside a riverd of its
own, first the one, then the other, in turns; what a system wrote is compared with what the
oracle says before its numbers count. Every run goes into OUT/compare.json at once, from
which report.py makes RESULTS.md and bench.png.

Last line: N passed, N failed; a run passes when its output is right.
"""

import argparse
import fcntl
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import report
from ground import HERE, Ground
from systems import SYSTEMS


def machine():
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    memory = round(int(open("/proc/meminfo").readline().split()[1]) / 1048576)
    return f"{cpu}, {os.cpu_count()} cores, {memory} GiB, Linux {os.uname().release}"


def machine_to_ourselves():
    """What else runs here shall not be in times; all that is started from here is equal. Needs root."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    except PermissionError:
        pass


def keep(old, data, begun):
    """What `data` lacks of `old`, which may be of the same bench, earlier."""
    others = [name for name in old["runs"] if name != "riverd" and name not in data["runs"]]
    data["runs"].update({name: old["runs"][name] for name in others})
    times = {r.get("run") for name in others for r in old["runs"][name]} - {begun}
    beside = [r for r in old["runs"].get("riverd", []) if r.get("run") in times]
    if beside or "riverd" in data["runs"]:
        data["runs"]["riverd"] = beside + data["runs"].get("riverd", [])
    data["pairs"] = [p for p in old["pairs"] if set(p) & set(others)] + data["pairs"]


def stopped(*_):
    raise KeyboardInterrupt


class Bench:
    def __init__(self, ground, args):
        self.ground, self.args, self.number, self.passed, self.failed = ground, args, 0, 0, 0
        self.begun = time.strftime("%Y-%m-%d %H:%M")
        self.file = args.out / "compare.json"
        self.data = {"date": time.strftime("%Y-%m-%d"), "machine": machine(), "load": round(os.getloadavg()[0], 1),
                     "records": ground.records, "topics": dict(ground.counted), "targets": sum(ground.targets.values()),
                     "questions": ground.questions, "hotels": len(ground.oracle.hotels), "runs": {}, "pairs": []}

    def run(self, name):
        self.number += 1
        try:
            got = SYSTEMS[name][0](self.ground, self.number).run()
        except (AssertionError, OSError) as error:
            got = {"wrong": f"it did not end well: {error}"}
        got["run"] = self.begun
        self.passed, self.failed = self.passed + (not got["wrong"]), self.failed + bool(got["wrong"])
        self.data["runs"].setdefault(name, []).append(got)
        self.save()
        if "wall" in got:
            print(f"{name:<12} {got['cpu']:7.2f} CPU-s {got['wall']:7.1f} s {got['rss']:6.0f} MiB {got['rows']:>6} rows "
                  f"{got['calls']:>6} calls, ready {got['ready'] or 0:.2f} s, first {got['first'] or 0:.1f} s: "
                  f"{got['wrong'] or 'right'}", flush=True)
        else:
            print(f"{name:<12} {got['wrong']}", flush=True)
        return got

    def save(self):
        """Of the same input, what is there of a system stays until there is something newer of it,
        and with it the runs of riverd that were beside it."""
        self.file.parent.mkdir(exist_ok=True)
        with open(self.file.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            old = json.loads(self.file.read_text()) if self.file.exists() else {}
            data = dict(self.data, runs=dict(self.data["runs"]))
            if abs(old.get("records", 0) / self.data["records"] - 1) < 0.01:
                keep(old, data, self.begun)
            self.file.write_text(json.dumps(data, indent=1) + "\n")

    def pair(self, first, second):
        got = {name: self.run(name) for name in (first, second)}
        if all("wall" in g and not g["wrong"] for g in got.values()):
            self.data["pairs"].append({name: [g["cpu"], g["wall"], g["rss"]] for name, g in got.items()})
            self.save()

    def round(self, turn):
        others = [name for name in self.args.systems if name != "riverd"]
        for other in others:
            self.pair(*(("riverd", other) if turn % 2 == 0 else (other, "riverd")))
        if not others:
            self.run("riverd")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True, help="the program bench_floor")
    parser.add_argument("--model", required=True, help="the program bench_model")
    parser.add_argument("--events", type=int, default=500000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--systems", default=",".join(SYSTEMS))
    parser.add_argument("--keep", help="work here and leave everything")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    args.systems = args.systems.split(",")
    signal.signal(signal.SIGTERM, stopped)
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-bench-")
    ground = Ground(directory, args.model)
    ground.floor_program = args.floor
    bench = None
    try:
        print(ground.fill(args.events), flush=True)
        ground.expect()
        bench = Bench(ground, args)
        print(f"{ground.records:,} records {dict(ground.counted)}, {bench.data['targets']:,} targets, {ground.questions:,} "
              "different questions", flush=True)
        for turn in range(args.runs):
            bench.round(turn)
    finally:
        ground.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
        if bench and bench.passed + bench.failed:  # stopped or not
            report.write(args.out)
    print(f"{bench.passed} passed, {bench.failed} failed")
    return 1 if bench.failed else 0


if __name__ == "__main__":
    sys.exit(main())
