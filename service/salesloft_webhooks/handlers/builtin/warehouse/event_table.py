"""The table `events`: its columns, and Parquet files of it as bytes."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from salesloft_webhooks.events import Event
from salesloft_webhooks.timestamps import parse_timestamp

ID = "event_id"
_TIME = pa.timestamp("us", tz="UTC")
SCHEMA = pa.schema(
    [
        pa.field(ID, pa.string(), nullable=False),
        pa.field("event_type", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("occurred_at", _TIME),  # null: what the sender wrote states no time
        pa.field("created_at", pa.string(), nullable=False),  # what the sender wrote
        pa.field("received_at", _TIME, nullable=False),
        pa.field("entity_key", pa.string(), nullable=False),
        pa.field("person_id", pa.int64()),
        pa.field("user_id", pa.int64()),
        pa.field("account_id", pa.int64()),
        pa.field("resource_id", pa.int64()),
        pa.field("body", pa.large_string(), nullable=False),  # JSON; large: a day of bodies is more than 2 GiB
    ]
)
"""The columns of the table `events`; docs/warehouse.md says what they are."""

_WHOM = ("person_id", "entity_key")

ROWS_PER_GROUP = 50_000
OF_A_NEWER_VERSION = "it has columns that this version does not know"
"""How it begins what `NotThisTable` says of a file that is no damaged one, perhaps."""


class NotThisTable(Exception):
    """Bytes that are no Parquet file of this table, or a damaged one; says why, in half a sentence."""


def occurred_at(event: Event) -> datetime | None:
    """When it happened, from nothing but what the sender wrote."""
    return parse_timestamp(event.created_at)


def row_of(event: Event) -> dict[str, Any]:
    """The row of an event: columns by name."""
    row = {
        ID: event.event_id,
        "event_type": event.event_type,
        "source": event.source,
        "occurred_at": occurred_at(event),
        "created_at": event.created_at,
        "received_at": event.received_at.astimezone(UTC),
        "entity_key": event.entity_key,
        "person_id": event.person_id,
        "user_id": event.user_id,
        "account_id": event.account_id,
        "resource_id": event.resource_id,
        "body": event.raw_data.decode(),
    }
    # Its attempt keeps the event until the whole batch is stored, and what was parsed is many times the body.
    event.__dict__.pop("data", None)
    return row


def table_of(rows: Sequence[Mapping[str, Any]]) -> Any:
    """Rows as an Arrow table."""
    return pa.Table.from_pylist(list(rows), schema=SCHEMA)


def parquet_of(tables: Iterable[Any]) -> Any:
    """One Parquet file with all rows of some tables, as a buffer: in the order of their ids, each event once.

    The same rows give the same bytes; of copies in these tables the one that was received first counts. Made in memory,
    so that it can be stored by one call. Its pages have checksums, by which damage is found before parts are deleted.
    """
    table = pa.concat_tables(tables).combine_chunks()  # else each `take` would join the chunks of all rows anew
    order = _order(table)
    stream = pa.BufferOutputStream()
    # Without statistics of bodies, which nobody searches by, and which would copy parts of them.
    searchable = [field.name for field in SCHEMA if field.name != "body"]
    options = {"compression": "zstd", "write_statistics": searchable, "write_page_checksum": True}
    with pq.ParquetWriter(stream, SCHEMA, **options) as writer:
        for start in range(0, len(order), ROWS_PER_GROUP):
            writer.write_table(table.take(order.slice(start, ROWS_PER_GROUP)))
    return stream.getvalue()


def _order(table: Any) -> Any:
    """The numbers of the rows that count, in their order."""
    order = pc.sort_indices(table, [(ID, "ascending"), ("received_at", "ascending")])
    if len(order) < 2:
        return order
    ids = table.column(ID).take(order).combine_chunks()
    differs = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
    return order.filter(pa.concat_arrays([pa.array([True]), differs]))


def ids_in(buffer: Any, persons: Collection[int] = ()) -> tuple[list[str], list[str]]:
    """The event ids of a Parquet file, in its order, and those of them that are about some persons.

    Of the other columns nothing is read.

    Raises:
        NotThisTable: see there.
    """
    table = _read(buffer, [ID, *_WHOM] if persons else [ID])
    ids: list[str] = table.column(ID).to_pylist()
    theirs: list[str] = table.filter(_about(table, persons)).column(ID).to_pylist() if persons else []
    return ids, theirs


def without(table: Any, persons: Collection[int]) -> Any:
    """The rows that are about none of some persons."""
    return table.filter(pc.invert(_about(table, persons))) if persons else table


def rows_about(table: Any, persons: Collection[int]) -> int:
    """How many rows are about some persons."""
    return int(table.num_rows - without(table, persons).num_rows)


def _about(table: Any, persons: Collection[int]) -> Any:
    """For each row whether it concerns one of them, or is ordered by one of them."""
    ids, keys = pa.array(sorted(persons), pa.int64()), pa.array([f"person:{person}" for person in sorted(persons)])
    concerns, ordered_by = (table.column(name) for name in _WHOM)
    return pc.or_(pc.is_in(concerns, value_set=ids), pc.is_in(ordered_by, value_set=keys))


def table_in(buffer: Any) -> Any:
    """All of a Parquet file, its pages compared with their checksums.

    Raises:
        NotThisTable: see there.
    """
    return _read(buffer, None)


def _read(buffer: Any, columns: "list[str] | None") -> Any:
    try:
        with pq.ParquetFile(pa.BufferReader(buffer), page_checksum_verification=True) as file:
            found = file.schema_arrow
            if found.equals(SCHEMA):
                return file.read(columns=columns)
    except (OSError, pa.ArrowException) as exc:
        raise NotThisTable("it cannot be read as Parquet") from exc
    if unknown := set(found.names) - set(SCHEMA.names):
        raise NotThisTable(f"{OF_A_NEWER_VERSION}: {len(unknown)}")
    raise NotThisTable("its columns are others than this table's")
