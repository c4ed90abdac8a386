"""Results of the campaign: one JSON object per piece in a file that only grows, and the
table made of them.

Zero failures in n trials do not say that nothing can fail: with 95 % confidence the rate
of failure is below 3/n (the rule of three). A single failure withdraws that bound."""

import json
import os
import platform
import subprocess
from collections import Counter, OrderedDict
from pathlib import Path

VIRTUAL = ("histories", "planted_bugs")


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


def version():
    """The commit that was measured."""
    run = subprocess.run(["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"], capture_output=True,
                         text=True, cwd=Path(__file__).parent, check=False)
    return run.stdout.strip() or "unknown"


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


def virtual_table(rows):
    """What ran without Kafka: simulated histories and planted bugs."""
    histories = [row for row in rows if row["scenario"] == "histories"]
    bugs = [row for row in rows if row["scenario"] == "planted_bugs"][-1:]
    passed, failed = (sum(row[key] for row in histories) for key in ("passed", "failed"))
    inside = Counter()
    for row in histories:
        inside.update(row["inside"])
    out = ["| without Kafka | tried | failed | |", "| --- | ---: | ---: | --- |",
           f"| histories in the simulator | {passed + failed} | {failed} | "
           f"{bound(passed, failed).replace('fault', 'history')} with 95 % confidence |"]
    out += [f"| planted bugs | {row['passed'] + row['failed']} | {row['failed']} | a failure is a bug that no test noticed |"
            for row in bugs]
    if inside:
        out += ["", "In the histories: " + ", ".join(f"{number} {name}" for name, number in inside.most_common()) + "."]
    return "\n".join(out) + "\n"


def write_table(path, results):
    everything = load(results)
    rows = [row for row in everything if row["scenario"] not in VIRTUAL]
    virtual = [row for row in everything if row["scenario"] in VIRTUAL]
    versions = sorted({row["version"] for row in everything if "version" in row})
    text = ["# What the fault campaign measured", "",
            "Written by `make campaign` from `results.jsonl`; do not edit. After every batch of faults the outputs, read",
            "with `read_committed` by a client that is not librdkafka, were compared record by record with the oracle's;",
            "no riverd-id twice, nothing left waiting in the database, `PRAGMA integrity_check` ok, and riverd healthy",
            "within 30 s of the end of the fault. The bound is the rule of three: with no failure in n faults, the",
            "rate of failure is below 3/n with 95 % confidence.", "", table(rows) if rows else "Nothing was measured yet.\n"]
    text += [virtual_table(virtual)] if virtual else []
    failures = [f"* {row['title']}: {row['error'].splitlines()[0]}" for row in everything if not row["ok"]]
    text += ["What failed (the whole text is in `results.jsonl`):\n", *failures, ""] if failures else []
    text += [f"Measured at: {', '.join(versions)}.\n"] if versions else []
    Path(path).write_text("\n".join(text), encoding="utf-8")
