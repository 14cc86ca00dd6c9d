"""SIGTERM before a role listens for it: the process ends with 0, because it has begun nothing yet.

Loading a role takes a good part of a second, in which Python's default effect would be an end "by signal 15": a pod
that is scaled down while it starts would count as failed. Imported first of all by the command, so it imports next to
nothing itself; only Python's own start comes before it.
"""

import os
import signal
import sys

ROLES = {"backfill", "console", "operator", "receiver", "worker"}
"""Commands that supervisors end with SIGTERM; every other one keeps the default effect."""


def end_cleanly() -> None:
    """Let SIGTERM end this process with 0, until the role's own handler takes its place (`operations.stop_event`)."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))


if next((word for word in sys.argv[1:] if not word.startswith("-")), "") in ROLES:
    end_cleanly()
