"""`dead discard`."""

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
from salesloft_webhooks.cli.options import AsJson, InGroup, Types, Yes
from salesloft_webhooks.cli.outcome_tally import OutcomeTally

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.selected import Selected
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter
    from salesloft_webhooks.settings import Settings


def discard(  # noqa: PLR0913 - the options of a command line
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
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Throw dead letters away for good."""
    from salesloft_webhooks.broker.administration import dead_letters
    from salesloft_webhooks.broker.administration.dead_letter_filter import Discarded

    wanted = dead_letter_filter(group, types, reason, error, person, since=since, until=until)
    select = selection(names, wanted, everything=everything)

    def question(selected: "Selected[DeadLetter]", _: "Settings") -> str:
        return f"Throw {selected.total:,} dead letter(s) away for good?"

    async def act(store: "Store", _: "Settings", letters: AsyncIterator["DeadLetter"], count: Count) -> None:
        await count(dead_letters.discard(store, letters))

    tally = OutcomeTally(Discarded.DISCARDED, act="discard")
    act_on_selected(tally, select, act, nearest=near_letters, question=question, yes=yes, as_json=as_json)
