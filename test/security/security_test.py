"""What must be refused, and what must not leave in the clear, on a real Kafka with TLS and passwords.

    security_test.py [--keep DIR] [NAME ...]     only tests with NAME in their name

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
from pathlib import Path

import hostile_http
import kafka_doors
import servers_over_https
from place import Case, Place, PASSWORD

TESTS = [*kafka_doors.TESTS, *servers_over_https.TESTS, *hostile_http.TESTS]


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
        print(f"FAIL {function.__name__}", flush=True)
        traceback.print_exc(file=sys.stdout)
        for log in case.directory.rglob("riverd*.log"):
            print(f"--- {log}\n{log.read_text(errors='replace')[-1500:]}")
        return False
    finally:
        case.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", type=Path, help="put everything here and leave it")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    chosen = [t for t in TESTS if not args.names or any(n in t.__name__ for n in args.names)]
    directory = args.keep or Path(tempfile.mkdtemp(prefix="riverd-security-"))
    directory.mkdir(exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = str(directory)
    place = Place(directory)
    try:
        passed = sum(run(place, t) for t in chosen)
    finally:
        place.stop()
        if not args.keep:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{passed} passed, {len(chosen) - passed} failed")
    return passed != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
