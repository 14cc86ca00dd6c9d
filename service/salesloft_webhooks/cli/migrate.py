"""`migrate`: bring the database of the built-in handlers to this version's schema."""

import asyncio
from typing import Annotated

import typer

from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.options import AsJson

DatabaseUrl = Annotated[
    str | None, typer.Option(envvar="DATABASE_URL", help="Async SQLAlchemy URL; the embedded SQLite file by default.")
]


async def _migrate(url: str) -> tuple[str | None, str]:
    from salesloft_webhooks.handlers.database import create_engine
    from salesloft_webhooks.handlers.migrations import migrate

    engine = create_engine(url)
    try:
        return await migrate(engine)
    finally:
        await engine.dispose()


def migrate(database_url: DatabaseUrl = None, *, as_json: AsJson = False) -> None:
    """Bring the database to this version's schema. Safe to repeat, and to run from several places at once."""
    from sqlalchemy.exc import DBAPIError

    from salesloft_webhooks.settings import Settings

    settings = Settings.load(database_url=database_url)
    try:
        before, after = asyncio.run(_migrate(settings.database_url.get_secret_value()))
    except (OSError, DBAPIError) as exc:
        # The error's text may quote the address, password included.
        fail(f"the database cannot be migrated: {type(exc).__name__}")
    if as_json:
        show_json({"before": before, "after": after})
    else:
        print(f"already at revision {after}" if before == after else f"migrated from {before or 'nothing'} to {after}")
