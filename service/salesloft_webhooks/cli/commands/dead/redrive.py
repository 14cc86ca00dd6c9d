"""`dead redrive`."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.bulk_actions import Count, act_on_selected
from salesloft_webhooks.cli.commands.dead.selection import (
    All,
    DiedSince,
    DiedUntil,
    Error,
    Names,
    Person,
    Reason,
    dead_letter_filter,
    selection,
)
from salesloft_webhooks.cli.nearest_names import near_letters
from salesloft_webhooks.cli.options import AsJson, InGroup, Types
from salesloft_webhooks.cli.outcome_tally import OutcomeTally

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter
    from salesloft_webhooks.settings import Settings


def redrive(  # noqa: PLR0913 - the options of a command line
    names: Names = None,
    *,
    everything: All = False,
    group: InGroup = "",
    types: Types = None,
    reason: Reason = "",
    error: Error = "",
    person: Person = "",
    since: DiedSince = "",
    until: DiedUntil = "",
    as_json: AsJson = False,
) -> None:
    """Give dead letters to their own group again, never to others; mend the handler first."""
    from salesloft_webhooks.broker.administration import dead_letters
    from salesloft_webhooks.broker.administration.dead_letter_filter import Redriven

    wanted = dead_letter_filter(group, types, reason, error, person, since=since, until=until)
    select = selection(names, wanted, everything=everything)

    async def act(store: "Store", settings: "Settings", letters: AsyncIterator["DeadLetter"], count: Count) -> None:
        ttl = settings.idempotency_ttl_seconds
        await count(dead_letters.redrive(store, letters, idempotency_ttl_seconds=ttl))

    tally = OutcomeTally(Redriven.REDRIVEN, failures={Redriven.NO_GROUP, Redriven.NOT_WANTED}, act="redrive")
    act_on_selected(tally, select, act, nearest=near_letters, as_json=as_json)
