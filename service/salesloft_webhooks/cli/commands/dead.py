"""`dead`: looking at dead letters, giving them to their group again, throwing them away."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import confirm, described, note, show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import NEAR_AT_MOST, near_letters, require_group, require_known_types
from salesloft_webhooks.cli.options import AsJson, InGroup, Limit, Types, Yes
from salesloft_webhooks.cli.outcome_tally import Tally
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import Row, show_table
from salesloft_webhooks.cli.times import moment_text, seconds_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter
    from salesloft_webhooks.broker.records import DeadLetter
    from salesloft_webhooks.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Dead letters: events that a group gave up on.")

Reason = Annotated[str, typer.Option("--reason", help="exhausted, permanent, poison or no_handler.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LETTER]...", help="Dead letters as `dead list` names them, or event ids."),
]
All = Annotated[bool, typer.Option("--all", help="All, or those that --group, --type and --reason choose.")]


@app.command("list")
def list_dead(
    *,
    group: InGroup = "",
    types: Types = None,
    reason: Reason = "",
    limit: Limit = 50,
    after: Annotated[str, typer.Option(help="Go on behind this letter: the next page.")] = "",
    as_json: AsJson = False,
) -> None:
    """List dead letters, group by group, latest first."""
    from salesloft_webhooks.broker.administration.dead_letters import dead_letters

    choice = _choice(group, types, reason)

    async def page(store: "Store", _: "Settings") -> list["DeadLetter"]:
        if group:
            await require_group(store, group)
        if after:
            await require_group(store, _group_of(after))
        found: list[DeadLetter] = []
        async for letter in dead_letters(store, choice, after=after):
            found.append(letter)
            if len(found) > limit:
                break
        return found

    found = with_store(page)
    letters, following = found[:limit], found[limit - 1].handle if len(found) > limit else None
    if as_json:
        show_json({"dead": [_object(letter, without={"data"}) for letter in letters], "next": following})
        return
    if not letters:
        require_known_types(types)
    now = datetime.now(UTC)
    rows = [
        Row(
            (one.handle, seconds_text((now - one.died_at).total_seconds()), one.reason, one.event_type),
            below=f"{one.event_id}: {one.error} (attempt {one.attempts})",
        )
        for one in letters
    ]
    show_table(("LETTER", "DIED AGO", "REASON", "TYPE"), rows, numbers=("DIED AGO",), cut=("TYPE",))
    if following:
        note(f"there are more: --after {following}")


@app.command("show")
def show_dead(
    letter: Annotated[str, typer.Argument(metavar="LETTER", help="As `dead list` names it, or an event id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show dead letters in full, content included, which is personal data."""
    from rich.text import Text

    from salesloft_webhooks.broker.administration.dead_letters import find

    async def look(store: "Store", _: "Settings") -> list["DeadLetter"]:
        if not (found := await find(store, letter)):
            fail(f"no such dead letter: {letter}{await near_letters(store, letter)}")
        return found

    found = with_store(look)
    if as_json:
        show_json({"dead": [_object(one) for one in found]})
        return
    for one in found:
        for name, value in _full(one):
            show(Text.assemble((f"{name:<12}", "dim"), value))
        show(Text(one.data.decode(errors="backslashreplace")))


@app.command()
def redrive(
    names: Names = None,
    *,
    everything: All = False,
    group: InGroup = "",
    types: Types = None,
    reason: Reason = "",
    as_json: AsJson = False,
) -> None:
    """Give dead letters to their own group again, never to others; mend the handler first."""
    from salesloft_webhooks.broker.administration.dead_letter_filter import Redriven
    from salesloft_webhooks.broker.administration.dead_letters import redrive as redrive_letters

    choice = _checked(names, _choice(group, types, reason), everything=everything)

    tally = Tally(Redriven.REDRIVEN, failures={Redriven.NO_GROUP, Redriven.NOT_WANTED})

    async def act(store: "Store", settings: "Settings") -> None:
        meant, total = await _meant(store, names or [], choice, tally)
        ttl = settings.idempotency_ttl_seconds
        letters = tally.until_stopped(meant)
        await tally.count(redrive_letters(store, letters, idempotency_ttl_seconds=ttl), total=total)

    with_store(act)
    tally.report(as_json=as_json)


