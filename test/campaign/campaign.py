"""riverd on a real Kafka while everything breaks.

    campaign.py short                       what CI runs: at least 100 kills, every failpoint
    campaign.py long [--minutes M]          with the simulator and the planted bugs beside it; goes on until the goal
                                            is reached or M minutes (50) are over; run it again and it goes on
                                            where it stopped
    campaign.py only NAME=SIZE ...          these scenarios once
    campaign.py table                       only writes the table
    campaign.py list

Options: --seed N, --jobs N (short, only: scenarios at a time; not with those that stop the broker), --results FILE (long: test/campaign/results.jsonl), --keep (logs and states of
batches that failed stay), --kills N (long: the goal, 2000). Last line: N passed, N failed.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import results
from world import SCENARIOS, Setting

import brokers  # noqa: F401
import clients  # noqa: F401
import kills  # noqa: F401
import stops  # noqa: F401
import virtual

HERE = Path(__file__).resolve().parent
SHORT = (("kills_at_failpoints", 1), ("random_kills", 65))
ROUNDS = 3  # of every other scenario in the long campaign


class Campaign:
    def __init__(self, args):
        self.args, self.passed, self.failed = args, 0, 0
        self.directory = Path(tempfile.mkdtemp(prefix="riverd-campaign-"))
        self.setting = Setting(self.directory, args.seed)

    def run(self, name, size):
        function = next(f for f in SCENARIOS if f.__name__ == name)
        start, row = time.time(), {"scenario": name, "title": function.title, "size": size, "seed": self.args.seed}
        try:
            row.update(function(self.setting, size), ok=True)
        except Exception as error:  # pylint: disable=broad-except
            row.update(ok=False, error=str(error)[:4000])
            traceback.print_exc()
        row.update(seconds=round(time.time() - start, 1), at=int(start), machine=results.machine(),
                   version=results.version())
        good = row["ok"]
        self.passed, self.failed = self.passed + good, self.failed + (not good)
        what = ", ".join(f"{key} {value}" for key, value in row.items()
                         if key in ("faults", "kills", "failpoints", "inputs", "outputs", "targets", "cuts",
                                    "slowest_healthy_s", "slowest_ready_s", "requests_broken"))
        print(f"{'ok  ' if good else 'FAIL'} {function.title}: {what} ({row['seconds']} s)", flush=True)
        if self.args.results:
            results.append(self.args.results, row)
        return row

    def close(self):
        self.setting.stop()
        if self.failed and self.args.keep:
            print(f"everything is left in {self.directory}")
        else:
            shutil.rmtree(self.directory, ignore_errors=True)


def done(path):
    """(kills at random instants, {scenario: batches}) that went well so far."""
    rows = [row for row in results.load(path) if row["ok"]]
    return (sum(row["kills"] for row in rows if row["scenario"] == "random_kills"),
            Counter(row["scenario"] for row in rows))


def next_piece(args):
    """What is furthest from its goal, kills and the rest taking turns; None at the end."""
    kills_done, batches = done(args.results)
    tries = Counter(row["scenario"] for row in results.load(args.results))
    missing = [f for f in SCENARIOS if f.__name__ != "random_kills" and batches[f.__name__] < ROUNDS]
    kill = next(f for f in SCENARIOS if f.__name__ == "random_kills")
    share = sum(min(batches[f.__name__], ROUNDS) for f in SCENARIOS if f is not kill) / (ROUNDS * (len(SCENARIOS) - 1))
    if kills_done < args.kills and (not missing or kills_done / args.kills <= share):
        return kill.__name__, min(kill.per_piece, args.kills - kills_done)
    if not missing:
        return None
    least = min(missing, key=lambda f: tries[f.__name__])  # one that fails does not keep the others waiting
    return least.__name__, least.per_piece


def long(args, end):
    """Each piece has servers of its own every so often; a failure is recorded and the rest goes on."""
    failed = passed = 0
    while time.monotonic() < end and (piece := next_piece(args)):
        # another seed for each sitting, so that a failure does not repeat for ever
        campaign = Campaign(argparse.Namespace(**dict(vars(args), seed=args.seed + len(results.load(args.results)))))
        try:
            for _ in range(6):
                if piece is None or time.monotonic() >= end or campaign.failed:
                    break
                campaign.run(*piece)
                piece = next_piece(args)
        finally:
            campaign.close()
            passed, failed = passed + campaign.passed, failed + campaign.failed
            results.write_table(HERE / "RESULTS.md", args.results)
        if failed >= 5:
            break
    return passed, failed


def everything(args):
    """The pieces on a real Kafka, and beside them those that need none."""
    end = time.monotonic() + args.minutes * 60
    with ThreadPoolExecutor(1) as pool:
        beside = pool.submit(virtual.go_on, args.results, end)
        counts = long(args, end)
        counts = tuple(map(sum, zip(counts, beside.result())))
    results.write_table(HERE / "RESULTS.md", args.results)
    reached = next_piece(args) is None and virtual.next_piece(args.results) is None
    print("the goal is reached" if reached else "not at the goal yet: run it again to go on")
    return counts


def once(args, pieces):
    campaign = Campaign(args)
    try:
        with ThreadPoolExecutor(args.jobs) as pool:  # most of the time they wait
            rows = list(pool.map(lambda piece: campaign.run(*piece), pieces))
    finally:
        campaign.close()
    print(f"     {sum(row.get('kills', 0) for row in rows)} kills of riverd with SIGKILL")
    return campaign.passed, campaign.failed


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=("short", "long", "only", "table", "list"))
    parser.add_argument("pieces", nargs="*")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=50)
    parser.add_argument("--kills", type=int, default=2000)
    parser.add_argument("--results")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_intermixed_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    if args.what in ("long", "table") and not args.results:
        args.results = str(HERE / "results.jsonl")
    if args.what == "list":
        print("\n".join(f"{f.__name__:28} {f.title} (size in one piece: {f.per_piece})" for f in SCENARIOS))
        return 0
    if args.what == "table":
        results.write_table(HERE / "RESULTS.md", args.results)
        return 0
    pieces = SHORT if args.what == "short" else [(name, int(size)) for name, size in
                                                 (piece.split("=") for piece in args.pieces)]
    passed, failed = everything(args) if args.what == "long" else once(args, pieces)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
