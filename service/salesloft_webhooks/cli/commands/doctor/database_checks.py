"""The database of the built-in groups: does it answer, and has it this version's tables."""

import asyncio
import os
from collections.abc import AsyncIterator

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, warning
from salesloft_webhooks.errors import ConfigurationError, HandlerSignal
from salesloft_webhooks.settings import Settings

SECONDS = 15.0


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Connect, and compare the revision of the schema. Nothing is changed, and no file is made."""
    from salesloft_webhooks.handlers.database.engine import create_engine
    from salesloft_webhooks.handlers.database.errors import unreachable
    from salesloft_webhooks.handlers.database.migrations import ForeignSchema, head, is_later, present

    try:
        engine = create_engine(settings.database_url.get_secret_value())
    except ConfigurationError as exc:
        yield problem("database.reachable", exc, "correct DATABASE_URL")
        return
    if engine.dialect.name == "sqlite" and not os.path.exists(engine.url.database or ""):  # noqa: PTH110, ASYNC240 - nothing else runs
        yield fine("database.reachable", "SQLite: the worker makes the file and its tables")
        return
    try:
        async with asyncio.timeout(SECONDS):
            found = await present(engine)
    except ForeignSchema as exc:
        yield problem("database.schema", exc, "DATABASE_URL of another database, or search_path in its options")
    except HandlerSignal as exc:
        yield problem("database.reachable", exc, "start the database, or correct DATABASE_URL")
    except Exception as exc:  # noqa: BLE001 - whatever a driver raises
        yield problem("database.reachable", unreachable(exc), "start the database, or correct DATABASE_URL")
    else:
        yield fine("database.reachable", f"{engine.dialect.name} answers")
        if found == (wanted := head()):
            yield fine("database.schema", f"at revision {wanted}")
        elif found is not None and is_later(found):
            yield fine("database.schema", f"at revision {found}, of a later version, whose tables this one writes, too")
        else:
            says = f"at revision {found or 'none'}, and this version needs {wanted}"
            # No problem: a worker that starts first waits for the migration, which may wait for the worker.
            yield warning("database.schema", says, "salesloft-webhooks migrate; until then the group's events wait")
    finally:
        await engine.dispose()
