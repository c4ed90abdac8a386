"""How the live daemon behaves, on a real Kafka and a real schema registry.

    behaviour_test.py [-j N] [--keep DIR] [NAME ...]     only tests with NAME in their name

Each test has topics, a consumer group and a state of its own; several run at a time. Needs
Python's standard library, kcat and a built riverd. Last line: N passed, N failed.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

from behaviour_case import Case, TESTS, World
import behaviour_life  # noqa: F401
import behaviour_outside  # noqa: F401


# ---- running them ----

def run(world, function):
    start = time.monotonic()
    case = Case(world, function.__name__[:60])
    trouble = None
    try:
        function(case)
    except Exception:  # pylint: disable=broad-except
        trouble = traceback.format_exc().strip()
    case.close()
    took = time.monotonic() - start
    print(f"{'ok  ' if trouble is None else 'FAIL'} {function.__name__.replace('_', ' ')} ({took:.1f} s)", flush=True)
    if trouble is not None:
        print("     " + trouble.replace("\n", "\n     "), flush=True)
    return trouble is None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=8, help="tests at a time")
    parser.add_argument("--keep", help="keep logs and states in this directory")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    chosen = [f for f in TESTS if not args.names or any(n in f.__name__ for n in args.names)]
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-behaviour.")
    os.makedirs(directory, exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    world = World(directory)
    try:
        long_first = sorted(chosen, key=lambda f: f.__name__.startswith(("brokers", "a_booking_made", "without_auto", "targets", "sigterm")),
                            reverse=True)
        with ThreadPoolExecutor(args.j) as pool:
            good = list(pool.map(lambda f: run(world, f), long_first))
    finally:
        world.stop()
        if args.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
