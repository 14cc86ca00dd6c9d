"""`salesloft-webhooks migrate`: bring the database of the built-in handlers to this version's schema."""

import asyncio
from typing import Annotated

import typer

from salesloft_webhooks.handlers.database import create_engine
from salesloft_webhooks.handlers.migrations import migrate as run_migrations
from salesloft_webhooks.settings import Settings

app = typer.Typer()


async def _migrate(url: str) -> tuple[str | None, str]:
    engine = create_engine(url)
    try:
        return await run_migrations(engine)
    finally:
        await engine.dispose()


@app.command()
def migrate(
    database_url: Annotated[
        str | None, typer.Option(envvar="DATABASE_URL", help="Async SQLAlchemy URL; default: the setting's.")
    ] = None,
) -> None:
    """Bring the database to this version's schema. Safe to repeat and to run from several places at once."""
    url = database_url or Settings.load().database_url.get_secret_value()
    before, after = asyncio.run(_migrate(url))
    typer.echo(f"already at revision {after}" if before == after else f"migrated from {before or 'nothing'} to {after}")
