"""`dead show`."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.commands.dead.letter_output import letter_object
from salesloft_webhooks.cli.console import show, show_json
from salesloft_webhooks.cli.failures import fail
from salesloft_webhooks.cli.nearest_names import near_letters
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.cli.store_access import with_store
from salesloft_webhooks.cli.tables import single_line
from salesloft_webhooks.cli.times import moment_text

if TYPE_CHECKING:
    from salesloft_webhooks.broker import Store
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter
    from salesloft_webhooks.settings import Settings


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
        show_json({"dead": [letter_object(one) for one in found]})
        return
    for one in found:
        for name, value in _full(one):
            show(Text.assemble((f"{name:<12}", "dim"), single_line(value)))
        show(one.data.decode(errors="backslashreplace"))


def _full(letter: "DeadLetter") -> list[tuple[str, str]]:
    return [
        ("letter", letter.handle),
        ("event", f"{letter.event_id} ({letter.event_type} of {letter.entity_key} from source {letter.source})"),
        ("happened", letter.created_at),
        ("stored", moment_text(letter.received_at)),
        ("died", f"{moment_text(letter.died_at)}, {letter.reason}, after {letter.attempts} attempt(s)"),
        ("worker", letter.consumer),
        ("error", letter.error),
        *([("data", letter.unreadable)] if letter.unreadable else []),
    ]
