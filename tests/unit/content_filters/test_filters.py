"""Content filters hold for what they say, name their mistakes by the place, and never fail on data."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.content_filters import FilterMistake, parse
from salesloft_webhooks.content_filters.conditions import FIELDS
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing import event

PERSON = {
    "id": 7,
    "crm_id": "0031",
    "do_not_contact": False,
    "score": 1.5,
    "title": None,
    "owner": {"id": 12},
    "tags": ["vip", 1],
    "custom_fields": {"Lead Score": "hot", 'a"b': 1},
}
HOLDS = [
    "data.crm_id exists and not data.do_not_contact = true",
    'data.crm_id = "0031"',
    "data.crm_id = '0031'",
    "data.owner.id in (11, 12)",
    "data.owner.id not in (11, 13)",
    "data.score = 1.5",
    "data.score = 15e-1",
    "data.id = 7.0",
    "data.title = null",
    "data.nothing = null",
    "data.nothing.at.all = null",
    "data.crm_id.deeper = null",
    "not data.title exists",
    "data.nothing != 1",
    '"vip" in data.tags',
    "not true in data.tags",
    "1 in data.tags",
    'not "v" in data.crm_id',
    'data.custom_fields."Lead Score" = "hot"',
    "data.custom_fields.'a\\u0022b' = 1",
    'event_type = "person.updated"',
    "person_id = 7 and resource_id = 7",
    'source != "other"',
    "data.id = 8 or data.id = 7 and data.crm_id exists",
    "not (data.id = 7 and data.id = 8)",
    "data.do_not_contact = false\n  and data.id exists",
    "not not data.id = 7",
]
HOLDS_NOT = [
    "data.id = true",
    "data.do_not_contact = 0",
    'data.id = "7"',
    "data.crm_id = 31",
    "data.owner = null",
    "data.nothing exists",
    '"vip" in data.nothing',
    '"id" in data.owner',
    "(data.id = 7 or data.id = 8) and data.id = 9",
    "not data.id = 7 or data.id = 8",
]
MISTAKES = [
    ("", 1, "a field"),
    ("data.id =", 10, "a value"),
    ("data.id = 7 data.id = 8", 13, "`and`, `or` or the end"),
    ("data = 7", 6, "`.` and a name"),
    ("data.id", 8, "`=`, `!="),
    ("id = 7", 1, "no such field"),
    ("data.id == 7", 10, "a value"),
    ("(data.id = 7", 13, "`)`"),
    ("data.id in 7", 12, "`(`"),
    ("data.id in (7", 14, "`,` or `)`"),
    ("data.id in ()", 13, "a value"),
    ("data.id not = 7", 13, "`in`"),
    ("7 = data.id", 3, "`in` and a field"),
    ('data.id = "7', 11, "no end"),
    ("data.id = 7 && data.id = 8", 13, "no meaning"),
    ("data.id = 7 AND data.id = 8", 13, "`and`, `or`"),
    ("data.id = 7.", 11, "no number"),
    ("data.id = 1e999", 11, "beyond"),
    ("data.id = 1" + "0" * 60, 11, "no number"),
    (r'data.id = "a\x"', 13, "no such escape"),
    ("and", 1, "a field"),
    ("(" * 40, 33, "more than 32"),
    ("not " * 40 + "data.id exists", 129, "more than 32"),
    ("data.id = 7 or " * 300, 4_001, "at most 4000"),
]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc") | st.text(), inner, max_size=4),
    max_leaves=20,
)
VALUES = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.sampled_from(["", "a", "é\n", 'q"', "\\"])
PATHS = st.lists(st.sampled_from(["a", "b", "c", "a b", 'q"', ""]), min_size=1, max_size=3)


def same(one: Any, other: Any) -> bool:
    """Equality as JSON has it, by its text."""
    return type(one) is type(other) and json.dumps(one) == json.dumps(other)


def at(data: Any, path: list[str]) -> Any:
    """What stands there, or None."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def field(path: list[str]) -> str:
    """A field as it is written."""
    return "data." + ".".join(json.dumps(name) for name in path)


