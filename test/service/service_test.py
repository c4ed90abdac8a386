"""systemd/riverd.service in a booted systemd, on a real Kafka and a real registry.

    private python3 service_test.py [--keep DIR] [NAME ...]     only tests with NAME in their name

Needs root, systemd-nspawn, mmdebstrap, kcat, Python's standard library and a built riverd.
The tests share one guest, one after the other. Last line: N passed, N failed.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "test" / "integration"))
import live  # noqa: E402
from behaviour_case import Case, World  # noqa: E402
from guest import Guest, wait_for  # noqa: E402

TESTS = []
UNIT = "riverd.service"
CONFIG = "/etc/riverd/riverd.conf"
DROP_IN = "/etc/systemd/system/riverd.service.d"


def test(function):
    TESTS.append(function)
    return function


class Service(Case):
    """One test's topics, and the service of the guest with a state of its own."""

    def __init__(self, world, guest, name):
        super().__init__(world, name)
        self.guest = guest
        self.values = {k: v for k, v in self.settings().items() if k not in ("state.path", "http.listen")}
        self.values["http.listen"] = "127.0.0.1:8080"

    def configure(self, **changes):
        """Settings by keyword, '.' as '__'; None takes one out."""
        self.values.update({key.replace("__", "."): value for key, value in changes.items()})
        lines = [f"{key} = {value}\n" for key, value in self.values.items() if value is not None]
        self.guest.write(CONFIG, "".join(lines))

    def drop_in(self, text, name="test"):
        self.guest.write(f"{DROP_IN}/{name}.conf", "[Service]\n" + text)
        self.guest.run("systemctl", "daemon-reload")

    def show(self, *names):
        return self.guest.show(UNIT, *names)

    def state(self):
        """(ActiveState, MainPID in the guest)"""
        now = self.show("ActiveState", "MainPID")
        return now["ActiveState"], int(now["MainPID"])

    def start(self):
        self.guest.run("systemctl", "start", UNIT)
        return self.running()

    def running(self, but=0, timeout=30):
        """Waits until it is active under a process that is not `but`; that process."""
        def look():
            state, pid = self.state()
            return pid if state == "active" and pid not in (0, but) else None

        return wait_for("the service is active", look, timeout)

    def ready(self):
        wait_for("/readyz says 200", lambda: live.http("http://127.0.0.1:8080/readyz")[0] == 200, 60, 0.2)
        return self

    def signal(self, number, pid):
        self.guest.run("kill", f"-{int(number)}", str(pid))

    def says(self, text, times=1, timeout=20):
        wait_for(f"the journal says {text!r}", lambda: self.guest.journal(UNIT).count(text) >= times, timeout, 0.2)

    def clicks(self, *who):
        live.produce_lines(self.brokers, self.topic("clicks"), [self.click_of(w) for w in who])

    def clean(self):
        self.guest.try_run("systemctl", "stop", UNIT)
        self.guest.try_run("systemctl", "disable", UNIT)
        self.guest.try_run("systemctl", "reset-failed", UNIT)
        self.guest.run("sh", "-c", f"rm -rf {DROP_IN} /var/lib/private/riverd /var/lib/riverd /etc/riverd/credentials")
        self.guest.run("systemctl", "daemon-reload")
        self.guest.run("journalctl", "--rotate", "--vacuum-time=1s")


# ---- it starts, or says why not ----

@test
def the_sample_configuration_is_refused_once_and_not_tried_again(t):
    t.guest.write(CONFIG, (ROOT / "etc" / "riverd.conf").read_text())
    assert t.guest.try_run("systemctl", "start", UNIT).returncode != 0
    time.sleep(6)  # RestartSec is 5 s
    seen = t.show("ActiveState", "NRestarts", "ExecMainStatus")
    assert (seen["ActiveState"], seen["NRestarts"], seen["ExecMainStatus"]) == ("failed", "0", "78"), seen
    assert "kafka.bootstrap.servers: must not be empty" in t.guest.journal(UNIT)


@test
def it_is_active_confined_and_its_own_user(t):
    t.create()
    t.configure()
    pid = t.start()
    t.ready()
    wait_for("STATUS=running", lambda: t.show("StatusText")["StatusText"] == "running", 10)
    status = dict(line.split(":\t", 1) for line in t.guest.run("cat", f"/proc/{pid}/status").splitlines() if ":\t" in line)
    assert status["Uid"].split()[0] != "0", status["Uid"]
    assert all(int(status[c], 16) == 0 for c in ("CapEff", "CapPrm", "CapBnd", "CapAmb")), status
    assert (status["NoNewPrivs"], status["Seccomp"], status["CoreDumping"]) == ("1", "2", "0"), status
    modes = t.guest.run("stat", "-L", "-c", "%a %u", "/var/lib/riverd", "/var/lib/riverd/state.db").split("\n")
    uid = status["Uid"].split()[0]
    assert modes[:2] == [f"700 {uid}", f"600 {uid}"], modes
    level = t.guest.run("systemd-analyze", "security", "--no-pager", UNIT).strip().splitlines()[-1]
    assert float(level.split("level for riverd.service:")[1].split()[0]) <= 1.5, level
    t.dimensions()
    t.click("confined")
    t.expect("confined")


