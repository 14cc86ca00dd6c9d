"""The tables of the `tables` group: a column for each field of the resources' types, so the fields have one home.

A field that SalesLoft's description gains becomes a column here with `make docs`, and a test then asks for the
migration. Migrations spell the columns out: see `schema`.
"""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, get_args

from msgspec import Struct
from msgspec.structs import fields
from sqlalchemy import BigInteger, Boolean, Column, Index, Table
from sqlalchemy.types import TypeEngine

from salesloft_webhooks.handlers.database.schema import JsonDocument, UnlimitedText, UtcTime, metadata
from salesloft_webhooks.resources.account import Account
from salesloft_webhooks.resources.cadence import Cadence
from salesloft_webhooks.resources.note import Note
from salesloft_webhooks.resources.reading import Reference, Resource, Time
from salesloft_webhooks.resources.task import Task

OTHERS = "others"
"""The column with what came beside the fields, and what does not fit into its field."""

_VERSIONED = frozenset({"id", "updated_at", "person_id"})
"""Of what all resources have: the key, the version, and what follows from several fields."""
_TYPES: Mapping[Any, type[TypeEngine[Any]]] = {
    Time: UtcTime,
    Reference: BigInteger,
    str: UnlimitedText,
    int: BigInteger,
    bool: Boolean,
}
"""By what a field holds; whatever else it is, is JSON."""


class ResourceField(Struct, frozen=True):
    """A field of a resource, and its column.

    Attributes:
        name: In the type.
        written: In JSON.
        column: That of a reference ends in ``_id``, and holds the id.
        holds: What it holds, unless it is None.
    """

    name: str
    written: str
    column: str
    holds: Any

    @property
    def is_reference(self) -> bool:
        """Whether it is another resource."""
        return self.holds is Reference

    @property
    def is_json(self) -> bool:
        """Whether the column holds it as it came."""
        return self.holds not in _TYPES


class ResourceTable(Struct, frozen=True):
    """Where the resources of one kind are kept.

    Attributes:
        table: One row for each resource.
        fields: Those that have a column, but for the id, the version and the person.
        has_person: Whether they are about a person.
    """

    table: Table
    fields: tuple[ResourceField, ...]
    has_person: bool

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that an event may say something about."""
        person = ("person_id",) if self.has_person else ()
        return (*person, *(each.column for each in self.fields), OTHERS)


def _fields(kind: type[Resource]) -> Iterator[ResourceField]:
    for each in fields(kind):
        holds = get_args(each.type)[0]
        column = f"{each.name}_id" if holds is Reference else each.name
        if column not in _VERSIONED:
            yield ResourceField(each.name, each.encode_name, column, holds)


def _table(name: str, kind: type[Resource], *, has_person: bool = False) -> ResourceTable:
    found = tuple(_fields(kind))
    person = [Column("person_id", BigInteger), Index(f"ix_{name}_person_id", "person_id")] if has_person else []
    table = Table(
        name,
        metadata,
        Column("id", BigInteger, primary_key=True, autoincrement=False),
        Column("updated_at", UtcTime(), nullable=False),
        Column("deleted_at", UtcTime()),
        *person,
        *(Column(each.column, _TYPES.get(each.holds, JsonDocument)) for each in found),
        Column(OTHERS, JsonDocument),
    )
    return ResourceTable(table, found, has_person)


RESOURCE_TABLES: Mapping[str, ResourceTable] = MappingProxyType(
    {
        "account": _table("salesloft_accounts", Account),
        "cadence": _table("salesloft_cadences", Cadence),
        "note": _table("salesloft_notes", Note, has_person=True),
        "task": _table("salesloft_tasks", Task, has_person=True),
    }
)
"""By the kind of resource. One row per resource; `updated_at` is SalesLoft's: the version applied last."""