@st.composite
def filters(draw: st.DrawFn, depth: int = 3) -> tuple[str, Any]:
    """A filter as text, and what it means: a function of the data."""
    kind = draw(st.sampled_from(["=", "!=", "in", "not in", "exists", "has", "not", "and", "or"] if depth else ["="]))
    if kind in {"and", "or"}:
        (left, first), (right, second) = draw(filters(depth - 1)), draw(filters(depth - 1))
        combine = all if kind == "and" else any
        return f"({left}) {kind} ({right})", lambda data: combine([first(data), second(data)])
    if kind == "not":
        text, meaning = draw(filters(depth - 1))
        return f"not ({text})", lambda data: not meaning(data)
    path, values = draw(PATHS), draw(st.lists(VALUES, min_size=1, max_size=3))
    one = json.dumps(values[0])
    if kind == "exists":
        return f"{field(path)} exists", lambda data: at(data, path) is not None
    if kind == "has":
        return (
            f"{one} in {field(path)}",
            lambda data: isinstance(found := at(data, path), list) and any(same(each, values[0]) for each in found),
        )
    if kind in {"=", "!="}:
        return f"{field(path)} {kind} {one}", lambda data: same(at(data, path), values[0]) is (kind == "=")
    several = ", ".join(json.dumps(value) for value in values)
    return (
        f"{field(path)} {kind} ({several})",
        lambda data: any(same(at(data, path), value) for value in values) is (kind == "in"),
    )


@pytest.mark.parametrize("text", HOLDS)
def test_it_holds(text: str) -> None:
    """For this person."""
    assert parse(text).holds(event("person.updated", PERSON))


@pytest.mark.parametrize("text", HOLDS_NOT)
def test_it_does_not_hold(text: str) -> None:
    """For the same."""
    assert not parse(text).holds(event("person.updated", PERSON))


@pytest.mark.parametrize(
    ("text", "column", "expected"), MISTAKES, ids=[text[:30] or "empty" for text, _, _ in MISTAKES]
)
def test_a_mistake_is_named_by_its_place(text: str, column: int, expected: str) -> None:
    """Which column, and what would be right there; nothing of the text, which may be a setting."""
    with pytest.raises(FilterMistake) as raised:
        parse(text)

    assert raised.value.column == column
    assert expected in str(raised.value)
    assert str(raised.value).startswith(f"column {column}: ")


@given(filters(), st.dictionaries(st.sampled_from("abc"), JSON, max_size=3))
def test_what_is_read_is_what_was_meant(described: tuple[str, Any], data: dict[str, Any]) -> None:
    """Any filter and any resource: the answer of a second reading of the language, made with it."""
    text, meaning = described
    # Integers and floats of one value are equal to a filter, and not to the other reading: it gets none of the latter.
    data = json.loads(json.dumps(data), parse_float=lambda _: "a float")

    assert parse(text).holds(event("person.updated", data, id=1)) is meaning({**data, "id": 1, "person_id": 1})


@given(st.text(alphabet=st.sampled_from("daten.=!()\"'\\ ,in01eox-"), max_size=60))
def test_any_text_is_a_filter_or_a_mistake(text: str) -> None:
    """Nothing else is raised, and what is a filter has an answer."""
    with suppress(FilterMistake):
        assert parse(text).holds(event("person.updated", PERSON)) in (True, False)


@given(st.dictionaries(st.text(), JSON, max_size=3), st.sampled_from(FIELDS))
def test_no_data_makes_a_filter_fail(data: dict[str, Any], name: str) -> None:
    """Whatever a sender writes, each field that can be named is compared, not trusted."""
    parse(f'{name} = 1 or data.id."a" in (1, "x") or 1 in data.email').holds(event("email.sent", data))


def test_a_setting_that_is_none_is_refused_by_its_name() -> None:
    """With the place, without the text."""
    with pytest.raises(ConfigurationError, match=r"WORKER_WHERE: .*column 11") as raised:
        Settings.load(worker_where="data.id = planted")

    assert "planted" not in str(raised.value)
