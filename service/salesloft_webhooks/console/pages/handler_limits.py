"""What limits the handlers of a group, and the forms that change it."""

from collections.abc import Iterable

from msgspec import Struct

from salesloft_webhooks.broker.administration.handler_limiting import (
    HandlerLimit,
    limit_handler_by_hand,
    stored_handler_limits,
)
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.form import Form
from salesloft_webhooks.console.pages.group_limits import known_group, said_in
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import FormRefused
from salesloft_webhooks.console.routes import Done, action
from salesloft_webhooks.console.shown_commands import command_line
from salesloft_webhooks.limits import SaidLimits, typed


class LimitedHandler(Struct, frozen=True):
    """A handler that asks for permits, or of which somebody says something.

    Attributes:
        name: Its name.
        key: The field of which each value has the limit for itself; empty: all events share it.
        limits: A line for each who says something, the one that is believed first.
        known: Whether a handler of that name asks.
        max_running: What is said by hand of how many run at once, as it is typed; empty: nothing.
        rate: Likewise of how many begin.
        limited_by_hand: Whether somebody has said so by hand.
    """

    name: str
    key: str
    limits: tuple[str, ...]
    known: bool
    max_running: str
    rate: str
    limited_by_hand: bool


def limited_handlers(found: Iterable[HandlerLimit]) -> tuple[LimitedHandler, ...]:
    """What a group's page shows of them."""
    return tuple(
        LimitedHandler(
            name=each.handler,
            key=each.key,
            limits=tuple(each.lines),
            known=each.known,
            max_running=typed(each.by_hand.max_running),
            rate=typed(each.by_hand.rate),
            limited_by_hand=bool(each.by_hand.words),
        )
        for each in found
    )


def handler_buttons(group: str, handlers: Iterable[LimitedHandler]) -> dict[str, str]:
    """The commands that do what the page's buttons do."""
    buttons = dict[str, str]()
    for each in handlers:
        if each.known:
            said = {"handler": each.name, "max_running": "10", "rate": "100/min"}
            buttons[f"Limit {each.name}"] = command_line("groups limit", group, **said)
        if each.limited_by_hand:
            forgotten = command_line("groups limit", group, handler=each.name, forget=True)
            buttons[f"Take back of {each.name}"] = forgotten
    return buttons


async def limit_handler(form: Form, console: Console, _person: Person) -> Done:
    """Say by hand what limits a handler; what is left empty is not said by hand any more."""
    group, handler = await known_group(console, form.text("name")), form.required("handler")
    said = said_in(form)
    if not (await _stored(console, group, handler)).known:
        raise FormRefused(f"no handler {handler[:100]} of {group} asks for permits")
    return await _said(console, group, handler, said)


async def forget_handler_limit(form: Form, console: Console, _person: Person) -> Done:
    """Let what is declared or written hold again."""
    group, handler = await known_group(console, form.text("name")), form.required("handler")
    return await _said(console, group, handler, SaidLimits())


async def _said(console: Console, group: str, handler: str, said: SaidLimits) -> Done:
    await limit_handler_by_hand(console.store, group, handler, said, anew=True)
    return Done((await _stored(console, group, handler)).text, f"/groups/{group}")


async def _stored(console: Console, group: str, handler: str) -> HandlerLimit:
    found = {each.handler: each for each in await stored_handler_limits(console.store, group)}
    return found.get(handler, HandlerLimit(handler, known=False))


ROUTES = [
    action(
        "/groups/{name}/limit-handler",
        limit_handler,
        needs=Role.OPERATE,
        act="limit_handler",
        audited=("name", "handler", "max_running", "rate"),
    ),
    action(
        "/groups/{name}/forget-handler-limit",
        forget_handler_limit,
        needs=Role.OPERATE,
        act="forget_handler_limit",
        audited=("name", "handler"),
    ),
]
