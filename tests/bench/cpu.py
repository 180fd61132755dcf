"""Processor time of other processes."""

from __future__ import annotations

import os
from pathlib import Path
from time import sleep


def cpu_seconds(pid: int) -> float:
    """Processor time of a process with all its threads; other load on the machine hardly changes it."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def until_idle(pid: int) -> None:
    """Wait until a process has used hardly any processor time for a quarter of a second."""
    before = -1.0
    while cpu_seconds(pid) - before > 0.02:
        before = cpu_seconds(pid)
        sleep(0.25)
