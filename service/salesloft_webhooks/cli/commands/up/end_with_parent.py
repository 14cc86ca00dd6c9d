"""Starts a program that ends when its parent ends, however that ends: nothing of `up` is left after a ``kill -9``.

Run as a file of its own, which becomes the program: ``python -I -S end_with_parent.py PARENT SIGNAL PROGRAM ...``.
Linux has PR_SET_PDEATHSIG for it. Elsewhere the program starts without that, and the next `up` waits for leftovers.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1


def main(parent: int, signal_number: int, command: list[str]) -> None:
    """Tie this process to its parent and become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != parent:
            sys.exit("the parent has ended already")
    os.execvp(command[0], command)  # noqa: S606 - the commands are ours


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
