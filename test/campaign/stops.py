"""riverd is frozen, started twice, put back to an older database, and runs out of disk."""

import shutil
import subprocess
import time
from pathlib import Path

from world import Trouble, scenario

REFUSED = 3
SHORT = {"kafka__producer__transaction__timeout__ms": 3000, "kafka__producer__message__timeout__ms": 2900,
         "kafka__socket__timeout__ms": 2500}


def expect_refusal(daemon, *words):
    code, log = daemon.wait_end(30), daemon.log()
    if code != REFUSED or not all(word in log for word in words):
        raise Trouble(f"expected exit {REFUSED} and a message with {words}, got exit {code}:\n{log[-2500:]}")


def copy_state(daemon, to, thaw=True):
    """The database as one file system snapshot would have it: riverd stands still meanwhile."""
    daemon.freeze()
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(daemon.directory, to, ignore=shutil.ignore_patterns("*.log", "*.lock", "*.conf"))
    if thaw:
        daemon.thaw()


@scenario("riverd frozen longer than its transaction may take", per_piece=8)
def frozen(setting, times):
    """In the middle of a transaction half of the time, at any instant the other half."""
    with setting.batch("frozen", **SHORT) as batch:
        daemon, slowest = batch.daemon(), 0.0
        batch.feed()
        for turn in range(times):
            at = ("publish.after_rows", "publish.after_flush", "publish.before_commit")[turn % 3]
            inside = turn % 2 == 0
            daemon.start({"RIVERD_FAULT": f"{at}:sleep=1500@{batch.chance.randint(4, 12)}"} if inside else None)
            daemon.wait_ready()
            time.sleep(batch.chance.uniform(0.5, 2.5))
            daemon.freeze()
            time.sleep(7)  # the broker looks every second for transactions older than 3 s
            daemon.thaw()
            slowest = max(slowest, daemon.wait_working())
            daemon.kill()
        return batch.finish(daemon, faults=times, slowest_healthy_s=round(slowest, 2))


@scenario("riverd started twice on one state directory", per_piece=3)
def twice_on_one_state(setting, times):
    with setting.batch("twice") as batch:
        first = batch.daemon()
        second = batch.daemon("second", state__path=first.directory / "state.db")
        batch.feed()
        first.start()
        first.wait_ready()
        for _ in range(times):
            second.start()
            expect_refusal(second, "state.db")
            first.wait_working()
        return batch.finish(first, faults=times)


@scenario("a zombie pair: riverd and a copy of its state", per_piece=3)
def zombie_pair(setting, times):
    """The original sleeps in the middle of a transaction while a copy of its database, taken
    there and then, takes over. When it wakes it must see that it is not alone, and leave."""
    with setting.batch("zombie", **SHORT) as batch:
        original = batch.daemon()
        batch.feed()
        for turn in range(times):
            at = ("publish.before_commit", "publish.after_flush", "publish.after_rows")[turn % 3]
            original.start({"RIVERD_FAULT": f"{at}:sleep=2000@{6 + turn}"})
            original.wait_ready()
            original.wait_log(f"failpoint {at}: sleep", 20)
            copy = batch.daemon(f"copy{turn}")
            copy_state(original, copy.directory, thaw=False)
            copy.write()
            copy.start()
            copy.wait_ready()
            copy.wait_working()
            original.thaw()
            expect_refusal(original, "Kafka holds")  # further than, or something else than, its own
            copy.wait_working()
            copy.kill()
            original = copy
        return batch.finish(original, faults=times)


@scenario("an older copy of the database is put back", per_piece=3)
def restored_backup(setting, times):
    with setting.batch("backup") as batch:
        daemon = batch.daemon()
        older = batch.daemon("older")
        batch.feed()
        for _ in range(times):
            daemon.start()
            daemon.wait_ready()
            daemon.wait_working()
            copy_state(daemon, older.directory)
            daemon.wait_working(more=5)
            daemon.kill()
            older.write()
            older.start()
            expect_refusal(older, "older copy")
            older.start()
            expect_refusal(older, "older copy")  # a restart does not mend it
        return batch.finish(daemon, faults=times)


@scenario("the disk is full", per_piece=3)
def full_disk(setting, times):
    """A small tmpfs of its own is filled to the last byte, then emptied again."""
    with setting.batch("disk", state__min_free_percent=0) as batch:
        place = batch.directory / "small"
        place.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "riverd-campaign", place], check=True)
        try:
            daemon = batch.daemon("state", state__path=place / "state.db")
            batch.feed()
            for turn in range(times):
                if daemon.process is None or daemon.process.poll() is not None:
                    daemon.start()
                daemon.wait_ready()
                fill(place / "ballast")
                daemon.wait_log("full|No space|not committed", 40)
                if turn % 2:
                    daemon.kill()
                (place / "ballast").unlink()
                if turn % 2:
                    daemon.start()
                daemon.wait_ready()
                daemon.wait_working()
            return batch.finish(daemon, faults=times)
        finally:
            for daemon in batch.daemons:
                daemon.kill()
            subprocess.run(["umount", place], check=False)


def fill(path):
    size = 1 << 20
    with open(path, "wb", buffering=0) as file:
        while size:
            try:
                file.write(b"\0" * size)
            except OSError:
                size //= 2
    assert Path(path).exists()
