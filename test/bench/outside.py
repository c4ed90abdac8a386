"""Whether the outside ever holds up the loop: results/outside.json.

    outside.py --floor PROGRAM --model PROGRAM [--targets N] [--backlog N] [--only due,backlog]

Part 1: N clicks of the same moment fall due at once and drain through the outbox and real
Kafka transactions. Part 2: a backlog is read at full speed. Meanwhile a client of its own
asks /livez again and again, and in turns a program that does nothing but answer, which shows
what this machine adds. The loop's own measure is riverd_loop_lag_seconds, the latest tick in
the last ten to twenty seconds.

Last line: N passed, N failed.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bare
import report
from compare import machine, machine_to_ourselves
from ground import HERE, Ground, Model

LAG_S, LIVE_S = 0.050, 0.020
MINUTE = 60000
PARTS = {"due": "all_due_at_once", "backlog": "full_load"}


def probe(ports, path, seconds):
    """The client: a process of its own. Prints [[(seconds of an answer, when it was asked), ...] of each port]."""
    took, streams = [[] for _ in ports], [socket.create_connection(("127.0.0.1", int(p))) for p in ports]
    for s in streams:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    started = time.monotonic()
    until = started + seconds
    while time.monotonic() < until and not os.path.exists(path):
        for at, (port, s) in enumerate(zip(ports, streams)):
            begun = time.perf_counter()
            s.sendall(f"GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            answer = s.recv(4096)
            took[at].append((time.perf_counter() - begun, time.monotonic() - started))
            assert answer.startswith(b"HTTP/1.1 200"), answer
        time.sleep(0.005)
    print(json.dumps(took))


class Probe:
    def __init__(self, directory, *ports):
        self.stop_file = directory / f"stop-{time.monotonic_ns()}"
        self.process = subprocess.Popen([sys.executable, __file__, "probe", str(self.stop_file), *map(str, ports)],
                                        stdout=subprocess.PIPE, text=True)

    def stop(self):
        """Sorted answer times of riverd, and of the yardstick."""
        self.stop_file.touch()
        out, _ = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, "the client failed"
        return [sorted(times) for times in json.loads(out)]


def ms(times, share=1.0):
    return 1000 * times[min(len(times) - 1, int(share * len(times)))][0]


class Outside:
    def __init__(self, ground, args):
        self.ground, self.args, self.rows = ground, args, []
        self.model = Model(args.model)
        self.yardstick = int(self.model.url.rsplit(":", 1)[1])
        self.load = round(os.getloadavg()[0], 1)

    def row(self, what, target, measured, good):
        self.rows.append({"what": what, "target": target, "measured": measured,
                          "verdict": "passed" if good else "**failed**", "command": "make bench-outside"})
        print(f"{'ok   ' if good else 'FAIL '}{what}: {measured} ({target})", flush=True)

    def save(self):
        """A part that was not asked for keeps what was measured before."""
        self.args.out.mkdir(exist_ok=True)
        file = self.args.out / "outside.json"
        names = {r["what"] for r in self.rows}
        partly = set(self.args.only.split(",")) != set(PARTS) and file.exists()
        kept = [r for r in json.loads(file.read_text())["rows"] if r["what"] not in names] if partly else []
        file.write_text(json.dumps({
            "date": time.strftime("%Y-%m-%d"), "machine": machine(), "load": self.load, "rows": kept + self.rows,
            "notes": ["The yardstick is a program that does nothing but answer, asked by the same client in turns: what it "
                      "takes longer than a millisecond is the machine's doing."]}, indent=1) + "\n")

    def watch(self, d, over, timeout):
        """Looks at the loop's lag until over(); (highest lag in s, answers of riverd, of the yardstick, seconds)."""
        client, lag, begun = Probe(self.ground.directory, d.riverd.port, self.yardstick), 0.0, time.monotonic()
        while not over():
            lag = max(lag, d.metric("riverd_loop_lag_seconds"))
            if time.monotonic() - begun > timeout or d.riverd.process.poll() is not None:
                raise AssertionError(f"it does not come to an end: {d.riverd.log()[-2000:]}")
            time.sleep(0.1)
        took = time.monotonic() - begun
        lag = max(lag, d.metric("riverd_loop_lag_seconds"))
        return lag, *client.stop(), took

    def judge(self, what, seen):
        lag, live, yard, took = seen
        self.row(f"{what}: the loop's lag", "≤ 50 ms", f"{1000 * lag:.0f} ms at most, over {took:.1f} s", lag <= LAG_S)
        self.row(f"{what}: /livez", "≤ 20 ms", f"{ms(live):.1f} ms at most, 99.9 % within {ms(live, 0.999):.1f} ms, "
                 f"half within {ms(live, 0.5):.1f} ms, {len(live)} asked, the slowest after {live[-1][1]:.1f} s; the yardstick "
                 f"{ms(yard):.1f} and {ms(yard, 0.999):.1f} ms", ms(live) <= 1000 * LIVE_S)

    def settled(self, d):
        """The start is over: nothing of it is in the measure any more."""
        d.wait_usable()
        d.wait("dimensions", lambda: d.metric("riverd_dimensions_ready") == 1)
        time.sleep(21)

    def due_at_once(self, provider):
        n, at = self.args.targets, int(time.time() * 1000) - 60 * MINUTE
        d = bare.Daemon(self.ground, f"due-{provider}", idle_timeout="1h", summary__provider=provider,
                        summary__url=self.model.url, summary__model="bench").start()
        try:
            d.wait_usable()
            bare.write(self.ground, d.inputs["clickstream"],
                       (bare.click(i, self.hotels[i % len(self.hotels)]) for i in range(n)), at)
            d.wait_pending(n)
            self.settled(d)
            booking = json.dumps({"booking_id": "late", "customer_email": "nobody@example.com", "hotel_id": self.hotels[0],
                                  "check_in": 1, "check_out": 2, "price": 3}).encode()
            bare.write(self.ground, d.inputs["bookings"], [booking], at + 21 * MINUTE)
            bare.write(self.ground, d.inputs["clickstream"], [bare.click(n, self.hotels[0])], at + 21 * MINUTE)
            seen = self.watch(d, lambda: self.drained(d, n), 300)
        finally:
            d.kill()
        self.row(f"{n:,} targets at once, {provider}: records written", f"{n:,}, each once", f"{self.written(d):,}",
                 self.written(d) == n)
        self.judge(f"{n:,} targets at once, {provider}", seen)

    def all_due_at_once(self):
        self.hotels, _ = bare.hotels(self.ground, 100, 3)
        self.due_at_once("extractive")
        self.due_at_once("openai")

    def drained(self, d, n):
        return (d.metric("riverd_records_produced_total") >= n + 1 and d.metric("riverd_outbox_rows") == 0
                and d.metric("riverd_pipeline_clicks_pending") <= 1)

    def written(self, d):
        """Distinct customers in the output; 0 when one is there twice."""
        found = [r["key"] for r in bare.records(self.ground.brokers, [d.summary])]
        return len(found) if len(set(found)) == len(found) else 0

    def full_load(self):
        print(self.ground.fill(self.args.backlog), flush=True)
        d = bare.Daemon(self.ground, "load", idle_timeout="1h", input__clickstream__topic="clickstream",
                        input__bookings__topic="bookings").start()
        try:
            seen = self.watch(d, lambda: self.caught_up(d), 600)
        finally:
            d.kill()
        self.judge(f"a backlog of {self.args.backlog:,} events at full speed, start included", seen)

    def caught_up(self, d):
        m = d.riverd.metrics()
        position = sum(m.get("riverd_partition_position_offset", {}).values())
        return position >= self.args.backlog and not any(m["riverd_partition_lag_records"].values())


def on_ground(o, part):
    """Each part has a Kafka of its own: behind events of today, a backlog of last week would all be late."""
    directory = tempfile.mkdtemp(prefix="riverd-outside-")
    o.ground = Ground(directory, o.args.model)
    try:
        part()
    finally:
        o.ground.stop()
        shutil.rmtree(directory, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--floor", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--targets", type=int, default=10000)
    parser.add_argument("--backlog", type=int, default=1000000)
    parser.add_argument("--only", default=",".join(PARTS), help="parts to run")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    asked = args.only.split(",")
    if set(asked) - set(PARTS):
        parser.error(f"the parts are {', '.join(PARTS)}")
    machine_to_ourselves()
    o = Outside(None, args)
    try:
        for part in asked:
            on_ground(o, getattr(o, PARTS[part]))
    finally:
        o.model.stop()
    o.save()
    report.write(args.out)
    failed = sum(r["verdict"] != "passed" for r in o.rows)
    print(f"{len(o.rows) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["probe"]:
        probe(sys.argv[3:], sys.argv[2], 900)
        sys.exit(0)
    sys.exit(main())
