"""`trial`: one delivery through everything, from the signature to the handler, which is what `helm test` runs.

Or one recorded event through the handlers alone, here.
"""

import time
from secrets import randbelow
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from salesloft_webhooks.cli.console import note, show
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import require_group
from salesloft_webhooks.cli.store_access import with_store

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.history import EventState
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator import Delivery

EVENT_TYPE = "call.completed"
"""A logged call changes nothing outside: `activity` keeps a row of it, `crm` and `notify` do not want it."""

FIRST_INVENTED_ID = 8_000_000_000_000_000
"""Far beyond SalesLoft's own ids, and still a number that JSON and Lua keep exactly."""

POLL_SECONDS = 0.2


def trial(  # noqa: PLR0913 - each is an option of the command
    url: Annotated[
        str, typer.Argument(metavar="URL", help="Where to, with or without a path; default: this machine.")
    ] = "",
    *,
    group: Annotated[str, typer.Option("--group", "-g", help="Which must handle it; default: activity.")] = "",
    source: Annotated[str, typer.Option(help="Whose keys and path, where SOURCES_FILE has several.")] = "",
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait until it is handled.")] = 30.0,
    event: Annotated[str, typer.Option("--event", metavar="EVENT", help="A stored event, by its id.")] = "",
    dead: Annotated[str, typer.Option("--dead", metavar="LETTER", help="A dead letter, or its event's id.")] = "",
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="Events in JSON; - reads stdin.")] = "",
    handlers: Annotated[
        list[str] | None, typer.Option(help="Router of your own, package.module:router. Repeatable. [WORKER_HANDLERS]")
    ] = None,
) -> None:
    """Post one signed delivery, a logged call of nobody, and wait until a group has handled it.

    With --event, --dead or --file: run handlers once with that event, here and now. Nothing changes in the store, and
    what went wrong is shown with your own line. What the handlers do outside, they do.

    Exit codes: 0 handled, 1 refused or not handled (in time), 2 wrong usage, 3 receiver or store unreachable.
    """
    if recorded := [each for each in (event, dead, file) if each]:
        if url or len(recorded) > 1:
            raise typer.BadParameter("a URL, --event, --dead and --file: one of them only")
        from salesloft_webhooks.cli import recorded_events
        from salesloft_webhooks.cli.commands.trial.handler_trials import try_events

        by_name = recorded_events.stored_event if event else recorded_events.dead_letter
        found = recorded_events.written_events(file, group) if file else [by_name(recorded[0], group)]
        try_events(found, group, handlers or ())
        return
    if handlers:
        raise typer.BadParameter("--handlers needs a recorded event: --event, --dead or --file")
    _deliver(url, group or "activity", source, timeout)


def _deliver(url: str, group: str, source: str, timeout: float) -> None:
    from salesloft_webhooks.cli.simulator_runs import exit_code, post, show_summary
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator import Posting, Simulator

    address, event_id, delivery = _delivery(Settings.load(), url, source)
    posting = Posting(rate=None, concurrency=1, timeout_seconds=timeout, retries=0)
    began = time.monotonic()
    tally = post(Simulator(address, iter([delivery]), posting), 1)
    if tally.unexpected:
        show_summary(tally)
        raise typer.Exit(exit_code(tally))
    stored = time.monotonic()

    async def act(store: "Store", _: "Settings") -> "EventState | None":
        if (state := await _await_end(store, event_id, group, stored + timeout)) is None:
            note(f"{event_id} was stored")
            await require_group(store, group)
        return state

    if (state := with_store(act)) not in ("done", "debounced"):
        fail(f"{event_id} was stored, but for {group} it is {state or 'unknown'} (salesloft-webhooks events show ...)")
    handled = time.monotonic() - stored
    ended = "handled" if state == "done" else state
    show(f"{event_id} was stored in {stored - began:.2f} s and {ended} by {group} {handled:.2f} s later")


def _delivery(settings: "Settings", url: str, name: str) -> "tuple[str, str, Delivery]":
    from salesloft_webhooks.cli.input_events import InputEvent, as_deliveries
    from salesloft_webhooks.receiver.sources import load_sources
    from salesloft_webhooks.simulator import Signer

    sources = {source.name: source for source in load_sources(settings)}
    source = sources.get(name) if name else next(iter(sources.values()))
    if source is None:
        fail(f"there is no source {name} (there are: {', '.join(sources)})")
    own = FIRST_INVENTED_ID + randbelow(10**15)
    event_id = f"{EVENT_TYPE}/{own}"  # also the id that a native call_created leads to
    signer = Signer(source.keys)
    dialect = signer.dialects[0]
    data = {"id": own, "duration": 0, "disposition": "salesloft-webhooks trial"}
    event = InputEvent("call_created", data) if dialect.bare_resources else InputEvent(EVENT_TYPE, data, event_id)
    (delivery,) = as_deliveries(signer, dialect, [event])
    base = url or f"http://127.0.0.1:{settings.port}"
    address = base if urlsplit(base).path.strip("/") else base.rstrip("/") + source.path
    return address, event_id, delivery


async def _await_end(store: "Store", event_id: str, group: str, deadline: float) -> "EventState | None":
    """Where the event ends up in the group, or where it is when the time is over; None: the group has never been."""
    import asyncio

    from salesloft_webhooks.broker.administration.history import EventState, history

    under_way = {EventState.WAITING, EventState.RUNNING, EventState.LAPSED, EventState.SCHEDULED, EventState.PARKED}
    while True:
        found = await history(store, event_id)
        states = {row.group: row.state for row in found.groups} if found else {}
        state = states.get(group)
        # A group that starts at this moment registers a little later: its absence is no answer yet.
        if (state is not None and state not in under_way) or time.monotonic() > deadline:
            return state
        await asyncio.sleep(POLL_SECONDS)
