"""What every line that is logged while an event is handled carries: the event, the group and the attempt."""

from contextvars import ContextVar, Token, copy_context
from types import TracebackType
from typing import Any

from structlog.contextvars import bind_contextvars

from salesloft_webhooks.events import Event


def _variables(*names: str) -> tuple[ContextVar[Any], ...]:
    """The variables in which structlog keeps these names: it makes them when they are bound for the first time."""
    tokens = copy_context().run(lambda: bind_contextvars(**dict.fromkeys(names)))
    return tuple(tokens[name].var for name in names)


_EVENT_ID, _EVENT_TYPE, _GROUP, _ATTEMPT = _variables("event_id", "event_type", "group", "attempt")


class EventInLogs:
    """``with EventInLogs(event):`` binds its id and type, its group and the attempt, and takes them back afterwards.

    structlog's ``bound_contextvars`` does the same, by name and for any names: at eight times the cost, the dearest
    line of a handler that does nothing.
    """

    __slots__ = ("_event", "_tokens")

    def __init__(self, event: Event) -> None:
        self._event = event

    def __enter__(self) -> None:
        event = self._event
        self._tokens: tuple[Token[Any], ...] = (
            _EVENT_ID.set(event.event_id),
            _EVENT_TYPE.set(event.event_type),
            _GROUP.set(event.group),
            _ATTEMPT.set(event.attempt),
        )

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        event_id, event_type, group, attempt = self._tokens
        _EVENT_ID.reset(event_id)
        _EVENT_TYPE.reset(event_type)
        _GROUP.reset(group)
        _ATTEMPT.reset(attempt)
