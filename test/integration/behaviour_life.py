"""How the live daemon starts, stops, reloads and answers; what it says of a wrong configuration."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from behaviour_case import INPUTS, test
import live
from live import RIVERD, wait_for


# ---- 6: stopping ----

def generate(t, *more):
    topics = [x for i, short in INPUTS.items() for x in ("--topic", f"{i}={t.topic(short)}")]
    return subprocess.Popen([RIVERD, "generate", "--brokers", t.brokers, "--registry", t.registry, "--quiet", "--seed",
                             "5", "--hotels", "40", "--customers", "300", "--past-bookings", "200", "--changes", "0",
                             *topics, *more], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ids(t, name):
    """riverd-id of everything written, dead letters too."""
    out = []
    for short in ("targets", "booked", "catalog", "dead"):
        out += [r["headers"]["riverd-id"] for r in live.consume(t.brokers, t.topic(f"{name}.{short}"))]
    return out


def quiet(daemon, partitions):
    """Everything read and written, for some seconds: what was read counts only after the next epoch, which is a
    second away and longer on a busy disk. A partition whose end is not known yet has no lag."""
    calm = []

    def look():
        text = daemon.get("/metrics")[1]
        lag = [float(x) for x in re.findall(r"^riverd_partition_lag_records\{.*\} (\S+)$", text, re.M)]
        rows = re.search(r"^riverd_outbox_rows (\S+)$", text, re.M)
        calm.append(len(lag) == partitions and not any(lag) and rows is not None and float(rows.group(1)) == 0)
        return len(calm) >= 15 and all(calm[-15:])

    wait_for("riverd is quiet", look, 90, 0.3)


def assert_same(t, one, other):
    if one == other:
        return
    rows = [f"{name}.{short} {r['partition']}:{r['offset']} at {r['time_ms']} key {r['key']} {r['headers']}"
            for name, missing in (("whole", one - other), ("parts", other - one))
            for short in ("targets", "booked", "catalog", "dead")
            for r in live.consume(t.brokers, t.topic(f"{name}.{short}")) if r["headers"]["riverd-id"] in missing]
    raise AssertionError(f"{len(one - other)} missing, {len(other - one)} too many\n" + "\n".join(rows[:20]))


@test
def sigterm_under_load_loses_and_doubles_nothing(t):
    t.create(partitions=3)
    assert generate(t, "--events", "8000", "--history", "2d").wait(60) == 0
    more = {"idle_timeout": "1h", "window": "20m", "out_of_orderness": "5s", "hotel_bookings__date_type": "long",
            "hotel_bookings__price_type": "int",
            "reviews__required": "false"}  # some reviews come long after their date: whoever decides earlier has fewer
    parts = t.riverd("parts", **more)
    load = generate(t, "--history", "0", "--live", "--rate", "1500", "--for", "90s", "--continue", "100000")
    t.closing.append(load.kill)
    for seconds in (0.3, 1.0, 0.1):
        parts.start()
        wait_for("a commit", lambda: (parts.metric("riverd_epochs_total") or 0) > 2, 30, 0.02)
        time.sleep(seconds)
        code, took = parts.stop()
        assert code == 0 and took < 20, f"exit {code} after {took:.1f} s\n{parts.log()}"
    assert load.poll() is None, "the stops were under load"
    load.terminate()
    assert load.wait(20) == 0
    whole = t.riverd("whole", **more).start()
    parts.start().ready()
    quiet(parts, 15)
    whole.ready()
    quiet(whole, 15)
    one, other = ids(t, "whole"), ids(t, "parts")
    assert len(one) > 1000 and len(set(one)) == len(one), f"{len(one)} records, {len(set(one))} distinct"
    assert len(set(other)) == len(other), f"{len(other) - len(set(other))} doubled"
    assert_same(t, set(one), set(other))


@test
def a_second_sigterm_leaves_at_once_and_nothing_is_lost(t):
    t.create()
    t.dimensions()
    daemon = t.riverd()
    daemon.start({"RIVERD_FAULT": "publish.before_commit:sleep=15000@2"}).ready()
    t.click("late")
    wait_for("the click was read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 1)
    time.sleep(7)  # its transaction hangs
    daemon.signal(signal.SIGTERM)
    time.sleep(1)
    assert daemon.process.poll() is None, f"it waits for the committer\n{daemon.log()}"
    start = time.monotonic()
    daemon.signal(signal.SIGTERM)
    code = daemon.process.wait(5)
    assert time.monotonic() - start < 1 and code == 128 + signal.SIGTERM, code
    daemon.start().ready()
    t.expect("late")


@test
def a_stop_ends_with_drain_timeout_when_the_committer_hangs(t):
    t.create()
    t.dimensions()
    daemon = t.riverd(drain__timeout="2s")
    daemon.start({"RIVERD_FAULT": "publish.before_commit:sleep=25000@2"}).ready()
    t.click("late")
    wait_for("the click was read", lambda: daemon.metric("riverd_pipeline_clicks_pending") == 1)
    time.sleep(7)
    _, seconds = daemon.stop()
    assert seconds < 10, f"{seconds:.1f} s\n{daemon.log()}"
    daemon.start().ready()
    t.expect("late")


# ---- 7: reload ----

@test
def sighup_reloads_what_it_can_and_says_what_it_cannot(t):
    t.create()
    daemon = t.riverd().start().ready()
    daemon.write(log__level="debug")
    daemon.signal(signal.SIGHUP)
    daemon.says("log.level.* is in force now")
    daemon.write(window="7s")
    daemon.signal(signal.SIGHUP)
    daemon.says("window.* needs a restart")
    good = daemon.conf.read_text()
    daemon.conf.write_text(good.replace("log.level = debug", "log.level = loud\nwindwo = 3s"))
    daemon.signal(signal.SIGHUP)
    daemon.says("not reloaded")
    assert re.search(r"windwo", daemon.log()) and re.search(r"loud", daemon.log()), daemon.log()
    wait_for("the failure is counted", lambda: daemon.metric("riverd_config_reload_failures_total") == 1)
    assert daemon.metric("riverd_config_reloads_total") == 2
    daemon.conf.unlink()
    daemon.signal(signal.SIGHUP)
    wait_for("a missing file is one, too", lambda: daemon.metric("riverd_config_reload_failures_total") == 2)
    daemon.conf.write_text(good)
    t.dimensions()
    t.click("still")
    t.expect("still")
    assert daemon.stop()[0] == 0


@test
def sighup_does_not_end_a_daemon_that_still_starts(t):
    daemon = t.riverd(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}").start()
    wait_for("/livez", lambda: daemon.get("/livez")[0] == 200)
    daemon.write(log__level="debug")
    daemon.signal(signal.SIGHUP)
    daemon.says("log.level.* is in force now")
    assert daemon.process.poll() is None


# ---- 8: topics and partitions ----

@test
def a_topic_that_appears_later_is_read_from_its_beginning(t):
    t.create("bookings", "reviews", "hotels", "customers")
    t.dimensions()
    daemon = t.riverd().start().ready()
    assert re.search(r"input topic \S+clicks does not exist yet", daemon.log())
    time.sleep(3)
    status, _ = daemon.get("/readyz")
    assert status == 200
    t.create("clicks", partitions=2)
    t.click("early", partition=0)
    t.click("early2", partition=1)
    t.expect("early", "early2", timeout=40)


@test
def input_topics_are_never_created(t):
    t.create("bookings", "reviews", "hotels", "customers")
    t.riverd().start().ready()
    time.sleep(1)
    names = subprocess.run(["kcat", "-L", "-J", "-b", t.brokers], check=True, capture_output=True).stdout
    names = {x["topic"] for x in json.loads(names)["topics"]}
    assert t.topic("one.targets") in names and t.topic("one.dead") in names, "outputs are created"
    assert t.topic("clicks") not in names


@test
def partitions_that_are_added_later_are_read_from_their_beginning(t):
    t.create()
    t.dimensions()
    daemon = t.riverd().start().ready()
    t.click("old")
    live.Admin(t.brokers).grow(t.topic("clicks"), 3)
    wait_for("the new partitions are there", lambda: try_click(t, "new", 2), 10, 0.5)
    t.expect("new", "old", timeout=40)
    assert daemon.stop()[0] == 0
    daemon.start().ready()
    t.click("again", partition=2)
    t.expect("again", "new", "old")


def try_click(t, who, partition):
    try:
        t.click(who, partition=partition)
        return True
    except AssertionError:
        return False


# ---- 10: wrong starts ----

def run_to_end(daemon, timeout=20):
    daemon.start()
    return daemon.process.wait(timeout), daemon.log()


@test
def a_wrong_configuration_is_named_to_the_key_and_exits_78(t):
    daemon = t.riverd(windwo="3s", checkpoint__interval="soon")
    number = next(n for n, line in enumerate(daemon.conf.read_text().splitlines(), 1) if "windwo" in line)
    code, log = run_to_end(daemon)
    assert code == 78, (code, log)
    assert f"riverd.conf:{number}" in log and "windwo" in log, log
    assert re.search(r"window", log), f"the nearest key: {log}"
    assert "checkpoint.interval" in log and "soon" in log, log
    missing = t.riverd("missing", kafka__bootstrap__servers=None)
    code, log = run_to_end(missing)
    assert code == 78 and "kafka.bootstrap.servers" in log, (code, log)


@test
def a_wrong_librdkafka_property_exits_78_and_is_named(t):
    code, log = run_to_end(t.riverd(kafka__session__timeout__ms="soon"))
    assert code == 78 and "session.timeout.ms" in log, (code, log)
    code, log = run_to_end(t.riverd("long", kafka__socket__timeout__ms="60001"))
    assert code == 78 and "more than transaction.timeout.ms" in log, (code, log)


@test
def a_port_in_use_exits_78_and_says_so(t):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, log = run_to_end(t.riverd(http__listen=f"127.0.0.1:{port}"))
    assert code == 78, (code, log)
    assert str(port) in log and "in use" in log and "http.listen" in log, log


@test
def a_state_that_a_running_riverd_holds_exits_3(t):
    t.create()
    daemon = t.riverd().start().ready()
    other = t.riverd("other", state__path=daemon.settings["state.path"])
    code, log = run_to_end(other)
    assert code == 3, (code, log)
    assert "state.db" in log and re.search(r"lock|another|running", log), log
    assert daemon.get("/readyz")[0] == 200


@test
def a_state_directory_that_cannot_be_made_is_said(t):
    code, log = run_to_end(t.riverd(state__path="/proc/no/such/state.db"))
    assert code in (1, 3, 78) and "/proc/no/such" in log, (code, log)


# ---- 11: privacy ----

@test
def no_address_appears_in_the_log_or_the_metrics_and_status_masks_it(t):
    t.create()
    t.dimensions()
    daemon = t.riverd(log__level="debug").start().ready()
    canary = "canary-4711@secret-domain.example"
    t.put("clicks", {"CUSTOMER_EMAIL": canary, "HOTEL_ID": "H1", "ACTION": "booking-click"})
    t.put("clicks", {"CUSTOMER_EMAIL": canary, "HOTEL_ID": "H9", "ACTION": "booking-click"})
    t.put("bookings", {"BOOKING_ID": "B1", "CUSTOMER_EMAIL": canary, "HOTEL_ID": "H9", "CHECK_IN": canary, "PRICE": 1})
    t.put("customers", {"CUSTOMER_ID": 1, "EMAIL": canary}, key="1")
    for value in (f'{{"CUSTOMER_EMAIL": "{canary}", ', f'{{"CUSTOMER_EMAIL": {{"{canary}": 1}}}}', canary,
                  f'["{canary}"]', f'{{"{canary}": 1, "CUSTOMER_EMAIL": 3, "HOTEL_ID": [1], "ACTION": "booking-click"}}'):
        for topic in ("clicks", "bookings", "reviews", "hotels", "customers"):
            t.put(topic, value.encode(), key=canary)
    wait_for("the target", t.targets, 20, 0.3)
    wait_for("dead letters", lambda: len(t.dead()) >= 15, 10, 0.3)
    status = daemon.get("/status")[1]
    pages = daemon.log() + daemon.get("/metrics")[1] + status + daemon.get("/")[1] + daemon.get("/readyz?verbose")[1]
    assert "canary-4711" not in pages, [line for line in pages.splitlines() if "canary-4711" in line][:3]
    assert "secret-domain" not in daemon.log(), [x for x in daemon.log().splitlines() if "secret-domain" in x][:3]
    assert "Hotel 1" in status or "H1" in status, f"the target is shown, masked: {status}"
    headers = [r["headers"] for r in t.dead()] + [x["record"]["headers"] for x in t.targets()]
    assert "canary" not in json.dumps(headers), "no address in headers"
    assert daemon.stop()[0] == 0
    assert "canary-4711" not in daemon.log()


# ---- 12: those who watch ----

def health(*arguments):
    done = subprocess.run([RIVERD, "health", *arguments], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@test
def riverd_health_tells_by_its_exit_status(t):
    t.create()
    daemon = t.riverd()
    assert health("--url", daemon.url)[0] == 1, "nobody listens"
    daemon.start().ready()
    code, text = health("--url", daemon.url)
    assert code == 0 and "ready" in text, (code, text)
    assert health("--url", daemon.url, "--live", "--quiet") == (0, "")
    assert health("--timeout", "never")[0] == 64
    waits = t.riverd("waits", kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}").start()
    wait_for("/livez", lambda: waits.get("/livez")[0] == 200)
    assert health("--url", waits.url)[0] == 1 and health("--url", waits.url, "--live")[0] == 0
    named = subprocess.run([RIVERD, "health"], env={**os.environ, "RIVERD_HTTP_LISTEN": daemon.settings["http.listen"]},
                           capture_output=True, check=False)
    assert named.returncode == 0, named


class NotifySocket:
    """What systemd would hear: (seconds since the start, text)."""

    def __init__(self, directory):
        self.path = str(Path(tempfile.mkdtemp(dir=directory)) / "n")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.heard = []
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            text = self.socket.recv(4096).decode()
            self.heard.append((time.monotonic(), text))

    def count(self, word):
        return sum(word in text for _, text in self.heard)


@test
def systemd_hears_ready_watchdog_reloading_and_stopping(t):
    t.create()
    systemd = NotifySocket("/tmp")
    daemon = t.riverd()
    daemon.start({"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "2000000"})
    wait_for("READY=1", lambda: systemd.count("READY=1") == 1, 5)
    daemon.ready()
    wait_for("STATUS=running", lambda: systemd.count("STATUS=running"), 5)
    before = systemd.count("WATCHDOG=1")
    time.sleep(5)
    beats = systemd.count("WATCHDOG=1") - before
    assert 4 <= beats <= 12, f"{beats} in 5 s"
    daemon.signal(signal.SIGHUP)
    wait_for("RELOADING=1 and READY=1", lambda: systemd.count("RELOADING=1") == 1 and systemd.count("READY=1") == 2, 5)
    assert daemon.stop()[0] == 0
    wait_for("STOPPING=1", lambda: systemd.count("STOPPING=1") == 1, 2)
    shutil.rmtree(Path(systemd.path).parent)


@test
def the_watchdog_is_not_fed_when_the_loop_stands_still(t):
    systemd = NotifySocket("/tmp")
    daemon = t.riverd(kafka__bootstrap__servers=f"127.0.0.1:{live.free_port()}")
    daemon.start({"NOTIFY_SOCKET": systemd.path, "WATCHDOG_USEC": "1000000"})
    wait_for("WATCHDOG=1", lambda: systemd.count("WATCHDOG=1") > 1, 10)
    daemon.signal(signal.SIGSTOP)
    time.sleep(0.3)
    before = systemd.count("WATCHDOG=1")
    time.sleep(2)
    assert systemd.count("WATCHDOG=1") == before
    daemon.signal(signal.SIGCONT)
    wait_for("WATCHDOG=1 again", lambda: systemd.count("WATCHDOG=1") > before, 10)
    shutil.rmtree(Path(systemd.path).parent)