class Model:
    """Answers every call and remembers the Authorization headers."""

    def __init__(self):
        self.seen = []
        model = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                model.seen.append(self.headers.get("Authorization"))
                data = (b'{"choices":[{"index":0,"finish_reason":"stop",'
                        b'"message":{"role":"assistant","content":"Guests liked the rooms."}}]}')
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@test
def a_secret_comes_as_a_credential_and_shows_nowhere(t):
    secret = "sk-7f3e-credential-canary"
    model = Model()
    t.closing.append(model.stop)
    t.create()
    t.configure(summary__provider="openai", summary__url=model.url, summary__model="m", summary__api_key="${credential:model.key}")
    t.guest.write("/etc/riverd/credentials/model.key", secret + "\n", 0o600)
    t.drop_in("LoadCredential=model.key:/etc/riverd/credentials/model.key\n")
    t.start()
    t.ready()
    t.dimensions()
    t.click("secret")
    t.expect("secret")
    assert model.seen and set(model.seen) == {f"Bearer {secret}"}, model.seen
    t.guest.run("systemctl", "reload", UNIT)  # the check before it needs the credential, too
    t.says("configuration reloaded")
    told = (t.guest.journal(UNIT) + t.guest.run("systemctl", "show", UNIT) + live.http("http://127.0.0.1:8080/status")[1] +
            t.guest.run("cat", f"/proc/{t.state()[1]}/environ"))
    assert secret not in told


# ---- it comes back ----

@test
def killed_at_any_time_it_comes_back_and_loses_nothing(t):
    t.create()
    t.configure()
    t.drop_in("RestartSec=200ms\nStartLimitBurst=100\n")
    pid = t.start()
    t.ready()
    t.dimensions()
    who = []
    for round_ in range(5):
        names = [f"r{round_}n{i}" for i in range(40)]
        who += names
        t.clicks(*names)
        time.sleep(0.15 * round_)
        t.signal(signal.SIGKILL, pid)
        pid = t.running(but=pid)
    assert t.show("NRestarts")["NRestarts"] == "5"
    t.ready()
    t.expect(*who, timeout=60)


@test
def a_frozen_process_is_caught_by_the_watchdog(t):
    t.create()
    t.configure()
    t.drop_in("WatchdogSec=2s\nRestartSec=200ms\n")
    pid = t.start()
    t.ready()
    t.dimensions()
    t.clicks("frozen")
    t.signal(signal.SIGSTOP, pid)
    start = time.monotonic()
    again = t.running(but=pid)
    took = time.monotonic() - start
    assert 1 < took < 8, f"{took:.1f} s"
    t.says("Watchdog timeout")
    assert again != pid and t.show("NRestarts")["NRestarts"] == "1"
    t.ready()
    t.expect("frozen")


@test
def a_loop_that_blocks_is_caught_by_the_watchdog(t):
    t.create()
    t.configure()
    t.drop_in("WatchdogSec=2s\nRestartSec=200ms\nEnvironment=RIVERD_FAULT=loop.tick:sleep=600000@30\n")
    pid = t.start()
    t.drop_in("WatchdogSec=2s\nRestartSec=200ms\n")  # for the next life
    t.says("Watchdog timeout", timeout=40)
    assert t.running(but=pid) != pid
    t.ready()
    t.dimensions()
    t.click("blocked")
    t.expect("blocked")


@test
def a_healthy_service_is_left_alone_by_a_short_watchdog(t):
    t.create()
    t.configure(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}")  # nobody there: waiting is not hanging
    t.drop_in("WatchdogSec=1s\n")
    pid = t.start()
    time.sleep(6)
    assert t.state() == ("active", pid)
    assert t.show("NRestarts")["NRestarts"] == "0"


@test
def a_state_that_must_not_be_used_is_refused_once(t):
    t.create()
    t.configure()
    t.start()
    t.ready()
    t.dimensions()
    t.click("first")
    t.expect("first")
    t.guest.run("systemctl", "stop", UNIT)
    t.configure(group__id="somebody-else")
    t.guest.try_run("systemctl", "start", UNIT)
    wait_for("failed", lambda: t.state()[0] == "failed", 30)
    time.sleep(6)
    seen = t.show("ActiveState", "NRestarts", "ExecMainStatus")
    assert (seen["ActiveState"], seen["NRestarts"], seen["ExecMainStatus"]) == ("failed", "0", "3"), seen


# ---- reload and stop ----

