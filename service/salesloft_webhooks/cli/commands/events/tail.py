"""`events tail`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.events.entry_output import WithData, entry_object
from salesloft_webhooks.cli.console import note, show_json
from salesloft_webhooks.cli.nearest_names import did_you_mean
from salesloft_webhooks.cli.options import AsJson, Types
from salesloft_webhooks.cli.store_access import follow
from salesloft_webhooks.cli.tables import single_line
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import Entry
    from salesloft_webhooks.errors import StoreError
    from salesloft_webhooks.settings import Settings


def tail_events(
    *,
    last: Annotated[int, typer.Option("--last", "-n", min=0, help="Begin with so many earlier ones.")] = 10,
    types: Types = None,
    with_data: WithData = False,
    as_json: AsJson = False,
) -> None:
    """Print events as they are stored, until Ctrl-C. Takes nothing from any group."""
    from salesloft_webhooks.broker.administration.entries import tail
    from salesloft_webhooks.event_patterns import is_known, matches

    for pattern in types or ():
        if not is_known(pattern):
            note(f"no event of type {pattern} is known{did_you_mean(pattern)}; waiting for one all the same")

    async def print_all(store: "Store", settings: "Settings") -> None:
        reported: set[str] = set()

        def report_once(error: "StoreError") -> None:
            if (text := str(error)) not in reported:
                reported.add(text)
                note(f"the store does not answer ({text}); going on when it does")

        async for entry in tail(store, last=last, poll_seconds=settings.poll_seconds, on_error=report_once):
            reported.clear()
            if types and not matches(entry.event_type, types):
                continue
            if as_json:
                show_json(entry_object(entry, with_data=with_data))
            else:
                print(single_line(_line(entry, with_data=with_data)), flush=True)

    follow(print_all)


def _line(entry: "Entry", *, with_data: bool) -> str:
    only = f"  (again, for {entry.only})" if entry.only else ""
    data = f"  {entry.data.decode(errors='backslashreplace')}" if with_data else ""
    return f"{moment_text(entry.received_at)}  {entry.event_type:<28}  {entry.event_id}{only}{data}"
