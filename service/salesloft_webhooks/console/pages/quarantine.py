"""Deliveries that were signed and could not be read: to look at, to read again, to throw away."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request

from salesloft_webhooks.broker import Publisher, Store
from salesloft_webhooks.broker.administration import quarantine
from salesloft_webhooks.broker.administration.quarantine import Reprocessed, find_quarantined, quarantined
from salesloft_webhooks.broker.administration.quarantine_steps import QuarantineSelection
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.administration.scan import Span, newest_entry
from salesloft_webhooks.broker.administration.selected import each, matching_deliveries
from salesloft_webhooks.broker.administration.stored_records import Quarantined
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.masking import masked_body
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused, NotFound
from salesloft_webhooks.console.routes import Done, View, action, page
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.errors import UnreadableReason

SHOWN = 100
PAGE = "/quarantine"
SAID = {
    Reprocessed.STORED: "It is stored, as if it had just come.",
    Reprocessed.ALREADY_STORED: "Its event had been stored before; it has left the quarantine.",
    Reprocessed.UNREADABLE: "It still cannot be read, and stays.",
    Reprocessed.REDACTED: "A key stood in what it says and was taken out: it is not what came, and stays.",
    Reprocessed.REFUSED: "The store refuses what it would write; it stays.",
}


class Row(Struct, frozen=True):
    """A delivery, without its body."""

    reference: str
    source: str
    dialect: str
    reason: str
    received_at: datetime
    size: int


class QuarantineValues(Struct, frozen=True):
    """What the page shows.

    Attributes:
        rows: The latest deliveries, the latest first.
        counts: How many there are, by reason.
        reason: The one that is asked for; empty: any.
        total: How many of these there are.
    """

    rows: tuple[Row, ...]
    counts: Mapping[str, int]
    reason: str
    total: int


class DeliveryValues(Struct, frozen=True):
    """What the page of one shows; ``body`` is masked."""

    delivery: Row
    from_headers: str
    content_redacted: bool
    unreadable: str
    body: str


async def listed(request: Request, console: Console) -> View:
    """The latest, and how many there are of each reason; a thousand at the most are kept."""
    reason = _known(request.query_params.get("reason", "").strip())
    rows: list[Row] = []
    counts: dict[str, int] = {}
    async for one in quarantined(console.store, Span(newest_first=True)):
        counts[one.reason] = counts.get(one.reason, 0) + 1
        if reason in {"", one.reason} and len(rows) < SHOWN:
            rows.append(_row(one))
    total = counts.get(reason, 0) if reason else sum(counts.values())
    values, command = (
        QuarantineValues(tuple(rows), counts, reason, total),
        command_line("quarantine list", reason=reason),
    )
    verbs = ("reprocess", "discard") if rows else ()
    buttons = {verb.capitalize(): command_line(f"quarantine {verb}", all=True, reason=reason) for verb in verbs}
    return View("quarantine.html", "Quarantine", values, command, buttons=buttons)


async def shown(request: Request, console: Console) -> View:
    """One delivery, its body masked."""
    reference = request.path_params["reference"]
    if (one := await find_quarantined(console.store, reference)) is None:
        raise NotFound(
            "There is no such delivery in quarantine: it was reprocessed, discarded or dropped as the oldest"
        )
    body = "" if one.unreadable else masked_body(one.body)
    values = DeliveryValues(_row(one), one.from_headers, one.content_redacted, one.unreadable, body)
    verbs = ("discard",) if one.content_redacted else ("reprocess", "discard")
    buttons = {verb.capitalize(): command_line(f"quarantine {verb}", reference) for verb in verbs}
    command = command_line("quarantine show", reference)
    return View("quarantine_delivery.html", f"Delivery {reference}", values, command, buttons=buttons)


async def reprocess_one(form: Form, console: Console, _person: Person) -> Done:
    """Read it again, and store it if that works."""
    one = await _delivery(form, console.store)
    event_name = form.text("event")
    async with Publisher(console.store, console.settings) as publisher:
        found = quarantine.reprocess(console.store, publisher, each([one]), event_name=event_name)
        ((_, outcome),) = [pair async for pair in found]
    left = outcome in {Reprocessed.STORED, Reprocessed.ALREADY_STORED}
    return Done(SAID[outcome], PAGE if left else f"{PAGE}/{one.reference}", {outcome: 1})


async def reprocess_all(form: Form, console: Console, person: Person) -> Done:
    """Begin a run that reads them again."""
    reason = _known(form.text("reason"))
    selected = await matching_deliveries(console.store, reason)
    form.confirmed(selected.total)
    newest = await newest_entry(console.store, console.store.keys.quarantine)
    selection: dict[str, Any] = msgspec.to_builtins(QuarantineSelection(reason, event_name=form.text("event")))
    ends = (newest,) * console.store.partitions
    new = NewRun(kind=RunKind.REPROCESS, by=person.name, selection=selection, total=selected.total, ends=ends)
    run = await begin(console.store, new)
    return Done(f"{selected.total} deliveries are read again", f"/runs/{run}", {"deliveries": selected.total}, run)


async def discard_one(form: Form, console: Console, _person: Person) -> Done:
    """Throw it away."""
    one = await _delivery(form, console.store)
    ((_, outcome),) = [pair async for pair in quarantine.discard(console.store, each([one]))]
    return Done(f"{one.reference} is {outcome}", PAGE, {outcome: 1})


async def discard_all(form: Form, console: Console, _person: Person) -> Done:
    """Throw them away: a thousand at the most are kept, which is done at once."""
    reason = _known(form.text("reason"))
    selected = await matching_deliveries(console.store, reason)
    form.confirmed(selected.total)
    counts: dict[str, int] = {}
    async for _, outcome in quarantine.discard(console.store, selected.items):
        counts[outcome] = counts.get(outcome, 0) + 1
    return Done(f"{counts.get('discarded', 0)} deliveries are discarded", PAGE, counts)


async def _delivery(form: Form, store: Store) -> Quarantined:
    if (one := await find_quarantined(store, form.required("reference"))) is None:
        raise FormRefused("this delivery is not in quarantine any more")
    return one


def _known(reason: str) -> str:
    if reason and reason not in set(UnreadableReason):
        raise NotFound("There is no such reason")
    return reason


def _row(one: Quarantined) -> Row:
    return Row(str(one.reference), one.source, one.dialect, one.reason, one.received_at, len(one.body))


ONE = f"{PAGE}/{{reference:path}}"
AUDITED = ("reference", "reason")
ROUTES = [
    page(PAGE, listed, label="Quarantine"),
    page(ONE, shown),
    action(f"{PAGE}/reprocess", reprocess_one, needs=Role.OPERATE, act="reprocess", audited=AUDITED),
    action(f"{PAGE}/reprocess-all", reprocess_all, needs=Role.OPERATE, act="reprocess", audited=AUDITED, bulk=True),
    action(f"{PAGE}/discard", discard_one, needs=Role.DESTROY, act="discard_quarantined", audited=AUDITED),
    action(
        f"{PAGE}/discard-all",
        discard_all,
        needs=Role.DESTROY,
        act="discard_quarantined",
        audited=AUDITED,
        bulk=True,
    ),
]
