"""The witness's handlers with an effect in a database: a row, which is there once however often it is written."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from salesloft_webhooks import Event, Router
from salesloft_webhooks.handlers.builtin.activity import ActivityLog
from salesloft_webhooks.handlers.database.transactions import open_database
from salesloft_webhooks.settings import Settings
from tests.chaos import witness
from tests.chaos.witness import Witness
from tests.support.recorded_activity import record


@dataclass(frozen=True)
class Effects:
    """Where the effect happens, and where it is written down."""

    log: ActivityLog
    witness: Witness

    async def check_ready(self) -> None:
        """As the built-in group asks."""
        await self.log.check_ready()


@asynccontextmanager
async def lifespan(settings: Settings) -> AsyncIterator[Effects]:
    """Opened once a process."""
    async with open_database(settings) as database, witness.lifespan(settings) as written:
        yield Effects(ActivityLog(database), written)


router = Router(lifespan)


@router.on("person.*")
async def effect(event: Event, effects: Effects) -> None:
    """Write down that it begins, write the row, write down that it has happened."""
    written = effects.witness
    written.write("b", event, "-")
    written.write("d", event, await written.is_done(event))
    await record(effects.log, event)
    written.write("e", event, "-")
