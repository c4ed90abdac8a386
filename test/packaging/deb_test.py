"""The package in a booted Debian: installed, configured, upgraded, removed, purged.

    test/service/private python3 test/packaging/deb_test.py PACKAGE.deb

Needs root, systemd-nspawn, mmdebstrap and dpkg-deb. The tests are one story, each goes on where
the one before it ended. Last line: N passed, N failed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "service"))
from guest import Guest, wait_for  # noqa: E402

STORY = []
HARDENING = Path(__file__).resolve().parent / "hardening"
UNIT = "riverd.service"
CONFIG = "/etc/riverd/riverd.conf"
STATE = "/var/lib/private/riverd/state.db"
# Nobody listens there: riverd waits for Kafka and is active, which is all that these tests want.
MINE = "kafka.bootstrap.servers = 127.0.0.1:9\nschema.registry.url = http://127.0.0.1:9\n"


def test(function):
    STORY.append(function)
    return function


class Package:
    """The .deb, and the same with another version or another sample configuration."""

    def __init__(self, guest, deb, scratch):
        self.guest, self.deb, self.scratch = guest, deb, scratch
        self.version = self.field(deb, "Version")

    @staticmethod
    def field(deb, name):
        return subprocess.run(["dpkg-deb", "-f", deb, name], check=True, capture_output=True, text=True).stdout.strip()

    def newer(self, suffix, config_line=None):
        tree = self.scratch / f"tree{suffix}"
        subprocess.run(["dpkg-deb", "-R", self.deb, tree], check=True)
        control = tree / "DEBIAN" / "control"
        control.write_text(re.sub(r"^Version: .*$", rf"\g<0>{suffix}", control.read_text(), flags=re.M))
        if config_line:
            with open(tree / CONFIG.lstrip("/"), "a", encoding="utf-8") as file:
                file.write(config_line)
        out = self.scratch / f"riverd{suffix}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, out], check=True, stdout=subprocess.DEVNULL)
        return out

    def install(self, deb, *options):
        shutil.copy(deb, self.guest.root / "root" / "riverd.deb")
        return self.guest.run("env", "DEBIAN_FRONTEND=noninteractive", "dpkg", *options, "-i", "/root/riverd.deb")

    def status(self):
        return self.guest.try_run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", "riverd").stdout

    def has(self, path):
        return self.guest.try_run("test", "-e", path).returncode == 0

    def enabled(self):
        return self.guest.try_run("systemctl", "is-enabled", UNIT).stdout.strip()

    def active(self):
        now = self.guest.show(UNIT, "ActiveState", "MainPID")
        return int(now["MainPID"]) if now["ActiveState"] == "active" else 0


@test
def a_fresh_install_starts_nothing_and_brings_all_parts(p):
    p.install(p.deb)
    assert p.status() == f"installed {p.version}", p.status()
    assert (p.enabled(), p.active()) == ("disabled", 0)
    assert p.guest.run("riverd", "--version").startswith(f"riverd {p.version.split('+')[0]} (")
    files = p.guest.run("dpkg", "-L", "riverd").split()
    for path in ("/usr/share/riverd/providers/openai.conf", "/usr/share/riverd/flink/submit", "/usr/bin/riverd", "/lib/systemd/system/riverd.service", CONFIG, "/usr/share/man/man8/riverd.8.gz",
                 "/usr/share/man/man5/riverd.conf.5.gz", "/usr/share/bash-completion/completions/riverd",
                 "/usr/share/doc/riverd/copyright"):
        assert path in files, f"{path} is not in {files}"
    assert p.guest.run("dpkg-query", "-W", "-f", "${Conffiles}", "riverd").split()[0] == CONFIG
    failed = p.guest.run("systemctl", "list-units", "--failed", "--no-legend").strip()
    assert failed == "", failed


@test
def its_program_is_hardened(p):
    tree = p.scratch / "hardened"
    subprocess.run(["dpkg-deb", "-x", p.deb, tree], check=True)
    done = subprocess.run([HARDENING, tree / "usr/bin/riverd"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@test
def an_upgrade_does_not_start_what_is_not_running(p):
    p.install(p.newer("+1"))
    assert p.status() == f"installed {p.version}+1" and (p.enabled(), p.active()) == ("disabled", 0)


@test
def configured_and_enabled_it_runs(p):
    p.guest.write(CONFIG, MINE)
    p.guest.run("systemctl", "enable", "--now", UNIT)
    assert p.active()
    wait_for("the state", lambda: p.has(STATE), 10)


@test
def an_upgrade_restarts_it_and_keeps_configuration_and_state(p):
    before, inode = p.active(), p.guest.run("stat", "-c", "%i", STATE)
    p.install(p.newer("+2"))
    after = wait_for("it runs again", p.active, 20)
    assert after != before and p.enabled() == "enabled"
    assert p.guest.run("cat", CONFIG) == MINE and p.guest.run("stat", "-c", "%i", STATE) == inode
    assert p.guest.show(UNIT, "NRestarts")["NRestarts"] == "0"


@test
def a_new_sample_does_not_replace_a_changed_configuration(p):
    p.install(p.newer("+3", "# new in this version\n"), "--force-confdef", "--force-confold")
    assert p.guest.run("cat", CONFIG) == MINE
    assert p.guest.run("tail", "-n", "1", CONFIG + ".dpkg-dist") == "# new in this version\n"
    assert wait_for("it runs", p.active, 20)


@test
def a_downgrade_goes_back(p):
    p.install(p.deb, "--force-confdef", "--force-confold")
    assert p.status() == f"installed {p.version}" and wait_for("it runs", p.active, 20)


@test
def removed_it_stops_and_leaves_configuration_and_state(p):
    p.guest.run("dpkg", "-r", "riverd")
    assert p.status() == f"config-files {p.version}", p.status()
    assert not p.active() and not p.has("/usr/bin/riverd") and not p.has("/lib/systemd/system/riverd.service")
    assert p.guest.run("cat", CONFIG) == MINE and p.has(STATE)
    assert p.guest.try_run("pgrep", "-x", "riverd").stdout == ""


@test
def installed_again_it_is_as_it_was(p):
    p.install(p.deb)
    assert p.guest.run("cat", CONFIG) == MINE and p.has(STATE)
    assert p.enabled() == "enabled"
    p.guest.run("systemctl", "start", UNIT)
    assert p.active()


@test
def purged_nothing_is_left(p):
    p.guest.run("dpkg", "-P", "riverd")
    assert p.status() in ("", "not-installed ", "unknown ok not-installed"), p.status()
    left = p.guest.run("find", "/etc", "/usr", "/var", "/lib/systemd", "/run/systemd/system", "-xdev", "-name", "*riverd*",
                       "-not", "-path", "/var/log/journal/*").split()
    assert not left, left
    assert p.guest.try_run("getent", "passwd", "riverd").stdout == ""


def main():
    directory = Path(tempfile.mkdtemp(prefix="riverd-deb."))
    guest = Guest(directory / "guest")
    good = 0
    try:
        guest.boot()
        package = Package(guest, Path(sys.argv[1]), directory)
        for function in STORY:
            start = time.monotonic()
            try:
                function(package)
                good += 1
                print(f"ok   {function.__name__.replace('_', ' ')} ({time.monotonic() - start:.1f} s)", flush=True)
            except Exception:  # pylint: disable=broad-except
                print(f"FAIL {function.__name__.replace('_', ' ')}\n{traceback.format_exc()}", flush=True)
    finally:
        guest.stop()
        shutil.rmtree(directory, ignore_errors=True)
    print(f"{good} passed, {len(STORY) - good} failed")
    return 0 if good == len(STORY) else 1


if __name__ == "__main__":
    sys.exit(main())
