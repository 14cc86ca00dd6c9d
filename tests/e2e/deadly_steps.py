"""A process that is killed at one of its own steps: the n-th of all of them."""

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

_left = 0
_lock = threading.Lock()


def die_at(number: int) -> None:
    """From now on so many steps may be taken."""
    global _left  # noqa: PLW0603 - one count for a process
    _left = number


def step() -> None:
    """One of the moments between two operations."""
    global _left  # noqa: PLW0603 - one count for a process
    with _lock:
        _left -= 1
        if _left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def between_steps(owner: Any, name: str) -> None:
    """A step before and a step after each call."""
    original: Callable[..., Any] = getattr(owner, name)

    def stepping(*args: Any, **options: Any) -> Any:
        step()
        result = original(*args, **options)
        step()
        return result

    setattr(owner, name, stepping)
