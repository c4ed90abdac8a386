"""`riverd dead-letters` and `riverd top` against a real Kafka and a real schema registry.

    dead_letters_test.py [NAME ...]      only tests with NAME in their name

Last line: N passed, N failed.
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time

import behaviour_test as behaviour
import live
from live import RIVERD, wait_for

TESTS = []


def test(function):
    TESTS.append(function)
    return function


def command(daemon, *words, timeout=60):
    done = subprocess.run([RIVERD, "dead-letters", *words, "-c", daemon.conf], capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL, check=False)
    return done.returncode, done.stdout, done.stderr


def put(case, value, partition=0, key="k", header="trace=t 1"):
    """A record with key and header; its timestamp as Kafka has it."""
    path = case.directory / "value"
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    subprocess.run(["kcat", "-P", "-b", case.brokers, "-t", case.topic("clicks"), "-p", str(partition), "-k", key, "-H", header,
                    str(path)], check=True, capture_output=True)


def large_click(case, who):
    return {**case.click_of(who), "PAD": "x" * 3000}


def letters(case):
    """Dead letters without marks."""
    return [r for r in case.dead() if "riverd.replayed" not in r["headers"]]


@test
def after_a_fix_a_replay_brings_the_target(case):
    case.create(partitions=3)
    daemon = case.riverd(input__max_message="1KiB").start().ready()
    case.dimensions()
    put(case, large_click(case, "anna"), partition=2, key="anna-key")
    wait_for("a dead letter", lambda: case.dead())
    code, out, err = command(daemon, "list")
    assert code == 0, err
    assert re.search(re.escape(case.topic("clicks")) + r"\s+too_large\s+1\s+0\s", out), out
    place = re.search(r"\s(\d+/\d+)\s", out).group(1)
    code, out, err = command(daemon, "show", place)
    assert code == 0 and "anna-key" in out and "anna@example.org" in out and "trace = t 1" in out and "riverd-seq" not in out, out + err
    daemon.stop()
    daemon.write(input__max_message="1MiB")
    daemon.start().ready()
    code, out, err = command(daemon, "replay", place, "--yes")
    assert code == 0 and "1 written back" in out, out + err
    wait_for("the target", lambda: case.customers() == ["anna"], 40, 0.5)
    first, second = live.consume(case.brokers, case.topic("clicks"))
    for field in ("partition", "key", "value", "time_ms"):
        assert first[field] == second[field], field
    dead = letters(case)[0]
    assert second["headers"] == {"trace": "t 1", "riverd.replayed.from": f"{case.topic('one.dead')}/{place}"}, second["headers"]
    assert dead["headers"]["riverd.error.code"] == "too_large"
    code, out, err = command(daemon, "replay", "--yes")
    assert code == 0 and "0 dead letters" in out, out + err
    assert len(live.consume(case.brokers, case.topic("clicks"))) == 2
    code, out, err = command(daemon)
    assert re.search(r"too_large\s+1\s+1\s", out), out


@test
def nothing_is_written_unasked(case):
    case.create()
    daemon = case.riverd().start().ready()
    put(case, "{broken")
    put(case, {"CUSTOMER_EMAIL": "x@y", "HOTEL_ID": "H1"})
    wait_for("dead letters", lambda: len(letters(case)) == 2)
    code, out, err = command(daemon, "replay")
    assert code == 1 and "--yes" in err, err
    code, out, err = command(daemon, "replay", "--dry-run", "--reason", "bytes")
    assert code == 0 and "1 dead letter in" in out, out
    assert len(live.consume(case.brokers, case.topic("clicks"))) == 2
    code, out, err = command(daemon, "show", "0/99")
    assert code == 1 and "no such" in err
    assert command(daemon, "show")[0] == 64 and command(daemon, "burn")[0] == 64
    assert "@" not in command(daemon, "list")[1]


@test
def what_is_still_wrong_dies_again_as_another_letter(case):
    case.create()
    daemon = case.riverd().start().ready()
    put(case, "{broken")
    wait_for("a dead letter", lambda: len(letters(case)) == 1)
    assert command(daemon, "replay", "--yes")[0] == 0
    wait_for("the second", lambda: len(letters(case)) == 2)
    time.sleep(1)
    code, out, _ = command(daemon, "list")
    assert re.search(r"bytes\s+2\s+1\s", out), out
    assert all(letter["value"] == b"{broken" for letter in letters(case))


@test
def killed_and_rivalling_replays_write_everything_once(case):
    case.create(partitions=2)
    daemon = case.riverd().start().ready()
    count = 1500  # three transactions
    live.produce_lines(case.brokers, case.topic("clicks"), [{"n": i} for i in range(count)], partition=1)
    wait_for("dead letters", lambda: daemon.metric("riverd_input_records_dead_total") == count, 60)
    wait_for("all of them in Kafka", lambda: len(letters(case)) == count, 60, 0.5)
    daemon.stop()
    chance = random.Random(5)
    kills = 0
    for _ in range(12):
        rivals = [subprocess.Popen([RIVERD, "dead-letters", "replay", "--yes", "-c", daemon.conf], stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL) for _ in range(2)]
        try:
            rivals[0].wait(chance.uniform(0.1, 1.5))
        except subprocess.TimeoutExpired:
            rivals[0].kill()
            kills += 1
        rivals[1].wait(90)
        rivals[0].wait(90)
    wait_for("a replay that finds nothing", lambda: "0 dead letters" in command(daemon, "replay", "--yes")[1], 60, 0.5)
    written = [json.loads(r["value"])["n"] for r in live.consume(case.brokers, case.topic("clicks")) if "riverd.replayed.from" in r["headers"]]
    assert kills > 0 and sorted(written) == list(range(count)), (kills, len(written), len(set(written)))


@test
def top_shows_what_the_page_shows(case):
    case.create(partitions=2)
    daemon = case.riverd().start().ready()
    case.dimensions()
    case.click("berta")
    put(case, "{broken")
    case.expect("berta", timeout=40)
    wait_for("status says so", lambda: json.loads(daemon.get("/status")[1])["flow"][-1]["count"] == 1)
    done = subprocess.run([RIVERD, "top", "--once", "--url", daemon.url], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 0, done.stderr
    for words in (case.topic("clicks")[:33], " / 1 ", "ready", "clickstream bytes 1", "b***@example.org", "Hotel 1", "> Delivered"):
        assert words in done.stdout, words + "\n" + done.stdout
    assert "berta@" not in done.stdout and "\033" not in done.stdout
    daemon.write(http__show_addresses="true")
    daemon.signal(1)
    wait_for("the whole address", lambda: "berta@example.org" in daemon.get("/status")[1])


def main():
    chosen = [f for f in TESTS if len(sys.argv) < 2 or any(n in f.__name__ for n in sys.argv[1:])]
    directory = tempfile.mkdtemp(prefix="riverd-dead-letters.")
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    world = behaviour.World(directory)
    try:
        good = [behaviour.run(world, f) for f in chosen]
    finally:
        world.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
