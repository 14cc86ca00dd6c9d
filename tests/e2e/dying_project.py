"""The `sql` project that `init` writes, whose worker is killed before or after the n-th commit of its process."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from tests.e2e.deadly_steps import die_at, step

_begin = AsyncEngine.begin


@asynccontextmanager
async def _stepping(self: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    async with _begin(self) as connection:
        yield connection
        step()  # written, and nothing of it is committed
    step()  # committed, and nobody knows


AsyncEngine.begin = _stepping  # type: ignore[method-assign]
die_at(int(os.environ["DEADLY_STEP"]))
router = import_module("acme_hooks.handlers").router
