"""The group `warehouse`, whose worker is killed at a step of its storing: the n-th of all of them, in its process."""

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from salesloft_webhooks.handlers.builtin.warehouse import build_router
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from salesloft_webhooks.settings import Settings

_left = int(os.environ["DEADLY_STEP"])
_lock = threading.Lock()


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


for owner, name in ((Storage, "find"), (Storage, "write"), (os, "fsync"), (Path, "replace")):
    between_steps(owner, name)


async def _check_ready(self: WarehouseWriter) -> None:
    """It would use up steps; without it the worker begins at once."""


_write = WarehouseWriter.write


async def _write_and_step(self: WarehouseWriter, events: Any) -> Any:
    failures = await _write(self, events)
    step()  # stored, and nobody has been told
    return failures


WarehouseWriter.check_ready = _check_ready  # type: ignore[method-assign]
WarehouseWriter.write = _write_and_step  # type: ignore[method-assign]
router = build_router("warehouse", Settings.load(handlers_file=Path(os.environ["HANDLERS_FILE"])))
