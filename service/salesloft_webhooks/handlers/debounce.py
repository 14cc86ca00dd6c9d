"""Debounced handlers: called once for several events, with the last of them, when no more have come for a while.

The attempt at such an event does not call the handler. It asks for a follow-up together with `done`, which in the same
step takes the place of what an earlier event has asked for; when it is due, the handler is called with its event. So
there is nothing of its own to lose: what waits, begins, is tried again and dies as every follow-up does. Decision 100.
"""

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from salesloft_webhooks.content_filters import Field, FilterMistake, parse_field
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.events import Event
from salesloft_webhooks.follow_ups import ASKER, Asker, Debounced, Wanted, is_task_name
from salesloft_webhooks.time_spans import span_in_seconds

EVERYTHING = "entity_key"
"""The field that all events of one person, or other entity, have in common."""
TASK_FOLDER = "debounced/"
"""How debounced handlers are named where a follow-up says its task: authors' own tasks have no slash."""
LONGEST_NAME = 100
LEAST_SECONDS = 0.001
AT_MOST_WINDOWS = 10
"""How long the first of them waits at most where its author has not said it, in `Debounce.seconds`."""


class Unsaid(Enum):
    """In the place of what an author has not said, where None means something else."""

    AT_MOST = f"{AT_MOST_WINDOWS} times seconds"


@dataclass(frozen=True, slots=True)
class Debounce:
    """When a handler is called for several events together: with the last of them alone (docs/debounce.md).

    Attributes:
        seconds: After how long without another event, in seconds or as a `timedelta`: a millisecond to a year.
        key: A field, as filters name them. Events of one person (entity) with one value in it belong together; default:
            all of a person.
        at_most: How long the first of them waits in all while others keep coming; default: ten times ``seconds``; None:
            for as long as they come, so that what never rests is never handled.
        name: What its follow-ups are called; default: the name of the handler.

    Raises:
        ConfigurationError: one of them is out of range, or no field.
    """

    seconds: float | timedelta
    key: str = EVERYTHING
    at_most: float | timedelta | Unsaid | None = Unsaid.AT_MOST
    name: str = ""

    def __post_init__(self) -> None:
        seconds, at_most = _span("seconds", self.seconds), self._at_most()
        if seconds < LEAST_SECONDS:
            raise ConfigurationError(f"Debounce(seconds=...) must be at least {LEAST_SECONDS}")
        if self.at_most is not None and at_most < seconds:
            raise ConfigurationError("Debounce(at_most=...) must not be shorter than seconds=...")
        if self.name and not is_task_name(self.name):
            raise ConfigurationError("Debounce(name=...): 1 to 100 lower-case letters, digits, `_` and `.`")
        _field(self.key)

    def rules_of(self, handler_name: str) -> "DebounceRules":
        """What it means for the handler of that name."""
        name = self.name or re.sub(r"[^a-z0-9_.]+", "_", handler_name.lower())[-LONGEST_NAME:]
        return DebounceRules(
            TASK_FOLDER + name, self.key, _field(self.key), _span("seconds", self.seconds), self._at_most()
        )

    def _at_most(self) -> float:
        """In seconds; 0: for as long as others come."""
        if isinstance(self.at_most, Unsaid):
            return AT_MOST_WINDOWS * _span("seconds", self.seconds)
        return 0.0 if self.at_most is None else _span("at_most", self.at_most)


@dataclass(frozen=True, slots=True)
class DebounceRules:
    """How one handler is debounced.

    Attributes:
        task: What its follow-ups say they are, by which the handler is found again.
        key: What its author has written.
        field: The field that this is.
        seconds: See `Debounce`.
        at_most_seconds: The same; 0: for as long as others come.
    """

    task: str
    key: str
    field: Field
    seconds: float
    at_most_seconds: float

    async def put_off(self, event: Event, others: tuple[str, ...]) -> bool:
        """Have the handler called later; False: now, for the event was given again by hand, or nothing can wait yet.

        Args:
            event: Which.
            others: By what names the group's other handlers are known that are given this event as well.

        Raises:
            Retry: the store cannot be asked, or has no room.
        """
        asker: Asker = event.__dict__[ASKER]
        value = json.dumps(self.field.read(event), sort_keys=True)  # of JSON: whatever it is can be written again
        debounced = Debounced(value, self.at_most_seconds, others)
        return await asker.ask_later(Wanted(self.key, self.seconds, self.task, b"", on_done=True, debounced=debounced))


def _span(name: str, value: float | timedelta) -> float:
    try:
        return span_in_seconds("Debounce", value, name)
    except (TypeError, ValueError) as exc:
        raise ConfigurationError(str(exc)) from None


def _field(key: str) -> Field:
    """The field of that name: what a filter can ask the existence of."""
    try:
        return parse_field(key)
    except FilterMistake as exc:
        raise ConfigurationError(f"Debounce(key=...): column {exc.column}: a field is expected: `data.id`") from None
    except ValueError:
        raise ConfigurationError("Debounce(key=...): one field is expected: `data.id`") from None
