"""What there is and what is to become of it, as rows for people and documents for programs. No row has a token."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look
    from salesloft_webhooks.salesloft import Subscription
    from salesloft_webhooks.subscriptions import SigningKey, Step

KEEP, MISSING, FOREIGN, ELSEWHERE = "keep", "missing", "foreign", "elsewhere"


@dataclass(frozen=True, slots=True)
class Row:
    """A subscription that is there, or is to be.

    Attributes:
        action: ``create``, ``enable``, ``delete``, ``keep``; ``missing``: is created later; ``foreign``: at one of
            our addresses, and not ours; ``elsewhere``: at another address.
        event: SalesLoft's name of the event type.
        id: SalesLoft's; None: it is not there yet.
        enabled: Whether it is delivered now; None: it is not there yet.
        key: The fingerprint of the key it is signed with; None: none of ours.
        why: Why it is deleted; empty otherwise.
    """

    action: str
    event: str
    id: int | None = None
    enabled: bool | None = None
    key: str | None = None
    why: str = ""


def step_row(step: "Step", keys: "tuple[SigningKey, ...]") -> Row:
    """A step by itself."""
    from salesloft_webhooks.subscriptions import Create, Enable

    if isinstance(step, Create):
        return Row("create", step.event, key=keys[step.key].fingerprint)
    if isinstance(step, Enable):
        return Row("enable", step.event, step.id, enabled=False)
    return Row("delete", step.event, step.id, why=step.reason)


def rows(look: "Look") -> list[Row]:
    """Everything at our addresses, and everything that is wanted there: by event type, then by id."""
    found = [*_there(look), *_not_there(look)]
    return sorted(found, key=lambda row: (row.event, row.id is None, row.id or 0))


def elsewhere(look: "Look") -> "list[Subscription]":
    """What goes to other addresses, which is nobody's business here."""
    return [each for each in look.round.found or () if not _is_here(each, look)]


def _there(look: "Look") -> Iterator[Row]:
    from salesloft_webhooks.subscriptions import Create

    steps = {step.id: step for step in look.round.plan.steps if not isinstance(step, Create)}
    for each in look.round.found or ():
        if not _is_here(each, look):
            continue
        key = _signed_with(each, look.keys)
        action, why = (KEEP if key else FOREIGN), ""
        if step := steps.get(each.id):
            planned = step_row(step, look.keys)
            action, why = planned.action, planned.why
        yield Row(action, each.event_type, each.id, each.enabled, key, why)


def _not_there(look: "Look") -> Iterator[Row]:
    from salesloft_webhooks.subscriptions import Create, Route

    created = [step_row(step, look.keys) for step in look.round.plan.steps if isinstance(step, Create)]
    yield from created
    ours = {
        Route(each.event_type, each.callback_url)
        for each in look.round.found or ()
        if _signed_with(each, look.keys) is not None
    }
    missing = {route.event for route in look.desired.routes - ours}
    for event in sorted(missing - {row.event for row in created}):
        yield Row(MISSING, event)


def _is_here(each: "Subscription", look: "Look") -> bool:
    """Whether it is ours, or comes to us all the same."""
    from salesloft_webhooks.subscriptions import Route

    route = Route(each.event_type, each.callback_url)
    signed = _signed_with(each, look.keys) is not None
    return look.desired.is_for_us(route) or (signed and look.desired.may_be_ours(route))


def _signed_with(each: "Subscription", keys: "tuple[SigningKey, ...]") -> str | None:
    from salesloft_webhooks.subscriptions.signing_keys import is_token_of

    return next((key.fingerprint for key in keys if is_token_of(key, each.event_type, each.callback_token)), None)
