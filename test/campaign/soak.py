"""riverd on a real Kafka under a steady stream, for as long as one likes, while something
breaks every minute. At the end the outputs against the oracle, as in the campaign, and
whether memory, descriptors, threads, WAL and database are bounded.

    soak.py run [--minutes M]    one sitting of M minutes (20) with servers of its own, added to
                                 test/campaign/soak.jsonl; again for more, each with another seed
    soak.py table                only writes test/campaign/SOAK.md

Options: --every S (60), --rate N records a second (150), --seed N, --results FILE, --keep.
Last line: N passed, N failed.
"""

import argparse
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

import results
import soak_table
from clients import FaultyHttp
from soak_faults import Deck, disk_full
from soak_watch import Watch, excesses
from world import Setting, Trouble

HERE = Path(__file__).resolve().parent
# Half of the freezes are longer than a transaction may take.
KAFKA = {"kafka__producer__transaction__timeout__ms": 5000, "kafka__socket__timeout__ms": 4000,
         "kafka__producer__message__timeout__ms": 4500}


class Place:
    """A file system of its own for the database, so that it can be full. Without the right to
    mount one there is none, and the disk is never full."""

    def __init__(self, directory, mib=160):
        self.path, self.mounted = Path(directory) / "small", False
        self.path.mkdir(parents=True)
        image = Path(directory) / "small.ext4"
        with open(image, "wb") as file:
            file.truncate(mib << 20)
        for command in (["mkfs.ext4", "-q", "-m", "0", image], ["mount", "-o", "loop", image, self.path]):
            if shutil.which(command[0]) is None or subprocess.run(command, capture_output=True, check=False).returncode:
                return
        self.mounted = True

    def close(self):
        if self.mounted:
            subprocess.run(["umount", self.path], check=False)


class Soak:
    def __init__(self, setting, place, args):
        self.setting, self.place, self.args = setting, place.path, args
        self.chance = random.Random(f"soak {args.seed}")
        self.registry = FaultyHttp(setting.registry.url)
        self.batch = setting.batch("soak", rate=args.rate, brokers=setting.proxy.address(), registry=self.registry.url,
                                   schema__registry__request__timeout="2s", state__min_free_percent=0, **KAFKA)
        self.model = FaultyHttp(self.batch.model.url)
        self.daemon = self.batch.daemon(summary__url=self.model.url, state__path=self.place / "state.db")
        self.deck = Deck(self.chance, () if place.mounted else (disk_full,))
        self.faults = []

    def strike(self):
        happening = self.deck.draw()
        print(f"     {time.strftime('%H:%M:%S')} {happening.title}", end="", flush=True)
        happening(self)
        took = self.daemon.wait_working()
        print(f": healthy after {took:.1f} s", flush=True)
        self.faults.append((happening.title, round(took, 2)))
        if self.batch.feeder.poll() is not None:
            raise Trouble(f"the feed ended with {self.batch.feeder.returncode}")

    def run(self):
        """What was measured; Trouble when anything but the bounds is not as it should be."""
        seconds = self.args.minutes * 60
        self.batch.feed(seconds + 300, hours=47)
        self.daemon.start()
        self.daemon.wait_ready()
        watch, began = Watch(self.daemon, self.place / "state.db"), time.monotonic()
        try:
            turn = 0
            while (due := (turn + self.chance.uniform(0.2, 0.6)) * self.args.every) < seconds:
                time.sleep(max(began + due - time.monotonic(), 0))
                self.strike()
                turn += 1
            time.sleep(max(began + seconds - time.monotonic(), 0))
        finally:
            watch.stop()
        measured = {"minutes": watch.minutes, "samples": watch.samples, "longest_life_min": watch.longest_life(),
                    "lives": self.daemon.starts}
        counts = self.batch.finish(self.daemon, faults=len(self.faults), struck=self.faults, **measured)
        too_much = excesses(watch.minutes)
        return dict(counts, ok=not too_much, error="; ".join(too_much))

    def close(self, keep):
        self.batch.close(keep)
        self.model.stop()
        self.registry.stop()


def sitting(args):
    directory = Path(tempfile.mkdtemp(prefix="riverd-soak-"))
    row = {"seed": args.seed, "asked_minutes": args.minutes, "rate": args.rate, "at": int(time.time()),
           "machine": results.machine()}
    start, soak, setting, place = time.monotonic(), None, None, Place(directory)
    try:
        setting = Setting(directory, args.seed)
        soak = Soak(setting, place, args)
        row.update(soak.run())
        if row["error"]:
            print(row["error"])
    except Exception as error:  # pylint: disable=broad-except
        row.update(ok=False, error=str(error)[:4000], struck=soak.faults if soak else [])
        traceback.print_exc()
    finally:
        keep = args.keep and not row.get("ok")
        if soak:
            soak.close(keep)
        if setting:
            setting.stop()
        place.close()
        if keep:
            print(f"everything is left in {directory}, the state in small.ext4")
        else:
            shutil.rmtree(directory, ignore_errors=True)
    row["seconds"] = round(time.monotonic() - start, 1)
    return row


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("what", choices=("run", "table"))
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--every", type=float, default=60)
    parser.add_argument("--rate", type=int, default=150)
    parser.add_argument("--seed", type=int)
    parser.add_argument("--results", default=str(HERE / "soak.jsonl"))
    parser.add_argument("--keep", action="store_true")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the servers are stopped
    ok = True
    if args.what == "run":
        args.seed = len(results.load(args.results)) + 1 if args.seed is None else args.seed
        row = sitting(args)
        results.append(args.results, row)
        ok = row["ok"]
        print(f"{'ok  ' if ok else 'FAIL'} {len(row['struck'])} faults in {args.minutes:g} minutes, "
              f"{row.get('inputs', 0)} records read, {row.get('outputs', 0)} written")
    soak_table.write(Path(args.results).with_name("SOAK.md"), results.load(args.results))
    if args.what == "run":
        print(f"{int(ok)} passed, {int(not ok)} failed")
    return not ok


if __name__ == "__main__":
    sys.exit(main())
