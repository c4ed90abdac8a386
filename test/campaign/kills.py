"""riverd is killed with SIGKILL: at random instants, and at every named failpoint; and the
steps that have a failpoint fail."""

import subprocess
import time

import harness
from world import Trouble, scenario

# What a new database does soon and later seldom.
EARLY = ("summary.",)
AT_STOP = ("stop.before_drain", "stop.after_drain", "database.before_close")
# outbox.: at a start; while it works, published rows go with the commit of the next epoch
ONCE = ("start.", "resolve.", "database.", "wal.", "stop.", "summary.", "outbox.",
        "publish.after_dirty", "publish.before_dirty", "epoch.before_close", "publish.after_commit")
DIES_OF_ERROR = {"checkpoint.fsync": 1}


def failpoints():
    out = subprocess.run([harness.RIVERD, "--list-failpoints"], capture_output=True, text=True, check=True).stdout
    names = out.split()
    early = [name for word in EARLY for name in names if name.startswith(word)]
    return early + [name for name in names if name not in early]


def armed(name, action, visit):
    """The value of RIVERD_FAULT that gets there."""
    spec = f"{name}:{action}@{visit}"
    if name in ("publish.after_dirty", "publish.before_dirty"):
        spec += ",publish.after_commit:error@1"  # an outcome that is not known
    return {"RIVERD_FAULT": spec}


@scenario("riverd killed at random instants", per_piece=200)
def random_kills(setting, cycles):
    """Some die while they start, most while they work. One verdict for all cycles."""
    with setting.batch("kills", rate=250) as batch:
        daemon = batch.daemon()
        batch.feed()
        young, slowest = 0, 0.0
        for _ in range(cycles):
            started = time.monotonic()
            daemon.start()
            if batch.chance.random() < 0.3:
                time.sleep(batch.chance.uniform(0, 0.5))
            else:
                slowest = max(slowest, daemon.wait_ready(since=started))
                time.sleep(batch.chance.expovariate(1 / 0.25))
            young += not daemon.is_ready()
            daemon.kill()
        return batch.finish(daemon, faults=cycles, kills=cycles, before_ready=young, slowest_ready_s=round(slowest, 2))


def crash_at(batch, daemon, name, visit):
    if name.startswith("wal."):
        batch.erase()  # makes riverd move the WAL into the file
    daemon.start(armed(name, "crash", visit))
    if name in AT_STOP:
        daemon.wait_ready()
        daemon.process.terminate()
    code = daemon.wait_end(30)
    if code != -9 or f"failpoint {name}: crash" not in daemon.log():
        raise Trouble(f"failpoint {name} was not visited (exit {code}):\n{daemon.log()[-2000:]}")


@scenario("riverd killed at every named failpoint", per_piece=1)
def kills_at_failpoints(setting, rounds):
    names = failpoints()
    with setting.batch("points", rate=250, checkpoint__max_events=100) as batch:
        daemon = batch.daemon()
        batch.feed()
        for turn in range(rounds):
            for name in names:
                if turn > 0 and name.startswith(EARLY):
                    continue  # only a new database gets there for certain
                crash_at(batch, daemon, name, 1 if name.startswith(ONCE) else batch.chance.randint(1, 4))
        kills = daemon.starts
        return batch.finish(daemon, faults=kills, kills=kills, failpoints=len(names))


@scenario("every step with a failpoint fails once", per_piece=1)
def errors_at_failpoints(setting, rounds):
    """Not a crash: the step says that it failed. riverd must go on, or end where a restart helps."""
    names = failpoints()
    with setting.batch("errors", rate=250, checkpoint__max_events=100) as batch:
        daemon = batch.daemon()
        batch.feed()
        for name in names * rounds:
            daemon.start(armed(name, "error", 1))
            if name in DIES_OF_ERROR:
                code = daemon.wait_end()
                if code != DIES_OF_ERROR[name]:
                    raise Trouble(f"{name}: exit {code}:\n{daemon.log()[-2000:]}")
                continue
            daemon.wait_ready()
            time.sleep(1.5)
            daemon.wait_ready()
            daemon.kill()
        return batch.finish(daemon, faults=daemon.starts)
