"""The table of RESULTS.md from what parity.py --results wrote: report.py FILE"""

import json
import sys

HEAD = ("| seed | input records | system | targets | rows per target | calls of the model | calls per target | bookings "
        "| catalog | seconds | disagreements |\n|---|---|---|---|---|---|---|---|---|---|---|")


def line(run, system, side, rows, failed):
    targets = side["targets"]
    return (f"| {run['seed']} | {run['records']:,} | {system} | {targets:,} | {rows / targets:.2f} | {side['calls']:,} "
            f"| {side['calls'] / targets:.2f} | {side['bookings']:,} | {side['catalog']:,} | {side['seconds']} | {failed} |")


def main():
    print(HEAD)
    with open(sys.argv[1]) as file:
        for run in map(json.loads, file):
            print(line(run, "riverd", run["riverd"], run["riverd"]["targets"], ""))
            for side in run["flink"]:
                print(line(run, f"Flink, {side['mode']}", side, side["targets"], side.get("failed", run["failed"])))
                if side["versions"]:
                    print(f"| | | its settling topic | | {side['versions'] / side['targets']:.2f} | | | | | | |")


if __name__ == "__main__":
    main()
