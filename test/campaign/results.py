"""Results of the campaign: one JSON object per piece in a file that only grows, and the
table made of them.

Zero failures in n trials do not say that nothing can fail: with 95 % confidence the rate
of failure is below 3/n (the rule of three). A single failure withdraws that bound."""

import json
import os
import platform
from collections import OrderedDict
from pathlib import Path


def append(path, row):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(row, sort_keys=True) + "\n")
        file.flush()
        os.fsync(file.fileno())


def load(path):
    path = Path(path)
    return [json.loads(line) for line in path.read_text().splitlines() if line] if path.exists() else []


def machine():
    memory = next((int(line.split()[1]) // 1048576 for line in Path("/proc/meminfo").read_text().splitlines()
                   if line.startswith("MemTotal")), 0)
    return f"{platform.system()} {platform.release()}, {platform.machine()}, {os.cpu_count()} processors, {memory} GiB"


def bound(trials, failures):
    if failures:
        return "none: there were failures"
    return f"< {300 / trials:.2g} % per fault" if trials else ""


def line(title, rows):
    good = [row for row in rows if row["ok"]]
    faults = sum(row.get("faults", 0) for row in good)
    failures = len(rows) - len(good)
    healthy = max([row.get("slowest_healthy_s", row.get("slowest_ready_s", row.get("healthy_s", 0))) for row in good],
                  default=0)
    cells = (title, len(rows), faults, sum(row.get("inputs", 0) for row in good),
             sum(row.get("outputs", 0) for row in good), failures, f"{healthy:.1f}", bound(faults, failures))
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def table(rows):
    by_title = OrderedDict()
    for row in rows:
        by_title.setdefault(row["title"], []).append(row)
    out = ["| fault | batches | faults | records read | records written | batches that failed | slowest healthy, s | bound (95 %) |",
           "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- |"]
    out += [line(title, some) for title, some in by_title.items()]
    out.append(line("**all**", rows))
    kills = sum(row.get("kills", 0) for row in rows if row["ok"])
    seconds = sum(row["seconds"] for row in rows)
    out += ["", f"{kills} of the faults are kills of riverd with SIGKILL, each failpoint included. "
            f"All took {seconds / 60:.0f} minutes on {', '.join(sorted({row['machine'] for row in rows}))}."]
    return "\n".join(out) + "\n"


def write_table(path, results):
    rows = load(results)
    text = ["# What the fault campaign measured", "",
            "Written by `make campaign` from `results.jsonl`; do not edit. After every batch of faults the outputs, read",
            "with `read_committed` by a client that is not librdkafka, were compared record by record with the oracle's;",
            "no riverd-id twice, nothing left waiting in the database, `PRAGMA integrity_check` ok, and riverd healthy",
            "within 30 s of the end of the fault. The bound is the rule of three: with no failure in n faults, the",
            "rate of failure is below 3/n with 95 % confidence.", "", table(rows) if rows else "Nothing was measured yet.\n"]
    Path(path).write_text("\n".join(text), encoding="utf-8")
