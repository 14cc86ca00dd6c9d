"""Permits of the one handler that is limited, as a worker names them."""

from collections.abc import Iterable

from salesloft_webhooks.broker import Ask, Want
from tests.model.state import Held, Scope

DIGEST = "00" * 16
"""Of the handler: it has no key."""


def ask_of(scope: Scope, permit: str, entry: str) -> Ask:
    """By which an event asks for a permit."""
    return Ask(f"0 {entry}", permit, (Want("handler", f"{scope.limit} -", DIGEST),))


def returned(ended: Iterable[Held]) -> tuple[tuple[str, str], ...]:
    """Permits of what runs no more, and their entries."""
    return tuple((each.permit, each.lease.entry_id) for each in ended if each.permit)
