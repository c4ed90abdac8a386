"""A booted Debian beside this one: systemd as process 1 in a container, on a throw-away copy
of the tree that test/service/sysroot makes. To be used under test/service/private."""

import os
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def wait_for(what, condition, timeout=30.0, every=0.05):
    """The first true value of condition(); AssertionError when it does not come."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what}")
        time.sleep(every)


class Guest:
    """root: where its files are; change them before and after boot() as you like."""

    def __init__(self, scratch):
        scratch = Path(scratch)
        lower = subprocess.run([HERE / "sysroot", "system"], check=True, capture_output=True, text=True).stdout.strip()
        self.root = scratch / "root"
        for name in ("root", "upper", "work"):
            (scratch / name).mkdir(parents=True)
        options = f"lowerdir={lower},upperdir={scratch}/upper,workdir={scratch}/work"
        subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, self.root], check=True)
        self.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
        self.console = scratch / "console.log"
        self.process, self.leader = None, None

    def write(self, path, text, mode=0o644):
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def boot(self, *options):
        with open(self.console, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=read-only", "-D", self.root,
                 "--machine=riverd-guest", "--boot", *options, "systemd.show_status=0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self.leader = wait_for("process 1 of the guest", self.find_leader, 20)
        wait_for("the guest is up", self.up, 60, 0.2)
        return self

    def find_leader(self):
        """nspawn's only child is the guest's process 1, once the one between them is gone."""
        assert self.process.poll() is None, self.console.read_text()
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for child in children:
            name = Path(f"/proc/{child}/comm")
            if name.exists() and name.read_text().strip() == "systemd":
                return int(child)
        return None

    def up(self):
        done = self.try_run("systemctl", "is-system-running")
        return done.stdout.strip() in ("running", "degraded")

    def try_run(self, *command, **more):
        """In the guest, as its root."""
        return subprocess.run(["nsenter", "-t", str(self.leader), "--mount", "--uts", "--ipc", "--pid", "--cgroup", *command],
                              capture_output=True, text=True, timeout=120, check=False, **more)

    def run(self, *command, **more):
        done = self.try_run(*command, **more)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def show(self, unit, *names):
        """Properties of a unit, all read at one moment."""
        text = self.run("systemctl", "show", unit, "-p", ",".join(names))
        return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)

    def journal(self, unit):
        return self.run("journalctl", "-u", unit, "-o", "cat", "--no-pager")

    def stop_process(self):
        """Shuts the guest down; its files stay for the next boot()."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.leader, signal.SIGRTMIN + 4)  # power off
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def stop(self):
        self.stop_process()
        subprocess.run(["umount", self.root], check=False)
