"""How the commands of `dead` show a dead letter as JSON."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.console import described

if TYPE_CHECKING:
    from salesloft_webhooks.broker.administration.stored_records import DeadLetter


def letter_object(letter: "DeadLetter", *, without: Collection[str] = ()) -> object:
    """A dead letter as a JSON object, with the name that commands take; its fields but those ``without``."""
    return {"letter": letter.handle, **described(letter, without={"reference", *without})}
