"""Columns and rows of the warehouse's typed tables."""

import json
from operator import attrgetter
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.handlers.builtin.warehouse.event_table import row_of, table_of
from salesloft_webhooks.handlers.builtin.warehouse.layout import typed_path
from salesloft_webhooks.handlers.builtin.warehouse.typed_columns import OTHERS, schema_of, typed_table
from salesloft_webhooks.handlers.builtin.warehouse.typed_tables import TABLES, TypedTable, table_of_type
from salesloft_webhooks.resources import Meeting, Person, Step
from salesloft_webhooks.salesloft.record_lists import LISTS
from tests.support import samples

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=4),
    lambda some: st.lists(some, max_size=3) | st.dictionaries(st.sampled_from(["id", "_href", "calls", "x"]), some),
    max_leaves=6,
)
FIELDS = st.sampled_from(["id", "owner", "cadences", "counts", "tags", "starred", "custom_fields", "title", "new"])
TIMES = st.sampled_from(["2026-03-07T04:26:14-05:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])


def row(kind: Any, body: str) -> dict[str, Any]:
    """The typed row of a body."""
    event = samples.event("person.updated", {})
    table = typed_table(kind, table_of([{**row_of(event), "body": body}]))
    (found,) = table.to_pylist()
    return dict(found)


@pytest.mark.parametrize("table", sorted({*TABLES.values()}, key=attrgetter("name")), ids=attrgetter("name"))
def test_no_two_columns_are_called_alike(table: TypedTable) -> None:
    """Nor like a folder: engines that fold the case of names, and those that read folders as columns, take them all."""
    folders = [part.partition("=")[0] for part in typed_path("x", "events/type=a/day=b/c").split("/")[2:4]]
    names = [name.lower() for name in schema_of(table.kind).names]

    assert folders == ["event_type", "event_day"]
    assert len({*names, *folders}) == len(names) + 2


def test_tables_are_called_as_the_lists_of_salesloft() -> None:
    """Each list there is has a table of its name; what has no list is in the plural, too."""
    names = {table.name for table in TABLES.values()}

    assert names - {*LISTS} == {"bulk_jobs"}
    assert {*LISTS} < names
    assert table_of_type("email_with_body_and_subject.updated") == table_of_type("email.opened")
    assert table_of_type("conversation.created") is None


def test_columns_have_the_types_of_fields() -> None:
    """Numbers, truth, times with a zone, references as structs, lists of these; what is free-form is text."""
    schema = schema_of(Person)
    reference = pa.struct([("href", pa.string()), ("id", pa.int64())])

    assert schema.field("success_count").type == pa.int64()
    assert schema.field("starred").type == pa.bool_()
    assert schema.field("last_contacted_at").type == pa.timestamp("us", tz="UTC")
    assert schema.field("owner").type == reference
    assert schema.field("cadences").type == pa.list_(reference)
    assert schema.field("import").type == reference
    assert schema.field("custom_fields").type == pa.large_string()
    assert [name for name in schema.names if name.startswith("_")][:2] == ["_event_id", "_event_type"]


def test_what_fits_is_typed_and_all_else_is_kept_beside() -> None:
    """Unknown fields, odd values, and what references and lists have more than their columns say, to the letter."""
    others = {
        "plan": {"a": [1, "ł"]},
        "starred": "perhaps",
        "success_count": 2**63,
        "last_contacted_at": "0001-01-01T00:00:00+14:00",
        "owner": {"_href": "/1", "id": 1, "name": "Robin"},
        "cadences": [{"id": 1}, {"id": "one"}],
        "nothing": None,
    }
    fits = {"id": "7", "title": "CTO", "custom_fields": {"b": 1.5}, "account": {"id": 9}, "city": None}

    found = row(Person, json.dumps({**others, **fits, "updated_at": "2026-03-07T04:26:14-05:00"}))

    assert json.loads(found[OTHERS]) == others
    assert (found["id"], found["title"], found["custom_fields"]) == (7, "CTO", '{"b":1.5}')
    assert found["account"] == {"href": None, "id": 9}
    assert found["owner"] == {"href": "/1", "id": 1}
    assert found["cadences"] == [{"href": None, "id": 1}, {"href": None, "id": None}]
    assert (found["starred"], found["success_count"], found["last_contacted_at"]) == (None, None, None)
    assert found["updated_at"].isoformat() == "2026-03-07T09:26:14+00:00"


def test_where_all_fits_nothing_is_beside() -> None:
    """Null, so that a filter finds what does not."""
    assert row(Person, '{"id": 7}')[OTHERS] is None


@given(st.dictionaries(FIELDS, JSON), TIMES)
def test_nothing_that_is_json_is_lost_or_makes_it_fail(fields: dict[str, Any], time: str) -> None:
    """Whatever is sent is in a column or beside: what is not among the others has a value in its column."""
    sent = {**fields, "updated_at": time}

    found = row(Person, json.dumps(sent))

    others = json.loads(found[OTHERS] or "{}")
    for name, value in sent.items():
        assert others.get(name, value) == value
        assert name in others or value is None or found[name] is not None


@pytest.mark.parametrize("body", ["[1]", '"a"', "null", "{", '{"a": "\\ud800"}', '{"a":' * 5_000 + "1" + "}" * 5_000])
def test_what_is_no_object_is_kept_as_it_is(body: str) -> None:
    """No other column has a value, and the row is there."""
    found = row(Step, body)

    assert found[OTHERS] == body
    assert {found[name] for name in found if not name.startswith("_")} == {None}


def test_a_field_called_like_a_column_of_events_is_the_resource_s() -> None:
    """The event's own have an underscore."""
    found = row(Meeting, '{"event_id": "of a calendar", "account_id": "x"}')

    assert found["event_id"] == "of a calendar"
    assert found["_event_type"] == "person.updated"
