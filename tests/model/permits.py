"""Permits of the one handler that is limited, as a worker names them."""

from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from salesloft_webhooks.broker import Ask, HandlerLimits, Want
from tests.model.state import Held, Scope
from tests.model.store import at_once

DIGEST = "00" * 16
"""Of the handler: it has no key."""
LOST = -1
"""In the place of a permit's end."""


def ask_of(scope: Scope, permit: str, entry: str) -> Ask:
    """By which an event asks for a permit."""
    return Ask(f"0 {entry}", permit, (Want("handler", f"{scope.limit} -", DIGEST),))


def returned(ended: Iterable[Held]) -> tuple[tuple[str, str], ...]:
    """Permits of what runs no more, and their entries."""
    return tuple((each.permit, each.lease.entry_id) for each in ended if each.permit)


def with_permits_kept(scope: Scope, held: Sequence[Held], limits: HandlerLimits) -> list[Held]:
    """What is held; a permit that was not there any more stays lost, though the call has brought it back."""
    asks = [ask_of(scope, each.permit, each.lease.entry_id) for each in held if each.permit]
    kept = iter(at_once(limits.keep(asks)) if asks else ())
    return [
        replace(each, permit_until=0 if next(kept) and each.permit_until != LOST else LOST) if each.permit else each
        for each in held
    ]
