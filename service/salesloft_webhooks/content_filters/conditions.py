"""What a filter is once it is read: conditions that hold for an event, or do not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from salesloft_webhooks.events import Event

Value = str | int | float | bool | None
"""What a filter can write down."""

FIELDS = (
    "event_id",
    "event_type",
    "source",
    "entity_key",
    "person_id",
    "user_id",
    "resource_id",
    "email_address",
)
"""What an event has beside its ``data``, by the names that handlers know."""


class Condition(Protocol):
    """Something that an event meets or does not."""

    def holds(self, event: Event) -> bool:
        """Whether the event meets it. Never raises, and takes time in proportion to the filter, whatever it says."""


@dataclass(frozen=True, slots=True)
class Field:
    """What a filter names of an event.

    Attributes:
        name: ``data`` or one of `FIELDS`.
        path: Names from there on, of ``data`` only.
    """

    name: str
    path: tuple[str, ...] = ()

    def read(self, event: Event) -> object:
        """What the event has there; None when it has nothing."""
        if not self.path:
            found: object = getattr(event, self.name)
            return found
        at: object = event.data
        for name in self.path:
            if not isinstance(at, Mapping):
                return None
            at = at.get(name)
        return at


def _equal(found: object, value: Value) -> bool:
    """As JSON has it: in Python ``True == 1``."""
    if isinstance(found, bool) or isinstance(value, bool):
        return found is value
    return found == value


@dataclass(frozen=True, slots=True)
class Among:
    """The field has one of these values."""

    field: Field
    values: tuple[Value, ...]

    def holds(self, event: Event) -> bool:
        """Whether the field has one of them."""
        found = self.field.read(event)
        return any(_equal(found, value) for value in self.values)


@dataclass(frozen=True, slots=True)
class Contains:
    """The field is a list that has this value."""

    field: Field
    value: Value

    def holds(self, event: Event) -> bool:
        """Whether the list has it."""
        found = self.field.read(event)
        return isinstance(found, Sequence) and not isinstance(found, str) and any(_equal(e, self.value) for e in found)


@dataclass(frozen=True, slots=True)
class Exists:
    """The field is there, and not null."""

    field: Field

    def holds(self, event: Event) -> bool:
        """Whether it is there."""
        return self.field.read(event) is not None


@dataclass(frozen=True, slots=True)
class Not:
    """The other does not hold."""

    condition: Condition

    def holds(self, event: Event) -> bool:
        """Whether the other does not."""
        return not self.condition.holds(event)


@dataclass(frozen=True, slots=True)
class All:
    """Each of them holds."""

    conditions: tuple[Condition, ...]

    def holds(self, event: Event) -> bool:
        """Whether each does."""
        return all(each.holds(event) for each in self.conditions)


@dataclass(frozen=True, slots=True)
class Some:
    """One of them holds."""

    conditions: tuple[Condition, ...]

    def holds(self, event: Event) -> bool:
        """Whether one does."""
        return any(each.holds(event) for each in self.conditions)
