"""`migrate`: bring the database of the built-in handlers to this version's schema."""

import asyncio
import threading
from typing import Annotated

import typer

from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.errors import HandlerSignal

DatabaseUrl = Annotated[
    str | None,
    typer.Option(
        envvar="DATABASE_URL", help="postgresql://... or sqlite:///file; the embedded SQLite file by default."
    ),
]


async def _migrate(url: str) -> tuple[str | None, str]:
    from salesloft_webhooks.handlers.database.engine import create_engine
    from salesloft_webhooks.handlers.database.errors import signal_of
    from salesloft_webhooks.handlers.database.migrations import migrate

    engine = create_engine(url, command_seconds=None)  # a large table takes its time
    try:
        return await migrate(engine)
    except Exception as exc:
        if (signal := signal_of(exc)) is None:
            raise
        raise signal from exc
    finally:
        await engine.dispose()
        await _end_threads()


async def _end_threads() -> None:
    """Let SQLite's threads say their last word while the loop is there to hear it; later it would be a traceback."""
    for thread in threading.enumerate():
        if "_connection_worker_thread" in thread.name:  # aiosqlite's
            await asyncio.to_thread(thread.join, 1.0)


def migrate(database_url: DatabaseUrl = None, *, as_json: AsJson = False) -> None:
    """Bring the database to this version's schema. Safe to repeat, and to run from several places at once."""
    from salesloft_webhooks.settings import Settings

    settings = Settings.load(database_url=database_url)
    try:
        before, after = asyncio.run(_migrate(settings.database_url.get_secret_value()))
    except HandlerSignal as exc:
        fail(f"the database cannot be migrated: {exc}")
    if as_json:
        show_json({"before": before, "after": after})
    else:
        print(f"already at revision {after}" if before == after else f"migrated from {before or 'nothing'} to {after}")
