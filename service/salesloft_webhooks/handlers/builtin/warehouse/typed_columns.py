"""The columns of a resource's typed table, and its rows: both follow from the structures of `resources` alone.

A column has what its field holds; references and counts are structs, free-form parts are JSON. What a column cannot
say, because the field is unknown or the value is of another kind, is in the column `_others`: nothing is lost, and
nothing that a sender writes makes a row fail.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, get_args, get_origin

import msgspec
import pyarrow as pa
from msgspec import Struct

from salesloft_webhooks.handlers.builtin.warehouse.event_table import SCHEMA
from salesloft_webhooks.resources import Resource, Time
from salesloft_webhooks.resources.reading import fields_of, read

OTHERS = "_others"
"""JSON: what came beside the columns, and what does not fit into one; null where that is nothing."""
OF_EVENT = {f"_{field.name}": field for field in SCHEMA if field.name != "body"}
"""The columns of the event in every typed table, by their names there: fields as the table `events` has them."""
_LEAST, _MOST = -(2**63), 2**63 - 1
_SCALARS: Mapping[Any, Any] = {
    Time: pa.timestamp("us", tz="UTC"),
    int: pa.int64(),
    bool: pa.bool_(),
    str: pa.string(),
}


def schema_of(kind: type[Resource]) -> Any:
    """The Arrow schema: columns of the event, each with an underscore before its name; the resource's; `_others`."""
    event = [field.with_name(name) for name, field in OF_EVENT.items()]
    return pa.schema([*event, *_columns(kind), pa.field(OTHERS, pa.large_string())])


def typed_table(kind: type[Resource], events: Any) -> Any:
    """Rows of the table `events`, as an Arrow table of `schema_of`, in the same order."""
    rows = [_row(kind, body) for body in events.column("body").to_pylist()]
    columns = [events.column(field.name) for field in OF_EVENT.values()]
    own = (*_columns(kind), pa.field(OTHERS, pa.large_string()))
    columns += [pa.array([row.get(field.name) for row in rows], field.type) for field in own]
    return pa.table(columns, schema=schema_of(kind))


def _columns(kind: type[Struct]) -> list[Any]:
    return [pa.field(_name(written), _type(holds)) for _, written, holds in fields_of(kind)]


def _name(written: str) -> str:
    """Of a field, as JSON has it; a column whose name begins with an underscore is the event's."""
    return written.lstrip("_")


def _type(holds: Any) -> Any:
    if holds in _SCALARS:
        return _SCALARS[holds]
    if isinstance(holds, type) and issubclass(holds, Struct):
        return pa.struct(_columns(holds))
    if get_origin(holds) is tuple:
        return pa.list_(_type(get_args(holds)[0]))
    return pa.large_string()  # a mapping, as JSON


def _row(kind: type[Resource], body: str) -> dict[str, Any]:
    """Values by column; without any where the body is no JSON object, which is then in `_others` as it is."""
    try:
        resource = read(kind, body.encode())
        given: object = resource.raw
        if not isinstance(given, Mapping):
            return {OTHERS: body}
        values, unsaid = _values(resource, given)
        return {**values, OTHERS: _json(unsaid) if unsaid else None}
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
        return {OTHERS: body}


def _values(part: Struct, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The values of a resource's or a part's columns, and what of ``given`` they do not say."""
    unsaid = dict(given)
    values = {}
    for name, written, holds in fields_of(type(part)):
        came = given.get(written)
        values[_name(written)], said = _value(holds, getattr(part, name), came)
        if said:
            unsaid.pop(written, None)
    return values, unsaid


def _value(holds: Any, value: Any, came: Any) -> tuple[Any, bool]:
    """What a column has, and whether that says all that came."""
    if value is None:
        return None, came is None
    if isinstance(value, Struct):
        values, unsaid = _values(value, came)
        return values, not unsaid
    if isinstance(value, tuple):
        items = [_value(get_args(holds)[0], *pair) for pair in zip(value, came, strict=True)]
        return [item for item, _ in items], all(said for _, said in items)
    stored = _stored(value)
    return stored, stored is not None


def _stored(value: Any) -> Any:
    """As Arrow is given it; None if it is beyond what a column can have."""
    if isinstance(value, Mapping):
        return _json(value)
    if isinstance(value, datetime):
        try:
            return value.astimezone(UTC)
        except OverflowError:  # at the ends of the calendar
            return None
    return None if isinstance(value, int) and not _LEAST <= value <= _MOST else value


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
