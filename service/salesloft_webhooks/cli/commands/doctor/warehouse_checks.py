"""Whether the warehouse's storage answers, and is compacted; nothing is written."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, skipped, warning
from salesloft_webhooks.errors import ConfigurationError, HandlerSignal
from salesloft_webhooks.settings import Settings

if TYPE_CHECKING:
    from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage

SECONDS = 20.0
STORAGE, COMPACTION = "warehouse.storage", "warehouse.compaction"


async def check_warehouse(settings: Settings) -> AsyncIterator[Finding]:
    """Look whether the bucket or folder is there and may be used, and when it was compacted last."""
    from salesloft_webhooks.handlers.builtin.warehouse import configured, storage_of

    try:
        async with asyncio.timeout(SECONDS):
            configuration = configured(settings)
            storage = storage_of(configuration)
            from salesloft_webhooks.handlers.builtin.warehouse.daemon_threads import DaemonThreads

            threads = DaemonThreads(1)
            await threads.run(storage.check_reachable)
            hours = configuration.compaction_hours
            compaction = await threads.run(lambda: _of_compaction(storage, hours))
    except ConfigurationError as exc:
        yield problem(STORAGE, exc, "pip install salesloft-webhooks[warehouse]")
    except HandlerSignal as exc:
        yield problem(STORAGE, exc, "make the folder or bucket, and give us the rights of docs/warehouse.md")
    except TimeoutError:
        yield problem(STORAGE, "it does not answer", "let us out to it (proxy, network policy)")
    else:
        yield fine(STORAGE, "answers")
        yield compaction


def _of_compaction(storage: "Storage", hours: float) -> Finding:
    """Whether one was complete within so many hours; blocks."""
    from salesloft_webhooks.handlers.builtin.warehouse.compaction_record import (
        CompactionRecord,
        compacted_at,
        oldest_stored,
    )

    if not hours:
        return skipped(COMPACTION, "nobody wants any: `compaction_hours` is 0")
    compacted = compacted_at(storage, CompactionRecord.read(storage))
    since = compacted or oldest_stored(storage)
    if since is None:
        return fine(COMPACTION, "nothing is stored yet")
    waited = (datetime.now(UTC) - since) / timedelta(hours=1)
    says = f"the last complete one began {waited:,.0f} hours ago" if compacted else "none has been complete yet"
    if waited <= hours:
        return fine(COMPACTION, says)
    return warning(COMPACTION, says, "see docs/runbooks/SalesloftWebhooksCompactionOld.md")
