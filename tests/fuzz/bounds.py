"""What an input may cost, and what may be said of it."""

import signal
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SECONDS = 0.5
"""Of processor time, for one input of at most some ten thousand bytes; most take a few thousandths of it."""
ENDLESS_SECONDS = 20
"""Of processor time, after which an input is given up."""
BYTES, BYTES_PER_BYTE = 8_000_000, 500
"""Of memory, for an input and for each of its bytes."""

SECRET = "s3cr3t-0f-th3-fuzz"
"""What targets give where a secret stands: no message may have it."""


class BoundExceeded(Exception):
    """An input took too much of something, or its error says too much."""


class Endless(BaseException):
    """It did not end; not to be taken for an error of what is called."""


@contextmanager
def refusing(*documented: type[Exception]) -> Iterator[None]:
    """What is done inside may end with one of these errors, if it does not tell the secret.

    Raises:
        BoundExceeded: the error, or one that it hangs on to, has the secret in it.
    """
    try:
        yield
    except documented as exc:
        # Long texts come shortened, so the beginning of the secret is looked for as well.
        if SECRET[:12] in "".join(traceback.format_exception(exc)):
            raise BoundExceeded("the error has a secret in it") from exc


@contextmanager
def ending() -> Iterator[None]:
    """Gives up what does not end, in the main thread.

    Raises:
        Endless: it took `ENDLESS_SECONDS`.
    """

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise Endless

    before = signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, ENDLESS_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def check_time(call: Callable[[bytes], None], data: bytes) -> None:
    """That the best of three calls is quick enough.

    Raises:
        BoundExceeded: it is not.
    """
    taken = []
    for _ in range(3):
        began = time.process_time()
        call(data)
        taken.append(time.process_time() - began)
        if taken[-1] <= SECONDS:
            return
    raise BoundExceeded(f"{min(taken):.2f} s for {len(data)} bytes")


def check_memory(call: Callable[[bytes], None], data: bytes) -> None:
    """That a call holds little enough at its most.

    Raises:
        BoundExceeded: it does not.
    """
    tracemalloc.start()
    try:
        call(data)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    if most > BYTES + BYTES_PER_BYTE * len(data):
        raise BoundExceeded(f"{most:,} bytes of memory for {len(data)} bytes")
