"""How the commands of `events` show an entry of the stream."""

from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import described

if TYPE_CHECKING:
    from salesloft_webhooks.broker.administration.stored_records import Entry

WithData = Annotated[bool, typer.Option("--data", help="Also the content, which is personal data.")]


def entry_object(entry: "Entry", *, with_data: bool) -> object:
    """An entry as a JSON object, with its content or without."""
    return described(entry, without=() if with_data else {"data"})
