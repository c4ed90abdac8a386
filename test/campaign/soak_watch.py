"""What riverd takes of the machine while it soaks: sampled from outside, and judged.

Nothing here asks riverd: the process may be frozen. Every measure is kept as its maximum
of each minute."""

import os
import threading
import time
from pathlib import Path

EVERY_S = 0.5
MIB = 1 << 20
# What is in the second half of a sitting may exceed the first by a factor and a bit, and never the last
# number. The WAL grows to a limit of its own (32 MiB) before it is moved into the file: only that counts.
LIMITS = {
    "rss_mib": (1.10, 8, 256),
    "descriptors": (1.0, 12, 256),  # connections to Kafka come and go
    "threads": (1.0, 2, 64),
    "wal_mib": (None, 0, 40),
    "database_mib": (1.25, 4, 256),
}
WARM_UP = 1  # minutes: the history is read at full speed


def size(path):
    try:
        return os.stat(path).st_size / MIB
    except FileNotFoundError:
        return 0.0


def look(pid, database):
    """One sample; OSError when the process is gone."""
    proc = Path("/proc") / str(pid)
    fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line)
    if "VmRSS" not in fields:  # a zombie has none
        raise ProcessLookupError(pid)
    return {"rss_mib": int(fields["VmRSS"].split()[0]) / 1024, "threads": int(fields["Threads"]),
            "descriptors": len(list((proc / "fd").iterdir())), "wal_mib": size(f"{database}-wal"),
            "database_mib": size(database)}


class Watch:
    """Samples whatever process the daemon has at the moment."""

    def __init__(self, daemon, database):
        self.daemon, self.database = daemon, database
        self.minutes, self.samples, self.began = [], 0, time.monotonic()
        self.lives = {}  # pid: seconds seen alive
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.ended.wait(EVERY_S):
            process = self.daemon.process
            try:
                seen = look(process.pid, self.database) if process else None
            except OSError:
                continue
            if seen:
                self.add(process.pid, seen)

    def add(self, pid, seen):
        self.samples += 1
        self.lives.setdefault(pid, [time.monotonic()] * 2)[1] = time.monotonic()
        minute = int((time.monotonic() - self.began) // 60)
        while len(self.minutes) <= minute:
            self.minutes.append({})
        for name, value in seen.items():
            self.minutes[minute][name] = round(max(value, self.minutes[minute].get(name, 0)), 2)

    def stop(self):
        self.ended.set()
        self.thread.join()

    def longest_life(self):
        """Minutes."""
        return round(max((last - first for first, last in self.lives.values()), default=0) / 60, 1)


def halves(minutes, name):
    """(maximum of the first half, of the second), the warm-up left out."""
    values = [minute[name] for minute in minutes[WARM_UP:] if name in minute]
    middle = len(values) // 2
    return max(values[:middle], default=0), max(values[middle:], default=0)


def excesses(minutes):
    """What is not bounded, in words."""
    out = []
    for name, (factor, more, never) in LIMITS.items():
        first, second = halves(minutes, name)
        if factor is not None and second > first * factor + more:
            out.append(f"{name} grows: at most {first} in the first half, {second} in the second")
        if max(first, second) > never:
            out.append(f"{name} {max(first, second)}, more than {never}")
    return out
