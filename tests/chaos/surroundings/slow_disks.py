"""A disk that takes its time to confirm: strace holds up every fsync of a process, while it runs."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.waiting import wait_until


def absent() -> str | None:
    """Why there can be none here; None: there can."""
    if shutil.which("strace") is None:
        return "A SLOW DISK IS NOT TRIED: strace is not installed (.ci/servers)"
    if os.getuid() != 0 or not sys.platform.startswith("linux"):
        return "A SLOW DISK IS NOT TRIED: only root may trace a process of another"
    return None


def traced(pid: int) -> bool:
    """Whether somebody looks at a process's calls."""
    status = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return any(line.startswith("TracerPid:") and line.split()[1] != "0" for line in status)


@contextmanager
def slow_disk(pid: int, seconds: float) -> Iterator[None]:
    """Each fsync and fdatasync of a running process takes so much longer meanwhile."""
    calls = "fsync,fdatasync"
    rule = f"inject={calls}:delay_enter={int(seconds * 1_000_000)}"
    command = ["strace", "-f", "-qq", "-p", str(pid), "-o", os.devnull, "-e", f"trace={calls}", "-e", rule]
    strace = subprocess.Popen(command)
    try:
        wait_until(lambda: traced(pid), description="strace has the process")
        yield
    finally:
        strace.terminate()
        strace.wait()
