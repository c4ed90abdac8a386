"""The tables of RESULTS.md from what parity.py --results wrote.

    report.py FILE            prints them
    report.py FILE RESULTS    puts them into RESULTS, between its two marks
"""

import json
import re
import sys
from pathlib import Path

HEAD = ("| seed | schemas | input records | system | targets | rows per target | calls of the model | calls per target "
        "| bookings | catalog | seconds | disagreements |\n|---|---|---|---|---|---|---|---|---|---|---|---|")
MARKS = "<!-- what report.py writes begins here -->", "<!-- and ends here -->"


def line(run, system, side, failed):
    targets = side["targets"]
    return (f"| {run['seed']} | {run['generation']} | {run['records']:,} | {system} | {targets:,} "
            f"| {targets / side['distinct']:.2f} | {side['calls']:,} | {side['calls'] / targets:.2f} "
            f"| {side['bookings']:,} | {side['catalog']:,} | {side['seconds']} | {failed} |")


def tables(runs):
    yield HEAD
    for run in runs:
        yield line(run, "riverd", run["riverd"], "")
        for side in run["flink"]:
            yield line(run, f"Flink, {side['mode']}", side, side["failed"])
            if side["versions"]:
                yield f"| | | | its settling topic | | {side['versions'] / side['targets']:.2f} | | | | | | |"
    sides = [(run, side) for run in runs for side in run["flink"]]
    compared = sum(run["riverd"][name] for run, _ in sides for name in ("targets", "bookings", "catalog"))
    riverd, flink = ({name: sum(side[name] for side in group) for name in ("targets", "calls")}
                     for group in ([run["riverd"] for run in runs], [side for _, side in sides]))
    yield ""
    yield (f"Together: {len(runs)} inputs of {sum(run['records'] for run in runs):,} records, {len(sides)} comparisons with "
           f"Flink of {compared:,} records of riverd, every field of each, "
           f"{sum(side['failed'] for _, side in sides)} disagreements. "
           f"riverd asked the model {riverd['calls'] / riverd['targets']:.2f} times a target, Flink "
           f"{flink['calls'] / flink['targets']:.2f} times.")


def main():
    with open(sys.argv[1]) as file:
        text = "\n".join(tables([json.loads(row) for row in file]))
    if len(sys.argv) == 2:
        print(text)
        return
    path = Path(sys.argv[2])
    before, after = path.read_text().split(MARKS[0])[0], re.split(re.escape(MARKS[1]), path.read_text())[1]
    path.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")


if __name__ == "__main__":
    main()
