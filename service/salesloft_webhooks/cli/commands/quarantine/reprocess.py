"""`quarantine reprocess`."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.bulk_actions import Count, act_on_selected
from salesloft_webhooks.cli.commands.quarantine.selection import All, Names, Reason, selection
from salesloft_webhooks.cli.nearest_names import near_deliveries
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally
from salesloft_webhooks.cli.times import seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.broker.administration.stored_records import Quarantined
    from salesloft_webhooks.settings import Settings


def reprocess(
    names: Names = None,
    *,
    everything: All = False,
    reason: Reason = "",
    event: Annotated[str, typer.Option(help="Native name of those kept without one, by version 0.1.0.")] = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Read deliveries again and store them as if they had just come; what still cannot be read stays."""
    from salesloft_webhooks.broker import Publisher
    from salesloft_webhooks.broker.administration import quarantine
    from salesloft_webhooks.broker.administration.quarantine import Reprocessed

    select = selection(names, reason, everything=everything)

    async def act(store: "Store", settings: "Settings", deliveries: AsyncIterator["Quarantined"], count: Count) -> None:
        async with Publisher(store, settings) as publisher:
            await count(quarantine.reprocess(store, publisher, deliveries, event_name=event))

    tally = OutcomeTally(Reprocessed.STORED, failures={Reprocessed.UNREADABLE, Reprocessed.REFUSED}, act="reprocess")
    act_on_selected(tally, select, act, nearest=near_deliveries, question=_question, yes=yes, as_json=as_json)


def _question(selected: "Selected[Quarantined]", settings: "Settings") -> str:
    """Older than the memory of event ids: what was delivered again meanwhile would not be recognised."""
    memory = timedelta(seconds=settings.idempotency_ttl_seconds)
    if not selected.oldest or datetime.now(UTC) - selected.oldest <= memory:
        return ""
    span = seconds_text(memory.total_seconds())
    return f"Some came more than {span} ago: if they came again since, they run twice. Go on?"
