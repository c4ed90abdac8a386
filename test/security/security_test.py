"""What must be refused, and what must not leave in the clear, on a real Kafka with TLS and passwords.

    security_test.py [-j N] [--keep DIR] [NAME ...]     only tests with NAME in their name

Each test has topics, a consumer group and a state of its own; N (3) run at a time.
The certificates come from an authority made for the run. Needs Python's standard library,
openssl, kcat and a built riverd. Last line: N passed, N failed.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import hostile_http
import injected_reviews
import kafka_doors
import servers_over_https
from place import Case, Place, PASSWORD

TESTS = [*kafka_doors.TESTS, *servers_over_https.TESTS, *hostile_http.TESTS, *injected_reviews.TESTS]


def no_secret_was_written(case):
    """Neither log nor configuration dump may hold the password, whatever a test did."""
    for log in case.directory.rglob("*.log"):
        assert PASSWORD not in log.read_text(errors="replace"), f"the password is in {log}"


def run(place, function):
    case = Case(place, function.__name__)
    start = time.monotonic()
    try:
        function(case)
        no_secret_was_written(case)
        print(f"ok   {function.__name__} ({time.monotonic() - start:.1f} s)", flush=True)
        return True
    except Exception:  # pylint: disable=broad-except
        logs = [f"--- {log}\n{log.read_text(errors='replace')[-1500:]}" for log in case.directory.rglob("riverd*.log")]
        print("\n".join([f"FAIL {function.__name__}", traceback.format_exc(), *logs]), flush=True)
        return False
    finally:
        case.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-j", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="put everything here and leave it")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    chosen = [t for t in TESTS if not args.names or any(n in t.__name__ for n in args.names)]
    directory = args.keep or Path(tempfile.mkdtemp(prefix="riverd-security-"))
    directory.mkdir(exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = str(directory)
    place = Place(directory)
    try:
        with ThreadPoolExecutor(args.j) as some:
            passed = sum(some.map(lambda t: run(place, t), chosen))
    finally:
        place.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return passed != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
