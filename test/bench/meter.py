"""CPU seconds and memory of a process and all its children."""

import os
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def tree(root):
    """The process and everything below it that is alive."""
    below = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                text = Path(f"/proc/{entry}/stat").read_text()
            except OSError:
                continue
            below.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(int(entry))
    found, ask = [], [root]
    while ask:
        pid = ask.pop()
        found.append(pid)
        ask += below.get(pid, [])
    return found


def cpu_seconds(pid):
    """User and system time of the living and of their children that have ended."""
    total = 0
    for each in tree(pid):
        try:
            fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(f) for f in fields[11:15])
    return total / TICK


def resident_mib(pid, field="VmHWM"):
    total = 0
    for each in tree(pid):
        try:
            text = Path(f"/proc/{each}/status").read_text()
            total += int(text.split(field + ":")[1].split()[0])
        except (OSError, IndexError):
            continue
    return total / 1024


class Watched:
    """A child that is waited for by wait4, so that nothing of its cost is lost."""

    def __init__(self, process):
        self.process, self.usage, self.peak_mib = process, None, 0.0

    def look(self):
        """Whether it has ended."""
        if self.usage is not None:
            return True
        self.peak_mib = max(self.peak_mib, resident_mib(self.process.pid))
        pid, status, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self.usage, self.peak_mib = usage, max(self.peak_mib, usage.ru_maxrss / 1024)
        return True

    def cpu(self):
        return self.usage.ru_utime + self.usage.ru_stime if self.usage else cpu_seconds(self.process.pid)
