"""The group `warehouse`, whose worker is killed at a step of its storing: the n-th of all of them, in its process."""

import os
from pathlib import Path
from typing import Any

from salesloft_webhooks.handlers.builtin.warehouse import build_router
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from salesloft_webhooks.settings import Settings
from tests.e2e.deadly_steps import between_steps, die_at, step

die_at(int(os.environ["DEADLY_STEP"]))

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
