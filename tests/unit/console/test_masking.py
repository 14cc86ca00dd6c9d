"""What people see of an event's data: what the list lets through, and of everything else a letter and a length."""

import json
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.console.masking import masked, masked_body, whole_body
from salesloft_webhooks.simulator import invented_resources

NAMES = st.sampled_from(
    [
        "id",
        "person_id",
        "created_at",
        "status",
        "type",
        "counts",
        "_href",
        "state",
        "email_address",
        "phone",
        "duration",
    ]
) | st.text("abc_", min_size=1, max_size=5)
SECRETS = st.sampled_from(
    [
        "Ada Lovelace",
        "ada.lovelace@crm.example",
        "Quick question 🎉",
        "+1 202 555 0142",
        "Re: <b>pricing</b>",
        "Ødegård",
    ]
)
PLAIN = st.none() | st.booleans() | st.integers(0, 10**12)
LEAVES = PLAIN | SECRETS
DOCUMENTS = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)


def leaves(document: Any) -> list[Any]:
    """All values of a document that hold no others, in their order."""
    if isinstance(document, dict):
        return [leaf for value in document.values() for leaf in leaves(value)]
    if isinstance(document, list):
        return [leaf for value in document for leaf in leaves(value)]
    return [document]


def shape(document: Any) -> Any:
    """The document without its values."""
    if isinstance(document, dict):
        return {name: shape(value) for name, value in document.items()}
    return [shape(value) for value in document] if isinstance(document, list) else None


@given(DOCUMENTS)
def test_nothing_personal_is_left_wherever_it_stands(document: Any) -> None:
    """Whatever the fields are called and however deep they are: no name, address, subject or number is shown."""
    shown = json.dumps(masked(document), ensure_ascii=False)

    personal = ["Lovelace", "ada.l", "question", "202 555", "pricing", "degård"]
    assert [each for each in personal if each in shown] == []


@given(DOCUMENTS)
def test_structure_names_and_flags_stay(document: Any) -> None:
    """What is there can be seen: every field, every list's length, what is true, false or nothing."""
    found = masked(document)

    assert shape(found) == shape(document)
    kept = [
        (one, other) for one, other in zip(leaves(document), leaves(found), strict=True) if one in (None, True, False)
    ]
    assert all(one is other for one, other in kept if not isinstance(one, int) or isinstance(one, bool))


@given(st.text(min_size=2, max_size=40), st.text("xyz", min_size=1, max_size=6))
def test_a_field_that_nobody_has_thought_of_shows_a_letter(text: str, name: str) -> None:
    """Any text in a field that is on no list: its first letter, then a constant, then its length or its domain."""
    shown = masked({name: text})[name]

    assert shown.startswith(f"{text[0]}•••••")
    assert shown == f"{text[0]}••••• ({len(text)})" or shown.partition("@")[2] == text.partition("@")[2]


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        ({"id": 164510523, "person_id": "164510523"}, {"id": 164510523, "person_id": "164510523"}),
        ({"created_at": "2026-03-07T09:26:14.444910Z"}, {"created_at": "2026-03-07T09:26:14.444910Z"}),
        ({"created_at": "Ada"}, {"created_at": "A••••• (3)"}),
        ({"status": "sent", "type": "call.created"}, {"status": "sent", "type": "call.created"}),
        ({"status": "Ada Lovelace"}, {"status": "A••••• (12)"}),
        ({"counts": {"clicks": 3}}, {"counts": {"clicks": 3}}),
        ({"salary": 90_000}, {"salary": "•••"}),
        ({"email_address": "ada@crm.example"}, {"email_address": "a•••••@crm.example"}),
        (
            {"owner": {"_href": "https://api.salesloft.com/v2/users/7", "id": 7}},
            {"owner": {"_href": "https://api.salesloft.com/v2/users/7", "id": 7}},
        ),
        ({"_href": "https://evil.example/?ada"}, {"_href": "h••••• (25)"}),
        ({"tags": ["vip", ""], "bouncing": False}, {"tags": ["v••••• (3)", ""], "bouncing": False}),
    ],
)
def test_examples(data: Any, shown: Any) -> None:
    """A name on the list is not enough: the value has to look like what the name says."""
    assert masked(data) == shown


def test_an_invented_person_is_hidden() -> None:
    """Of a resource as SalesLoft sends it, every text that says who it is about is gone; ids and times are there."""
    person = invented_resources.person(Random(7), 164_510_523, 12, datetime(2026, 3, 7, tzinfo=UTC))

    shown = masked_body(json.dumps(person).encode())

    hidden = (
        "first_name",
        "last_name",
        "display_name",
        "email_address",
        "phone",
        "title",
        "person_company_name",
        "city",
    )
    assert [name for name in hidden if person[name] in shown] == []
    assert "164510523" in shown
    assert person["created_at"] in shown


def test_what_is_no_json_is_hidden_whole() -> None:
    """Nobody knows what its parts are; who may see everything sees every byte."""
    assert masked_body(b"Ada\xff") == "••• (4 bytes, no JSON)"
    assert whole_body(b"Ada\xff") == "Ada\\xff"


def test_what_is_too_deep_is_hidden_whole() -> None:
    """A body nested without end ends no page."""
    document: Any = "Ada"
    for _ in range(100_000):
        document = [document]

    assert masked(document) == "•••"
