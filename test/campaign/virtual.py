"""The pieces of the campaign that need no Kafka: histories in the simulator, and planted
bugs. They run beside the others, which spend most of their time waiting."""

import re
import subprocess
import time
from pathlib import Path

import results

ROOT = Path(__file__).resolve().parents[2]
HISTORIES = 200_000
PER_PIECE = 5_000
COUNTS = re.compile(r"^(\d+) passed, (\d+) failed$", re.M)
# In the simulator's last line: how many of each fault its histories had.
FAULTS = ("kills", "power losses", "freezes", "clones", "outages", "restores", "full disks", "indefinite", "late EndTxns",
          "torn", "fenced", "expiries")


def counted(command):
    """(passed, failed, output) of a command that ends with `N passed, N failed`."""
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", check=False)
    found = COUNTS.findall(run.stdout)
    if not found:
        return 0, 1, run.stdout + run.stderr
    passed, failed = map(int, found[-1])
    return passed, failed or int(run.returncode != 0), run.stdout + run.stderr


def faults_in(output):
    """{fault: times} as the simulator says at its end."""
    last = [line for line in output.splitlines() if " histories (" in line][-1:]
    return {name: int(number) for line in last for number, name in re.findall(r"(\d+) ([a-zA-Z ]+?)(?:,|;|$)", line)
            if name in FAULTS}


def said(output):
    """What it said but for progress: the seeds that failed, and why."""
    return "\n".join(line for line in output.splitlines() if " histories (" not in line)[-4000:]


def histories(first, seeds):
    passed, failed, output = counted([str(ROOT / "build/sim"), "--seeds", str(seeds), "--first", str(first)])
    return {"scenario": "histories", "title": "histories in the simulator", "first_seed": first, "seeds": seeds,
            "passed": passed, "failed": failed, "inside": faults_in(output), "ok": failed == 0,
            **({} if failed == 0 else {"error": said(output)})}


def planted_bugs():
    passed, failed, output = counted([str(ROOT / "test/mutants/run")])
    return {"scenario": "planted_bugs", "title": "planted bugs", "passed": passed, "failed": failed, "ok": failed == 0,
            **({} if failed == 0 else {"error": said(output)})}


def next_piece(path):
    """A function that makes the next row; None when the goal is reached."""
    rows = results.load(path)
    done = [row for row in rows if row["scenario"] == "histories"]
    first = max([row["first_seed"] + row["seeds"] for row in done], default=1)
    if sum(row["passed"] for row in done) < HISTORIES:
        return lambda: histories(first, PER_PIECE)
    if not any(row["scenario"] == "planted_bugs" and row["ok"] for row in rows):
        return planted_bugs
    return None


def go_on(path, end):
    """Pieces until `end` (monotonic seconds) or the goal; (passed, failed) pieces. A failure is recorded;
    after three the rest waits."""
    passed = failed = 0
    while time.monotonic() < end and failed < 3 and (piece := next_piece(path)):
        start = time.time()
        row = dict(piece(), seconds=0, at=int(start), machine=results.machine(), version=results.version())
        row["seconds"] = round(time.time() - start, 1)
        results.append(path, row)
        passed, failed = passed + row["ok"], failed + (not row["ok"])
        print(f"{'ok  ' if row['ok'] else 'FAIL'} {row['title']}: {row['passed']} passed, {row['failed']} failed "
              f"({row['seconds']} s)", flush=True)
    return passed, failed
