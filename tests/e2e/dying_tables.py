"""The groups `tables` and `events`, whose worker is killed before or after the n-th commit of its process."""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from salesloft_webhooks.handlers.builtin import raw_events, tables
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.settings import Settings

_left = int(os.environ["DEADLY_STEP"])


def _step() -> None:
    global _left  # noqa: PLW0603 - one count for a process
    _left -= 1
    if _left < 0:
        os.kill(os.getpid(), signal.SIGKILL)


_transaction = Database.transaction


@asynccontextmanager
async def _stepping(self: Database) -> AsyncIterator[AsyncConnection]:
    async with _transaction(self) as connection:
        yield connection
        _step()  # written, and nothing of it is committed
    _step()  # committed, and nobody knows


Database.transaction = _stepping  # type: ignore[method-assign]
group = os.environ["WORKER_GROUP"]
router = (raw_events if group == "events" else tables).build_router(group, Settings.load())
