"""When a role has to end."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def stop_event(existing: asyncio.Event | None = None) -> Iterator[asyncio.Event]:
    """The event a role waits on before it winds down.

    With ``existing`` it is that one, and signals stay the caller's business (`up` runs several roles in one process).
    Without, it is set by SIGTERM or SIGINT. A second Ctrl-C has its default effect, so that an impatient user need not
    wait for the drain; a second SIGTERM has none, because supervisors like to repeat themselves.

    Must be entered in the main thread, inside the running loop, unless ``existing`` is there.
    """
    if existing is not None:
        yield existing
        return
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    def interrupted() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)

    former = signal.getsignal(signal.SIGTERM)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupted)
    try:
        yield stop
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        signal.signal(signal.SIGTERM, former)  # a role's process still ends with 0 then: see early_sigterm
        loop.remove_signal_handler(signal.SIGINT)
