"""A process that runs one handler, a call at a time: ``python -m salesloft_webhooks.handlers.process_child FD``.

It is asked and answers on a socket, in messages that begin with their length; the first one says which handler. When
the other end is gone, the worker has died or wants it to end, and it ends at once, in the middle of a call, too: the
event is somebody else's then.
"""

import ctypes
import os
import pickle
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from importlib import import_module
from queue import SimpleQueue
from typing import Any

from salesloft_webhooks.authors_line import authors_line
from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.log_context import EventInLogs
from salesloft_webhooks.handlers.process_messages import LENGTH, Answer, Call, Start, UntransferableResult
from salesloft_webhooks.handlers.sys_exit import HandlerExited

_DIE_WITH_PARENT, _DUMPABLE = 1, 4  # prctl(2)


def main() -> None:
    """Serve until the other end is gone."""
    _end_with_the_worker()
    line = socket.socket(fileno=int(sys.argv[1]))
    messages: SimpleQueue[Any] = SimpleQueue()
    threading.Thread(target=_read, args=(line, messages), daemon=True).start()
    handler = _answered(line, lambda: _handler(messages.get()))
    while True:
        call = messages.get()
        _answered(line, lambda: _run(handler, call))  # noqa: B023 - it is called at once


def _end_with_the_worker() -> None:
    """Not before it, by a signal for all; and with it also while a call keeps other threads of ours from running."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, signal.SIG_IGN)
    with suppress(OSError, AttributeError):  # Linux only
        libc = ctypes.CDLL(None)
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        libc.prctl(_DUMPABLE, 0)  # as the worker's memory, which the settings come from


def _read(line: socket.socket, messages: "SimpleQueue[Any]") -> None:
    with suppress(OSError):
        for message in _messages(line):
            messages.put(pickle.loads(message))  # noqa: S301 - our own worker's
    os._exit(0)


def _messages(line: socket.socket) -> Iterator[bytes]:
    with line.makefile("rb") as stream:
        while len(head := stream.read(LENGTH.size)) == LENGTH.size:
            yield stream.read(*LENGTH.unpack(head))


def _handler(start: Start) -> Callable[[Call], object]:
    from salesloft_webhooks.telemetry import configure_logging  # noqa: PLC0415 - after what may fail

    sys.path[:] = start.path
    configure_logging(start.settings, "worker")
    found: Callable[[Call], object] = getattr(import_module(start.module), start.name)
    return found


def _run(handler: Callable[[Call], object], call: Call) -> object:
    with EventInLogs(call) if isinstance(call, Event) else nullcontext():
        return handler(call)


def _answered(line: socket.socket, work: Callable[[], Any]) -> Any:
    """Do something and say what it came to, without what stays here: a function that was found."""
    returned: Any = None
    error: BaseException | None = None
    try:
        returned = work()
    except SystemExit:
        error = HandlerExited("the handler called sys.exit()")
    except BaseException as exc:  # noqa: BLE001 - the other end raises it
        error = exc
        with suppress(Exception):
            error.__dict__["authors_line"] = authors_line(exc)  # its traceback stays here
    message = _message(Answer(None if callable(returned) else returned, error))
    line.sendall(LENGTH.pack(len(message)) + message)
    return returned


def _message(answer: Answer) -> bytes:
    """The answer as bytes, from which it can be made again: errors of some libraries cannot."""
    try:
        message = pickle.dumps(answer)
        pickle.loads(message)  # noqa: S301 - what we have just written
    except Exception:  # noqa: BLE001 - whatever an author's class does when it is taken apart
        of = answer.error if answer.error is not None else answer.returned
        said = UntransferableResult(f"{type(of).__name__}: {of}" if answer.error is not None else type(of).__name__)
        return pickle.dumps(Answer(error=said))
    return message


if __name__ == "__main__":
    main()
