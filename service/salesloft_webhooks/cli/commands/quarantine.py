"""`quarantine`: looking at signed deliveries that could not be read, reading them again, throwing them away."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from salesloft_webhooks.cli.console import confirm, described, note, show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import nearest_of
from salesloft_webhooks.cli.options import AsJson, Limit, Yes
from salesloft_webhooks.cli.outcome_tally import Tally
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import show_table
from salesloft_webhooks.cli.times import moment_text, seconds_text
from salesloft_webhooks.errors import UnreadableReason

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.records import Quarantined
    from salesloft_webhooks.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Signed deliveries that could not be read, and were answered with 400.")

Reason = Annotated[str, typer.Option("--reason", help="For this reason only, as `quarantine list` shows it.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[DELIVERY]...", help="Deliveries as `quarantine list` names them."),
]
All = Annotated[bool, typer.Option("--all", help="All, or those that --reason chooses.")]


@app.command("list")
def list_quarantine(*, reason: Reason = "", limit: Limit = 50, as_json: AsJson = False) -> None:
    """List the latest deliveries in quarantine."""
    from salesloft_webhooks.broker.administration.quarantine import quarantined
    from salesloft_webhooks.broker.administration.scan import Span

    _check_reason(reason)

    async def page(store: "Store", _: "Settings") -> list["Quarantined"]:
        found: list[Quarantined] = []
        async for one in quarantined(store, Span(newest_first=True)):
            if reason in {"", one.reason}:
                found.append(one)
            if len(found) > limit:
                break
        return found

    found = with_store(page)
    if as_json:
        documents = [described(one, without={"body"}) for one in found[:limit]]
        show_json({"quarantine": documents, "more": len(found) > limit})
        return
    rows = [
        (one.reference, one.source, one.dialect, one.reason, moment_text(one.received_at), f"{len(one.body):,}")
        for one in found[:limit]
    ]
    show_table(
        ("DELIVERY", "SOURCE", "DIALECT", "REASON", "RECEIVED", "BYTES"), rows, numbers=("BYTES",), cut=("SOURCE",)
    )
    if len(found) > limit:
        note("there are more: raise --limit")


@app.command("show")
def show_quarantined(
    delivery: Annotated[str, typer.Argument(metavar="DELIVERY", help="As `quarantine list` names it.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one delivery with its body, which may be personal data."""
    from rich.text import Text

    from salesloft_webhooks.broker.administration.quarantine import find_quarantined

    async def look(store: "Store", _: "Settings") -> "Quarantined":
        found = await find_quarantined(store, delivery)
        if found is None:
            fail(f"no such delivery in quarantine: {delivery}{await _nearest(store, delivery)}")
        return found

    found = with_store(look)
    body = found.body.decode(errors="backslashreplace")
    if as_json:
        show_json({**described(found, without={"body"}), "body": body})
        return
    show(Text(f"{found.reference} from source {found.source} ({found.dialect}), {moment_text(found.received_at)}"))
    show(Text(f"unreadable: {found.reason}" + (f", sent as {found.from_headers}" if found.from_headers else "")))
    show(Text(body))


@app.command()
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
    from salesloft_webhooks.broker.administration.quarantine import Reprocessed
    from salesloft_webhooks.broker.administration.quarantine import reprocess as read_again

    _check(names, reason, everything=everything)
    tally = Tally(Reprocessed.STORED, failures={Reprocessed.UNREADABLE, Reprocessed.REFUSED})

    async def act(store: "Store", settings: "Settings") -> None:
        meant = await _meant(store, names or [], reason, tally)
        memory = timedelta(seconds=settings.idempotency_ttl_seconds)
        if meant.oldest and datetime.now(UTC) - meant.oldest > memory:
            span = seconds_text(memory.total_seconds())
            confirm(f"Some came more than {span} ago: if they came again since, they run twice. Go on?", yes=yes)
        async with Publisher(store, settings) as publisher:
            deliveries = tally.until_stopped(meant.deliveries)
            await tally.count(read_again(store, publisher, deliveries, event_name=event), total=meant.total)

    with_store(act)
    tally.report(as_json=as_json)


@app.command()
def discard(
    names: Names = None,
    *,
    everything: All = False,
    reason: Reason = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Throw deliveries in quarantine away for good."""
    from salesloft_webhooks.broker.administration.quarantine import Removed
    from salesloft_webhooks.broker.administration.quarantine import discard as throw_away

    _check(names, reason, everything=everything)
    tally = Tally(Removed.DISCARDED)

    async def act(store: "Store", _: "Settings") -> None:
        meant = await _meant(store, names or [], reason, tally)
        if meant.total:
            confirm(f"Throw {meant.total:,} deliveries in quarantine away for good?", yes=yes)
            await tally.count(throw_away(store, tally.until_stopped(meant.deliveries)), total=meant.total)

    with_store(act)
    tally.report(as_json=as_json)


class _Meant(NamedTuple):
    """Deliveries that were asked for, how many, and when the oldest of them came."""

    deliveries: AsyncIterator["Quarantined"]
    total: int
    oldest: datetime | None


async def _meant(store: "Store", names: Sequence[str], reason: str, tally: Tally) -> _Meant:
    """What names or --all mean; names of nothing go into the tally, with a word about the nearest."""
    from salesloft_webhooks.broker.administration.quarantine import chosen, find_quarantined, held
    from salesloft_webhooks.broker.administration.scan import newest_entry

    if not names:
        newest = await newest_entry(store, store.keys.quarantine)  # what comes after the question is not meant
        moments = [one.received_at async for one in held(store, newest, reason)]
        return _Meant(held(store, newest, reason), len(moments), min(moments, default=None))
    found = {name: await find_quarantined(store, name) for name in names}
    for name in (name for name, one in found.items() if one is None):
        tally.missing.append(name)
        tally.near[name] = await _nearest(store, name)
    deliveries = sorted(filter(None, found.values()), key=lambda one: one.reference)
    return _Meant(chosen(deliveries), len(deliveries), min((one.received_at for one in deliveries), default=None))


async def _nearest(store: "Store", name: str) -> str:
    from salesloft_webhooks.broker.administration.quarantine import held

    return nearest_of(name, [str(one.reference) async for one in held(store)])


def _check(names: Sequence[str] | None, reason: str, *, everything: bool) -> None:
    """Names or --all, never both and never neither: a forgotten argument must not mean everything."""
    _check_reason(reason)
    if bool(names) == everything:
        raise typer.BadParameter("name deliveries, or say --all (with --reason to narrow it down)")
    if names and reason:
        raise typer.BadParameter("--reason goes with --all, not with names")


def _check_reason(reason: str) -> None:
    if reason and reason not in set(UnreadableReason):
        near = get_close_matches(reason, list(UnreadableReason), n=1) or list(UnreadableReason)
        raise typer.BadParameter(f"--reason {reason!r} is none: did you mean {' or '.join(near)}?")
