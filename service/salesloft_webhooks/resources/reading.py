"""What every resource has, and how one is read so that nothing a sender writes can make it fail.

A resource is read in one go into its structure (`read`). Where a value is of another kind than published (a number as
text, a time without a zone), each field is looked at for itself: what has one meaning is taken, what has none leaves
its field None and stays among `Resource.others`.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cached_property, lru_cache
from typing import Annotated, Any, TypeVar, get_args, get_origin

import msgspec
from msgspec import Meta, Struct, ValidationError
from msgspec.structs import fields

from salesloft_webhooks.timestamps import parse_timestamp

Time = Annotated[datetime, Meta(tz=True)]
"""A time with a zone, in any zone."""

_JSON = "_json"


class Part(Struct, frozen=True, kw_only=True):
    """Something within a resource. What it holds is not shown by `repr`: it may be about a person."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(...)"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return []


class Reference(Part, frozen=True, kw_only=True, rename={"href": "_href"}):
    """Another resource: its id, and where SalesLoft's API has it."""

    href: str | None = None
    id: int | None = None


class Resource(Struct, frozen=True, kw_only=True, dict=True):
    """A resource of any kind, with what all have; what SalesLoft leaves out or sends as null is None.

    `repr` shows nothing but the id, so that no person ends up in a log or a dead letter.

    Attributes:
        id: Its own id.
        person_id: Whom it concerns, in both dialects; None where nobody is.
        created_at: When it came into being.
        updated_at: Its version.
    """

    id: int | None = None
    person_id: int | None = None
    created_at: Time | None = None
    updated_at: Time | None = None

    @cached_property
    def raw(self) -> Mapping[str, Any]:
        """All of it, as it came."""
        if _JSON in self.__dict__:
            parsed: Mapping[str, Any] = msgspec.json.decode(self.__dict__[_JSON])
            return parsed
        return {name: value for name, value in msgspec.to_builtins(self).items() if value is not None}

    @cached_property
    def others(self) -> Mapping[str, Any]:
        """What came beside the fields, and what does not fit into its field, as it came."""
        names = {written: name for name, written, _ in fields_of(type(self))}
        return {
            name: value
            for name, value in self.raw.items()
            if name not in names or (value is not None and getattr(self, names[name]) is None)
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={self.id!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("id", self.id)]


ResourceT = TypeVar("ResourceT", bound=Resource)


def read(kind: type[ResourceT], json: bytes) -> ResourceT:
    """The JSON object ``json`` as a resource of ``kind``. Never fails over what is in it, only if it is no JSON."""
    try:
        found: ResourceT = _decoder(kind).decode(json)
    except ValidationError:
        found = _field_by_field(kind, msgspec.json.decode(json))
    found.__dict__[_JSON] = json
    return found


@lru_cache(maxsize=64)
def _decoder(kind: type[ResourceT]) -> msgspec.json.Decoder[ResourceT]:
    return msgspec.json.Decoder(kind)


@lru_cache(maxsize=64)
def fields_of(kind: type[Struct]) -> tuple[tuple[str, str, Any], ...]:
    """Each field's name, its name in JSON, and what it holds unless it is None: of a resource or of a part of one."""
    return tuple((field.name, field.encode_name, get_args(field.type)[0]) for field in fields(kind))


def _field_by_field(kind: type[Struct], value: object) -> Any:
    given = value if isinstance(value, Mapping) else {}
    return kind(**{name: _fitting(holds, given.get(written)) for name, written, holds in fields_of(kind)})


def _fitting(kind: Any, value: object) -> object:
    """The value as what its field holds; None if it cannot be that."""
    if value is None:
        return None
    if kind is Time:
        return parse_timestamp(value)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return _field_by_field(kind, value) if isinstance(value, Mapping) else None
    if get_origin(kind) is tuple:
        one = get_args(kind)[0]
        items = [_fitting(one, each) for each in value] if isinstance(value, list) else [None]
        return None if None in items else tuple(items)
    try:
        return msgspec.convert(value, kind, strict=False)
    except ValidationError:
        return None
