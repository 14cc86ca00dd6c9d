"""What a role's process gives away of itself: no memory image when it crashes, nothing to others of the same user.

A process has its secrets in memory and in its environment. A core file would have both, and so would anybody of the
same user who reads ``/proc/PID``. Linux gives neither of a process that says it is not to be dumped; what no core file
is written of, no handler of core files (``kernel.core_pattern``) is given either. A limit of zero says the same where
there is no Linux. Root sees everything nevertheless, and so does a debugger with the right to trace.
"""

import ctypes
import resource
import sys
from contextlib import suppress

_PR_SET_DUMPABLE = 4
"""From ``linux/prctl.h``."""


def keep_memory_private() -> None:
    """No core file of this process from now on, and on Linux its ``/proc`` is root's alone.

    Where the system refuses one of them the other still counts. Whatever program this process becomes begins anew.
    """
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # no C library that could be asked
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
