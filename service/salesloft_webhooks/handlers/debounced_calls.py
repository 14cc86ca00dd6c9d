"""How a debounced handler is called: not by its events, but by the follow-up of the last of them."""

from collections.abc import Awaitable, Callable

from salesloft_webhooks.events import Event
from salesloft_webhooks.handlers.debounce import DebounceRules
from salesloft_webhooks.handlers.execution import StillLeased

PUT_OFF = object()
"""What running a handler comes to that is to be called later."""

Run = Callable[[Event, StillLeased], Awaitable[object]]
"""Runs one handler for one event, perhaps after a wait."""


def debounced(rules: DebounceRules, run: Run, others: Callable[[str], tuple[str, ...]]) -> Run:
    """The same, put off; what is a follow-up already, its own or one that an author has asked for, runs at once.

    ``others`` says by the type of an event which other handlers are given it as well.
    """

    async def put_off_or_run(event: Event, still_leased: StillLeased) -> object:
        if event.follow_up is None and await rules.put_off(event, others(event.event_type)):
            return PUT_OFF
        return await run(event, still_leased)

    return put_off_or_run
