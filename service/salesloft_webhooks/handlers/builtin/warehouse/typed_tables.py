"""Which typed tables there are, and files of them as bytes.

A file of a typed table is made from one file of events and has its name: the same events, one row for each. So it
follows from that file alone, whoever makes it and however often, and may be deleted and made again.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.event_table import ID
from salesloft_webhooks.handlers.builtin.warehouse.layout import is_name_of
from salesloft_webhooks.handlers.builtin.warehouse.typed_columns import schema_of, typed_table
from salesloft_webhooks.resource_kinds import kind_of
from salesloft_webhooks.resources import BY_KIND, Resource

ROWS_AT_ONCE = 10_000
"""Whose bodies are in memory as Python's objects."""


class TypedTable(Struct, frozen=True):
    """A table of one kind of resource.

    Attributes:
        name: `people`, `cadence_memberships`.
        kind: Its structure.
    """

    name: str
    kind: type[Resource]


def _plural(kind: str) -> str:
    if kind == "person":
        return "people"
    return f"{kind}es" if kind.endswith("s") else f"{kind}s"


def _tables() -> Mapping[str, TypedTable]:
    names: dict[type[Resource], str] = {}
    for kind, structure in BY_KIND.items():  # two kinds of events may be of one structure, and then of one table
        names.setdefault(structure, _plural(kind))
    return MappingProxyType({kind: TypedTable(names[structure], structure) for kind, structure in BY_KIND.items()})


TABLES = _tables()
"""By kind of event; none for conversations, whose fields are not published."""


def table_of_type(event_type: str) -> TypedTable | None:
    """The table of events of a type; None: there is none."""
    return TABLES.get(kind_of(event_type))


def typed_parquet(table: TypedTable, events: Any) -> Any:
    """A Parquet file of the table, as a buffer, with a row for each row of the table `events`, in its order."""
    stream = pa.BufferOutputStream()
    schema = schema_of(table.kind)
    with pq.ParquetWriter(stream, schema, compression="zstd", write_page_checksum=True) as writer:
        for start in range(0, max(events.num_rows, 1), ROWS_AT_ONCE):
            writer.write_table(typed_table(table.kind, events.slice(start, ROWS_AT_ONCE)))
    return stream.getvalue()


def is_typed_file(table: TypedTable, name: str, buffer: Any) -> bool:
    """Whether bytes are a whole file of the table, of this version's columns and of the events that its name says."""
    try:
        with pq.ParquetFile(pa.BufferReader(buffer), page_checksum_verification=True) as file:
            if not file.schema_arrow.equals(schema_of(table.kind)):
                return False
            ids = file.read().column(f"_{ID}").to_pylist()
    except (OSError, pa.ArrowException):
        return False
    return is_name_of(name, ids)
