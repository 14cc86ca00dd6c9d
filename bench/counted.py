"""A role whose work is counted: `python -m bench.counted receiver`; a byte is answered with the count so far.

An *instruction* is one of Python's bytecode, in every thread but the one that answers here. How long they take does not
matter, so the count is the same on a fast and on a slow machine. What C does is not in it, nor uvloop: only that it is
called. Python 3.12 and later count by `sys.monitoring`; 3.11 has only the hook of debuggers for it.

What C does shows in the *bytes allocated* by the first thread, which also runs the event loop: jemalloc, if it is
loaded in the place of Python's allocator, counts them for each thread, those that are freed again included. They are
counted in a process of their own, because the hook of debuggers allocates, too.
"""

import _thread
import _weakrefset
import asyncio
import ctypes
import email.utils
import importlib
import os
import sys
import threading
from asyncio import futures
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any

from uvicorn import Server

from salesloft_webhooks.cli import main as command

IMPORTED = ("operations", "receiver", "worker", "settings")
FILES_LEFT_OUT = frozenset({_weakrefset.__file__, email.utils.__file__})
"""Where sets forget what is gone, such as the loop's finished tasks: at this event or at the next one; and where
uvicorn has the date written, once a second."""
TICKING = frozenset(
    function.__code__
    for function in (asyncio.sleep, futures._set_result_unless_cancelled, Server.main_loop, Server.on_tick)  # type: ignore[attr-defined] # noqa: SLF001
)
"""What uvicorn does ten times a second: on a slow machine it falls into more events than on a fast one."""
WHAT = "BENCH_COUNTED"
"""The variable that says what to count."""
INSTRUCTIONS, ALLOCATED = "instructions", "allocated bytes"
_counted = 0


def counted() -> int:
    """How many instructions have been carried out since `begin`."""
    return _counted


def _left_out(code: CodeType) -> bool:
    return code in TICKING or code.co_filename in FILES_LEFT_OUT


if sys.version_info >= (3, 12):
    events, TOOL = sys.monitoring.events, sys.monitoring.PROFILER_ID

    def begin() -> None:
        """Count from here on, in functions that start or go on from now on."""
        sys.monitoring.use_tool_id(TOOL, "work counts")
        sys.monitoring.register_callback(TOOL, events.INSTRUCTION, _one_more)
        for starting in (events.PY_START, events.PY_RESUME):
            sys.monitoring.register_callback(TOOL, starting, _watch)
        sys.monitoring.set_events(TOOL, events.PY_START | events.PY_RESUME)

    def _watch(code: CodeType, _: int) -> object:
        """Have a function's instructions counted, once it is seen for the first time."""
        if not _left_out(code):
            sys.monitoring.set_local_events(TOOL, code, events.INSTRUCTION)
        return sys.monitoring.DISABLE

    def _one_more(_code: CodeType, _: int) -> None:
        global _counted  # noqa: PLW0603 - an attribute or an item would take twice as long
        _counted += 1

else:

    def begin() -> None:
        """Count from here on, in functions that start or go on from now on."""
        threading.settrace(_trace)
        sys.settrace(_trace)

    def _trace(frame: FrameType, _event: str, _: object) -> Callable[..., Any] | None:
        """Have a function's instructions counted, each time that it starts or goes on."""
        if _left_out(frame.f_code):
            return None
        frame.f_trace_lines, frame.f_trace_opcodes = False, True
        return _traced

    def _traced(_frame: FrameType, event: str, _: object) -> Callable[..., Any]:
        global _counted  # noqa: PLW0603 - an attribute or an item would take twice as long
        if event == "opcode":
            _counted += 1
        return _traced


def allocated_here() -> Callable[[], int]:
    """How many bytes this thread has allocated so far, asked in whichever thread.

    Raises:
        AttributeError: jemalloc is not loaded.
    """
    address = ctypes.POINTER(ctypes.c_uint64)()
    size = ctypes.c_size_t(ctypes.sizeof(address))
    if ctypes.CDLL(None).mallctl(b"thread.allocatedp", ctypes.byref(address), ctypes.byref(size), None, 0):
        raise AttributeError("this jemalloc keeps no statistics")
    return lambda: address[0]


def _answer(count: Callable[[], int]) -> None:
    """Runs in a thread that is not counted: `threading` does not know it, and it was started before."""
    while os.read(0, 1):
        os.write(1, b"%d\n" % count())


def main() -> None:
    """Count from here on, and be the role."""
    for module in IMPORTED:
        # Now, because importing takes long while it is counted, and is no work of an event.
        importlib.import_module(f"salesloft_webhooks.{module}")
    if os.environ.get(WHAT) == ALLOCATED:
        _thread.start_new_thread(_answer, (allocated_here(),))
    else:
        _thread.start_new_thread(_answer, (counted,))
        begin()
    command()


if __name__ == "__main__":
    main()
