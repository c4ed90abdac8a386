"""What happens to riverd every minute of a soak. Each ends with everything back in order,
except riverd itself, which has to find its way back alone."""

import signal
import subprocess
import time
from pathlib import Path

from brokers import CONNECTION_FAULTS, delete_group
from clients import WAYS
from stops import fill
from world import Trouble

FAULTS = []


def fault(title, cards=1):
    """Registers function(soak). `cards`: how many of the deck."""
    def add(function):
        function.title = title
        FAULTS.extend([function] * cards)
        return function
    return add


@fault("riverd killed", cards=2)
def killed(soak):
    soak.daemon.kill()
    time.sleep(soak.chance.uniform(0, 2))
    soak.daemon.start()


@fault("riverd stopped and started")
def stopped(soak):
    code = soak.daemon.stop()
    if code != 0:
        raise Trouble(f"SIGTERM ended riverd with {code}:\n{soak.daemon.log()[-3000:]}")
    soak.daemon.start()


@fault("riverd frozen", cards=2)
def frozen(soak):
    """Half of the time longer than a transaction may take."""
    soak.daemon.freeze()
    time.sleep(soak.chance.uniform(1, 12))
    soak.daemon.thaw()


@fault("the broker killed")
def broker_killed(soak):
    soak.setting.kafka.stop("KILL")
    time.sleep(soak.chance.uniform(0, 6))
    soak.setting.kafka.start()


@fault("the broker frozen")
def broker_frozen(soak):
    broker = str(soak.setting.kafka.pid())
    subprocess.run(["kill", f"-{int(signal.SIGSTOP)}", broker], check=True)
    time.sleep(soak.chance.uniform(1, 12))
    subprocess.run(["kill", f"-{int(signal.SIGCONT)}", broker], check=True)


@fault("the broker and riverd killed")
def both_killed(soak):
    soak.setting.kafka.stop("KILL")
    time.sleep(soak.chance.uniform(0, 1))
    soak.daemon.kill()
    soak.daemon.start()
    time.sleep(soak.chance.uniform(0, 3))
    soak.setting.kafka.start()


@fault("the connection broken", cards=3)
def connection_broken(soak):
    soak.setting.proxy.set(*soak.chance.choice(CONNECTION_FAULTS))
    time.sleep(soak.chance.uniform(3, 10))
    soak.setting.proxy.set("pass")


@fault("the model failing", cards=2)
def model_fails(soak):
    soak.model.way = soak.chance.choice(WAYS)
    time.sleep(soak.chance.uniform(3, 15))
    soak.model.way = None


@fault("the registry failing while riverd starts")
def registry_fails(soak):
    soak.registry.way = soak.chance.choice(WAYS)
    soak.daemon.kill()
    soak.daemon.start()
    time.sleep(soak.chance.uniform(1, 6))
    soak.registry.way = None


@fault("the group's offsets deleted")
def offsets_deleted(soak):
    soak.daemon.kill()
    delete_group(soak.setting.brokers, soak.batch.name)
    soak.daemon.start()


@fault("the disk full")
def disk_full(soak):
    ballast = Path(soak.place) / "ballast"
    fill(ballast)
    time.sleep(soak.chance.uniform(1, 6))
    ballast.unlink()


class Deck:
    """Every fault comes once for each of its cards before any comes again."""

    def __init__(self, chance, without=()):
        self.chance, self.cards, self.all = chance, [], [f for f in FAULTS if f not in without]

    def draw(self):
        if not self.cards:
            self.cards = list(self.all)
            self.chance.shuffle(self.cards)
        return self.cards.pop()
