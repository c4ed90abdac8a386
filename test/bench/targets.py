"""What a single riverd promises, measured on a real Kafka: results/targets.json.

    targets.py --floor PROGRAM --model PROGRAM [--pending N] [--backlog N] [--only a,b,...]

Parts: start, lone, idle, pending, backlog. Last line: N passed, N failed, by target reached.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import bare
import report
from compare import machine, machine_to_ourselves
from ground import HERE, Ground, harness
from systems import FloorDecode

MIB = 1048576


class Targets:
    def __init__(self, ground, args):
        self.ground, self.args, self.rows, self.notes = ground, args, [], []
        self.date, self.load = time.strftime("%Y-%m-%d"), round(os.getloadavg()[0], 1)

    def row(self, what, target, measured, reached, bound=""):
        verdict = "reached" if reached else f"**not reached**: {bound}" if bound else "**not reached**"
        self.rows.append({"what": what, "target": target, "measured": measured, "verdict": verdict, "reached": bool(reached),
                          "command": "make bench-targets"})
        print(f"{'ok   ' if reached else 'FAIL '}{what}: {measured} (target {target})", flush=True)
        self.save()

    def save(self):
        file = self.args.out / "targets.json"
        old = json.loads(file.read_text())["rows"] if file.exists() else []
        names = {r["what"] for r in self.rows}
        rows = [r for r in old if r["what"] not in names] + self.rows
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps({"date": self.date, "machine": machine(), "load": self.load, "rows": rows,
                                    "notes": self.notes}, indent=1) + "\n")

    def start(self):
        times = []
        for n in range(5):
            d = bare.Daemon(self.ground, f"empty-{n}").start()
            times.append(d.ready)
            d.wait_usable()
            d.stop()
        self.row("start to READY=1, empty state", "< 100 ms", f"{1000 * statistics.median(times):.0f} ms, median of 5 "
                 f"({', '.join(f'{1000 * t:.0f}' for t in sorted(times))})", statistics.median(times) < 0.1)

    def lone(self):
        """Clicks one after the other, nothing else in the topics; a window of 40 s, everything else as shipped."""
        shipped = self.lone_late("5s")
        wait = "the watermark stays `out_of_orderness` (5 s) behind the clock, so that a booking may come that late"
        self.row("a lone click's record visible after its deadline, Kafka silent otherwise, as shipped", "≤ 2 s",
                 f"{self.median(shipped)}; {statistics.median(shipped) - 5:.2f} s of it are riverd's, the rest is "
                 "`out_of_orderness`", max(shipped) <= 2, wait)
        short = self.lone_late("1s")
        self.row("the same with `out_of_orderness = 1s`", "≤ 2 s", self.median(short), max(short) <= 2)

    @staticmethod
    def median(times):
        return f"{statistics.median(times):.2f} s, median of {len(times)} ({', '.join(f'{t:.2f}' for t in sorted(times))})"

    def lone_late(self, out_of_orderness):
        name = f"lone-{out_of_orderness}"
        d = bare.Daemon(self.ground, name, window="40s", out_of_orderness=out_of_orderness).start().wait_usable()
        late = []
        for n in range(3):
            before, at = self.ground.broker.ends(d.summary, 1), int(time.time() * 1000)
            bare.write(self.ground, d.inputs["clickstream"], [bare.click(n, self.hotels[n])], at)
            d.wait("the lone click's record", lambda before=before: self.ground.broker.ends(d.summary, 1) > before, 120, 0.01)
            late.append(time.time() - at / 1000 - 40)
        d.stop()
        return late

    def idle(self):
        d = bare.Daemon(self.ground, "idle").start().wait_usable()
        time.sleep(130)  # past idle_timeout, the offsets that follow it, and the quiet minute after which clients are closed
        self.empty = d.rss()
        before, begun = d.cpu_ns(), time.monotonic()
        time.sleep(60)
        after, wall = d.cpu_ns(), (time.monotonic() - begun) * 1e9
        d.stop()
        each = {name: (used - before.get(name, 0)) / wall for name, used in after.items()}
        share, ours = sum(each.values()), each.get("riverd", 0)
        most = ", ".join(f"{name} {100 * s:.3f}" for name, s in sorted(each.items(), key=lambda e: -e[1])[:6])
        self.row("idle CPU over 60 s, all threads", "< 0.1 % of a core", f"{100 * share:.3f} % ({most})", share < 0.001,
                 f"{100 * ours:.3f} % are riverd's own thread, the rest is librdkafka's")

    def pending(self):
        d, half, n = bare.Daemon(self.ground, "pending").start().wait_usable(), self.args.pending // 2, self.args.pending
        empty = d.rss()
        d.wait("quiet", lambda: d.metric("riverd_dimensions_ready") == 1)
        for begin in (0, half):
            bare.write(self.ground, d.inputs["clickstream"], (bare.click(i, self.hotels[i % len(self.hotels)])
                                                              for i in range(begin, begin + half)))
            d.wait_pending(begin + half)
            time.sleep(3)
            live = d.rss()
            d.stop()
            d.start()
            ready, begun = d.ready, time.monotonic()
            d.wait_usable()
            usable, restarted = ready + time.monotonic() - begun, d.rss()
            if d.metric("riverd_pipeline_clicks_pending") != begin + half:
                raise AssertionError("clicks are gone after a restart")
            if begin == 0:
                self.row(f"start to READY=1, {half:,} clicks pending", "< 2 s", f"{ready:.2f} s (/readyz 200 after "
                         f"{usable:.2f} s)", ready < 2)
        self.row(f"memory of a pending click (resident with {n:,} after a restart, less that without any)", "≤ 110 bytes",
                 f"{(restarted - empty) * MIB / n:.0f} bytes", (restarted - empty) * MIB / n <= 110)
        self.row(f"resident with {n:,} clicks pending", "≤ 400 MiB", f"{live:.0f} MiB after they came in, "
                 f"{restarted:.0f} MiB after a restart", max(live, restarted) <= 400)
        d.stop()

    def backlog(self):
        """Records a second from the tenth to the ninetieth per cent of a backlog, against a bare consumer."""
        print(self.ground.fill(self.args.backlog), flush=True)
        self.emitted = []
        self.ground.records, pairs = -1, []
        for n in range(3):
            floor = FloorDecode(self.ground, n)
            floor.what = "count"
            floor.run()
            got = json.loads(floor.log())
            bare_rate = got["records"] / got["seconds"]
            pairs.append((self.catch_up(n), bare_rate))
        shares = sorted(a[0] / b for a, b in pairs)
        rate, own, all_of_it, kafka = (statistics.median(a[i] for a, _ in pairs) for i in range(4))
        self.row(f"catch-up against a bare librdkafka consumer on the same topics, {self.args.backlog:,} events",
                 "≥ 65 % of its rate", f"{100 * statistics.median(shares):.0f} %, median of 3 "
                 f"({', '.join(f'{100 * s:.0f}' for s in shares)}); riverd {rate:,.0f}/s, "
                 f"bare {statistics.median(b for _, b in pairs):,.0f}/s", statistics.median(shares) >= 0.65,
                 f"a target with its reviews comes out of every {1 / statistics.median(self.emitted):.0f}th record, and "
                 f"per million records riverd takes {all_of_it:.2f} CPU seconds, {own:.2f} of them in the thread of its "
                 f"loop, and Kafka {kafka:.2f}: {os.cpu_count()} cores cannot do more than "
                 f"{os.cpu_count() / (all_of_it + kafka):.2f} million a second")

    def catch_up(self, n):
        """Records a second; CPU seconds per million of them of riverd's loop, of riverd, and of Kafka."""
        riverd = harness.Riverd(self.ground.directory / f"backlog-{n}", {
            "kafka.bootstrap.servers": self.ground.brokers, "schema.registry.url": self.ground.registry,
            "group.id": f"backlog-{n}", "idle_timeout": "1h",
            **{f"output.{key}.topic": f"backlog-{n}.{key}" for key in ("summary", "bookings", "catalog")}})
        riverd.start()
        seen, whole, spent = [], None, []
        while whole is None or seen[-1][1] < 0.95 * whole:
            if riverd.process.poll() is not None:
                raise AssertionError(riverd.log()[-2000:])
            try:
                m = riverd.metrics()
            except OSError:
                continue
            ends = m.get("riverd_partition_end_offset", {})
            at = sum(m.get("riverd_partition_position_offset", {}).values())
            whole = sum(ends.values()) if ends and sum(ends.values()) > self.args.backlog else None
            seen.append((time.monotonic(), at))
            if whole is not None and at >= (0.1, 0.9, 2)[len(spent)] * whole:
                spent.append((at, bare.cpu_ns(riverd.process.pid), bare.cpu_ns(self.ground.kafka.pid())))
            time.sleep(0.02)
        self.emitted.append(m["riverd_pipeline_targets_emitted_total"][""] / at)
        riverd.kill()
        first = next(s for s in seen if s[1] >= 0.1 * whole)
        last = next(s for s in seen if s[1] >= 0.9 * whole)
        (begin, *before), (end, *after) = spent
        each = [{thread: (ns - was.get(thread, 0)) / (end - begin) / 1000 for thread, ns in now.items()}
                for was, now in zip(before, after)]
        return ((last[1] - first[1]) / (last[0] - first[0]), each[0]["riverd"], sum(each[0].values()),
                sum(each[1].values()))


def on_ground(t, parts):
    """Each backlog has a Kafka of its own: behind events of today, those of last week would all be late."""
    if not parts:
        return
    directory = tempfile.mkdtemp(prefix="riverd-targets-")
    t.ground = Ground(directory, t.args.model)
    t.ground.floor_program = t.args.floor
    try:
        if parts != ["backlog"]:
            t.hotels, _ = bare.hotels(t.ground, 100, 3)
        for part in parts:
            getattr(t, part)()
    finally:
        t.ground.stop()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--pending", type=int, default=2000000)
    parser.add_argument("--backlog", type=int, default=4000000)
    parser.add_argument("--only", default="start,lone,idle,pending,backlog")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    machine_to_ourselves()
    t, parts = Targets(None, args), args.only.split(",")
    on_ground(t, [part for part in parts if part != "backlog"])
    on_ground(t, [part for part in parts if part == "backlog"])
    report.write(args.out)
    failed = sum(not r["reached"] for r in t.rows)
    print(f"{len(t.rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