@test
def the_level_of_the_log_changes_by_signal_and_a_reload_takes_it_back(t):
    t.create()
    t.configure()
    t.start()
    t.ready()
    t.guest.run("systemctl", "kill", "-s", "USR1", UNIT)
    t.says("log.level is debug until the next reload")
    t.guest.run("systemctl", "kill", "-s", "USR2", UNIT)
    t.says("log.level is info until the next reload")
    t.guest.run("systemctl", "kill", "-s", "USR2", UNIT)
    t.guest.run("systemctl", "kill", "-s", "USR2", UNIT)
    t.says("log.level is warning until the next reload")
    t.guest.run("systemctl", "reload", UNIT)
    t.guest.run("systemctl", "kill", "-s", "USR1", UNIT)
    t.says("log.level is debug until the next reload", times=2)


@test
def reload_applies_what_it_can_and_names_what_needs_a_restart(t):
    t.create()
    t.configure()
    pid = t.start()
    t.ready()
    t.configure(log__level="debug", window="7s")
    t.guest.run("systemctl", "reload", UNIT)
    t.says("configuration reloaded")
    text = t.guest.journal(UNIT)
    assert "log.level" in text and "is in force now" in text, text
    assert "window" in text and "needs a restart" in text, text
    assert t.state() == ("active", pid)


@test
def a_wrong_configuration_fails_the_reload_and_changes_nothing(t):
    t.create()
    t.configure()
    pid = t.start()
    t.ready()
    t.configure(windwo="7s")
    assert t.guest.try_run("systemctl", "reload", UNIT).returncode != 0
    t.says("did you mean window")
    t.signal(signal.SIGHUP, pid)  # past the check
    wait_for("the status tells", lambda: "was not reloaded" in t.show("StatusText")["StatusText"], 10)
    assert t.state() == ("active", pid)
    assert live.http("http://127.0.0.1:8080/readyz")[0] == 200


@test
def a_stop_drains_and_the_next_start_goes_on(t):
    t.create()
    t.configure()
    t.start()
    t.ready()
    t.dimensions()
    who = [f"d{i}" for i in range(100)]
    t.clicks(*who)
    start = time.monotonic()
    t.guest.run("systemctl", "stop", UNIT)
    took = time.monotonic() - start
    seen = t.show("ActiveState", "Result", "ExecMainStatus")
    assert (seen["ActiveState"], seen["Result"], seen["ExecMainStatus"]) == ("inactive", "success", "0"), seen
    assert took < 10, f"{took:.1f} s"
    t.says("stopped (exit 0)")
    t.start()
    t.ready()
    t.expect(*who, timeout=60)


@test
def a_drain_longer_than_the_units_limit_is_not_cut_off(t):
    t.create()
    t.configure()
    t.drop_in("TimeoutStopSec=2s\nEnvironment=RIVERD_FAULT=checkpoint.before_commit:sleep=3000\n")
    t.start()
    t.ready()
    t.dimensions()
    t.clicks("slow")
    time.sleep(0.5)
    start = time.monotonic()
    t.guest.run("systemctl", "stop", UNIT)
    took = time.monotonic() - start
    assert took > 2, f"{took:.1f} s"
    seen = t.show("Result", "ExecMainStatus")
    assert (seen["Result"], seen["ExecMainStatus"]) == ("success", "0"), (seen, t.guest.journal(UNIT))


@test
def enabled_it_is_there_after_a_reboot(t):
    t.create()
    t.configure()
    t.guest.run("systemctl", "enable", UNIT)
    t.start()
    t.ready()
    t.dimensions()
    t.clicks("before")
    t.guest.stop_process()
    t.clicks("while-off")
    t.guest.boot()
    t.running()
    t.ready()
    t.expect("before", "while-off", timeout=60)


# ---- running them ----

def run(world, guest, function):
    start = time.monotonic()
    case = Service(world, guest, function.__name__[:60])
    trouble = None
    try:
        function(case)
    except Exception:  # pylint: disable=broad-except
        trouble = traceback.format_exc().strip() + "\n" + guest.journal(UNIT)[-3000:]
    case.clean()
    case.close()
    took = time.monotonic() - start
    print(f"{'ok  ' if trouble is None else 'FAIL'} {function.__name__.replace('_', ' ')} ({took:.1f} s)", flush=True)
    if trouble is not None:
        print("     " + trouble.replace("\n", "\n     "), flush=True)
    return trouble is None


def install(guest):
    subprocess.run(["make", "-s", "-C", ROOT, "install", f"DESTDIR={guest.root}", "prefix=/usr"], check=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--keep", help="keep logs and states in this directory")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    chosen = [f for f in TESTS if not args.names or any(n in f.__name__ for n in args.names)]
    directory = args.keep or tempfile.mkdtemp(prefix="riverd-service.")
    os.makedirs(directory, exist_ok=True)
    os.environ["BEHAVIOUR_SCRATCH"] = directory
    guest = Guest(Path(directory) / "guest")
    world = World(directory)
    try:
        install(guest)
        guest.boot()
        good = [run(world, guest, f) for f in chosen]
    finally:
        guest.stop()
        world.stop()
        if args.keep is None:
            shutil.rmtree(directory, ignore_errors=True)
    print(f"{sum(good)} passed, {len(good) - sum(good)} failed")
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
