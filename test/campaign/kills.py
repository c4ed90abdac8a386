"""riverd is killed with SIGKILL: at random instants, and at every named failpoint."""

import random
import time


def random_kills(setting, cycles):
    """Some die while they start, most while they work. One verdict for all cycles."""
    chance = random.Random(setting.seed * 1000 + setting.batches)
    batch = setting.batch("kills", rate=250)
    keep = True
    try:
        daemon = batch.daemon()
        batch.feed()
        young, slowest = 0, 0.0
        for cycle in range(cycles):
            started = time.monotonic()
            daemon.start()
            if chance.random() < 0.3:
                time.sleep(chance.uniform(0, 0.5))
            else:
                slowest = max(slowest, daemon.wait_ready(since=started))
                time.sleep(chance.expovariate(1 / 0.25))
            young += not daemon.is_ready()
            daemon.kill()
        result = batch.finish(daemon)
        keep = False
        return dict(result, faults=cycles, before_ready=young, slowest_ready_s=round(slowest, 2))
    finally:
        batch.close(keep)
