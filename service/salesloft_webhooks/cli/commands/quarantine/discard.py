"""`quarantine discard`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.bulk_actions import Count, act_on_selected
from salesloft_webhooks.cli.commands.quarantine.selection import All, Names, Reason, selection
from salesloft_webhooks.cli.nearest_names import near_deliveries
from salesloft_webhooks.cli.options import AsJson, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.broker.administration.stored_records import Quarantined
    from salesloft_webhooks.settings import Settings


def discard(
    names: Names = None,
    *,
    everything: All = False,
    reason: Reason = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Throw deliveries in quarantine away for good."""
    from salesloft_webhooks.broker.administration import quarantine
    from salesloft_webhooks.broker.administration.quarantine import Removed

    select = selection(names, reason, everything=everything)

    def question(selected: "Selected[Quarantined]", _: "Settings") -> str:
        return f"Throw {selected.total:,} deliveries in quarantine away for good?"

    async def act(store: "Store", _: "Settings", deliveries: AsyncIterator["Quarantined"], count: Count) -> None:
        await count(quarantine.discard(store, deliveries))

    tally = OutcomeTally(Removed.DISCARDED, act="quarantine_discard")
    act_on_selected(tally, select, act, nearest=near_deliveries, question=question, yes=yes, as_json=as_json)
