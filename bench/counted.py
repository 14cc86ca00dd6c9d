"""A role whose calls are counted: `python -m bench.counted receiver`; it answers each line with the count so far.

A call is one of a function of Python's or C's, or one more step of a coroutine; in every thread but the one that
answers here. How long they take does not matter, so the count is the same on a fast and on a slow machine.
"""

import _thread
import _weakrefset
import asyncio
import importlib
import sys
import threading
from asyncio import futures
from types import FrameType

from uvicorn import Server

from salesloft_webhooks.cli import main as command

IMPORTED = ("operations", "receiver", "worker", "settings")
COUNTED = frozenset({"call", "c_call"})
FORGETTING = _weakrefset.__file__
"""Where sets forget what is gone, such as the loop's finished tasks: at this event or at the next one."""
TICKING = frozenset(
    function.__code__
    for function in (asyncio.sleep, futures._set_result_unless_cancelled, Server.main_loop, Server.on_tick)  # type: ignore[attr-defined] # noqa: SLF001
)
"""What uvicorn does ten times a second: on a slow machine it falls into more events than on a fast one."""
_counts = {"calls": 0}


def _count(frame: FrameType, event: str, _: object) -> None:
    if event in COUNTED and frame.f_code not in TICKING and frame.f_code.co_filename != FORGETTING:
        _counts["calls"] += 1


def _answer() -> None:
    """Runs in a thread that is not counted, because `threading` does not know it."""
    for _ in sys.stdin:
        sys.stdout.write(f"{_counts['calls']}\n")
        sys.stdout.flush()


def main() -> None:
    """Count from here on, and be the role."""
    _thread.start_new_thread(_answer, ())
    for module in IMPORTED:
        # Now, because importing takes long under the profile, and is no work of an event.
        importlib.import_module(f"salesloft_webhooks.{module}")
    threading.setprofile(_count)
    sys.setprofile(_count)
    command()


if __name__ == "__main__":
    main()