@app.command()
def discard(
    names: Names = None,
    *,
    everything: All = False,
    group: InGroup = "",
    types: Types = None,
    reason: Reason = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Throw dead letters away for good."""
    from salesloft_webhooks.broker.administration.dead_letter_filter import Discarded
    from salesloft_webhooks.broker.administration.dead_letters import discard as discard_letters

    choice = _checked(names, _choice(group, types, reason), everything=everything)

    tally = Tally(Discarded.DISCARDED)

    async def act(store: "Store", _: "Settings") -> None:
        meant, total = await _meant(store, names or [], choice, tally)
        if total:
            confirm(f"Throw {total:,} dead letter(s) away for good?", yes=yes)
            await tally.count(discard_letters(store, tally.until_stopped(meant)), total=total)

    with_store(act)
    tally.report(as_json=as_json)


def _group_of(after: str) -> str:
    from salesloft_webhooks.broker.administration.dead_letter_filter import parse_handle

    if not (handle := parse_handle(after)):
        raise typer.BadParameter(f"--after {after!r} is no dead letter: take `next` of the page before")
    return handle[0]


def _choice(group: str, types: Sequence[str] | None, reason: str) -> "DeadLetterFilter":
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter

    if reason not in {"", "exhausted", "permanent", "poison", "no_handler"}:
        raise typer.BadParameter("--reason is exhausted, permanent, poison or no_handler")
    return DeadLetterFilter(group, tuple(types or ()), reason)


def _checked(names: Sequence[str] | None, choice: "DeadLetterFilter", *, everything: bool) -> "DeadLetterFilter":
    """Names or --all, never both and never neither: a forgotten argument must not mean everything."""
    from salesloft_webhooks.broker.administration.dead_letter_filter import DeadLetterFilter

    if bool(names) == everything:
        raise typer.BadParameter("name dead letters, or say --all (with --group, --type, --reason to narrow it down)")
    if names and choice != DeadLetterFilter():
        raise typer.BadParameter("--group, --type and --reason go with --all, not with names")
    return choice


async def _meant(
    store: "Store", names: Sequence[str], choice: "DeadLetterFilter", tally: Tally
) -> tuple[AsyncIterator["DeadLetter"], int]:
    """The letters that are meant, and how many; names without a letter go into the tally."""
    from salesloft_webhooks.broker.administration.dead_letters import find_all, freeze, frozen, given, size

    if names:
        found = await find_all(store, names)
        tally.missing = [name for name, letters in found.items() if not letters]
        tally.near = {name: await near_letters(store, name) for name in tally.missing[:NEAR_AT_MOST]}
        letters = list(dict.fromkeys(letter for several in found.values() for letter in several))
        return given(letters), len(letters)
    if choice.group:
        await require_group(store, choice.group)
    moment = await freeze(store, choice)
    total = await size(store, moment)
    if not total:
        require_known_types(choice.types)
    return frozen(store, moment), total


def _object(letter: "DeadLetter", *, without: Collection[str] = ()) -> object:
    return {"letter": letter.handle, **described(letter, without={"reference", *without})}


def _full(letter: "DeadLetter") -> list[tuple[str, str]]:
    return [
        ("letter", letter.handle),
        ("event", f"{letter.event_id} ({letter.event_type} of {letter.entity_key} from source {letter.source})"),
        ("happened", letter.created_at),
        ("stored", moment_text(letter.received_at)),
        ("died", f"{moment_text(letter.died_at)}, {letter.reason}, after {letter.attempts} attempt(s)"),
        ("worker", letter.consumer),
        ("error", letter.error),
    ]
