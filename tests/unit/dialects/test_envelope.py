"""Reading of verified envelopes."""

import json
from typing import Any

import pytest

from salesloft_webhooks.dialects import envelope
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason
from salesloft_webhooks.events import NewEvent
from tests.support.dialect_deliveries import as_json

GOOD: dict[str, Any] = {
    "event_type": "email.opened",
    "event_id": "evt_0011",
    "data": {"id": 812345678, "person_id": 164510523},
    "created_at": "2026-03-07T09:26:14Z",
}


def read_one(**changes: object) -> NewEvent:
    """The event of a good envelope with some fields changed."""
    (event,) = envelope.read(as_json(GOOD | changes))
    return event


def test_the_sender_names_id_type_and_time() -> None:
    """An envelope's id, type and time are taken over as they are, and its data stays the resource."""
    assert read_one() == NewEvent(
        event_id="evt_0011",
        event_type="email.opened",
        entity_key="person:164510523",
        created_at="2026-03-07T09:26:14Z",
        data=b'{"id":812345678,"person_id":164510523}',
    )


@pytest.mark.parametrize(
    ("event_type", "data", "person_id", "entity_key"),
    [
        pytest.param("email.opened", {"person_id": 7, "recipient": {"id": 8}}, 7, "person:7", id="given"),
        pytest.param("email.opened", {"person_id": "p-7"}, "p-7", "person:p-7", id="given-as-text"),
        pytest.param("email.opened", {"person_id": {}, "recipient": {"id": 8}}, 8, "person:8", id="email"),
        pytest.param("call.completed", {"called_person": {"id": 8}}, 8, "person:8", id="call"),
        pytest.param("call_data_record.updated", {"called_person": {"id": 8}}, 8, "person:8", id="call-data-record"),
        pytest.param("cadence_membership.updated", {"id": 1, "person": {"id": 8}}, 8, "person:8", id="membership"),
        pytest.param("email.sent", {"person": {"id": 8}}, 8, "person:8", id="email-with-a-person"),
        pytest.param("person.updated", {"id": 9}, 9, "person:9", id="person"),
        pytest.param("person.updated", {"id": 0}, 0, "person:0", id="zero-is-an-id"),
        pytest.param("person.updated", {"id": 2**63}, None, "evt_0011", id="number-too-large"),
        pytest.param("person.updated", {"id": -1}, None, "evt_0011", id="negative"),
        pytest.param("person.updated", {"id": True}, None, "evt_0011", id="boolean"),
        pytest.param("person.updated", {"id": 1.5}, None, "evt_0011", id="fraction"),
        pytest.param("person.updated", {"id": "a b"}, None, "evt_0011", id="text-with-a-space"),
        pytest.param("person.updated", {"id": "x" * 101}, None, "evt_0011", id="text-too-long"),
        pytest.param("account.updated", {"id": 5, "person": None}, None, "account:5", id="no-person"),
        pytest.param("person.updated", {"id": {"id": 1}}, None, "evt_0011", id="person-of-a-wrong-type"),
        pytest.param("email.opened", {"recipient": 8}, 8, "person:8", id="plain-reference"),
        pytest.param("email.opened", {"recipient_id": 8}, 8, "person:8", id="flat-reference"),
        pytest.param("email.opened", {"recipient": True}, None, "evt_0011", id="boolean-reference"),
        pytest.param("email.opened", {"recipient": "Robin"}, None, "evt_0011", id="name-instead-of-a-reference"),
        pytest.param("email.opened", {"recipient": []}, None, "evt_0011", id="reference-of-a-wrong-type"),
        pytest.param("email.opened", {"id": {"id": 1}}, None, "evt_0011", id="id-of-a-wrong-type"),
        pytest.param("ping", {}, None, "evt_0011", id="nothing"),
    ],
)
def test_every_event_has_a_person_id_and_an_ordering_key(
    event_type: str, data: dict[str, Any], person_id: object, entity_key: str
) -> None:
    """`person_id` is found wherever the resource keeps it, null if nowhere; the ordering key follows from it."""
    event = read_one(event_type=event_type, data=data)

    assert json.loads(event.data)["person_id"] == person_id
    assert event.entity_key == entity_key


def test_callback_tokens_are_removed_at_every_depth() -> None:
    """A relay's envelope may wrap a native body whole, signing key included, which must not be stored."""
    inner = {"callback_token": "a", "list": [{"callback_token": "b"}], "map": {"callback_token": {"x": "c"}}}

    event = read_one(data=inner, callback_token="d")

    assert json.loads(event.data) == {"list": [{}], "map": {}, "person_id": None}


def test_an_escaped_callback_token_is_removed() -> None:
    """JSON may write any letter of a name as an escape, which must not get a signing key into the store."""
    body = as_json(GOOD).replace(b'"person_id"', b'"callback\\u005ftoken"')

    (event,) = envelope.read(body)

    assert json.loads(event.data) == {"id": 812345678, "person_id": None}


@pytest.mark.parametrize(
    "value",
    ["Grüße aus Berlin, Q4 北京", "\x00", "😀", 2**63, 10**400, -0.0, [], {}, None, True, 'quote " and \\ backslash'],
    ids=repr,
)
def test_values_survive(value: object) -> None:
    """What the sender wrote reaches the handlers: text of any script, numbers of any size, empty containers."""
    event = read_one(data={"custom_fields": {"x": value}})

    assert json.loads(event.data)["custom_fields"] == {"x": value}


MALFORMED = [
    pytest.param(b"", id="empty"),
    pytest.param(b"{", id="cut-off"),
    pytest.param(b"\xff", id="not-utf-8"),
    pytest.param(b'{"\xff":1}', id="key-not-utf-8"),
    pytest.param(b'{"event_type":NaN}', id="nan"),
    pytest.param(b'{"event_type":1e400}', id="infinite"),
    pytest.param(b'{"event_type":"\\ud800"}', id="lone-surrogate"),
    pytest.param(b'{"event_type":1' + b"0" * 5000 + b"}", id="integer-of-5000-digits"),
    pytest.param(b"[" * 100_000, id="open-brackets"),
    pytest.param(b'{"data":' * 101 + b"{}" + b"}" * 101, id="nested-beyond-the-limit"),
    pytest.param(b"{} {}", id="two-documents"),
    pytest.param(b"\xef\xbb\xbf{}", id="byte-order-mark"),
]


@pytest.mark.parametrize("body", MALFORMED)
def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    """Anything but strict JSON is refused, whatever the parser itself would raise."""
    with pytest.raises(UnreadableDelivery) as caught:
        envelope.read(body)

    assert caught.value.reason is UnreadableReason.NOT_JSON


@pytest.mark.parametrize("body", MALFORMED)
def test_parser_errors_do_not_carry_the_body(body: bytes) -> None:
    """A UnicodeDecodeError holds the whole body, so it must not hang on to our error and reach a traceback."""
    with pytest.raises(UnreadableDelivery) as caught:
        envelope.read(body)

    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_nesting_up_to_the_limit_is_accepted() -> None:
    """A hundred levels are far more than any resource has, and still safe to parse anywhere."""
    nested: Any = []
    for _ in range(97):
        nested = [nested]

    event = read_one(data={"custom": nested})

    assert json.loads(event.data)["custom"] == nested


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"data": []}, UnreadableReason.NOT_AN_OBJECT, id="data-is-a-list"),
        pytest.param({"data": None}, UnreadableReason.NOT_AN_OBJECT, id="data-is-null"),
        pytest.param({"data": "{}"}, UnreadableReason.NOT_AN_OBJECT, id="data-is-text"),
        pytest.param({"event_type": None}, UnreadableReason.MISSING_FIELD, id="type-is-null"),
        pytest.param({"event_type": ["x"]}, UnreadableReason.MISSING_FIELD, id="type-is-a-list"),
        pytest.param({"event_type": ""}, UnreadableReason.INVALID_EVENT_TYPE, id="type-is-empty"),
        pytest.param({"event_type": "a b"}, UnreadableReason.INVALID_EVENT_TYPE, id="type-with-a-space"),
        pytest.param({"event_type": "*"}, UnreadableReason.INVALID_EVENT_TYPE, id="type-is-a-glob"),
        pytest.param({"event_type": "x\n"}, UnreadableReason.INVALID_EVENT_TYPE, id="type-with-a-newline"),
        pytest.param({"event_type": "x" * 129}, UnreadableReason.INVALID_EVENT_TYPE, id="type-too-long"),
        pytest.param({"event_type": "link_swap"}, UnreadableReason.UNSUPPORTED_EVENT, id="link-swap"),
        pytest.param({"event_id": 17.5}, UnreadableReason.MISSING_FIELD, id="id-is-a-fraction"),
        pytest.param({"event_id": 2.0**53}, UnreadableReason.MISSING_FIELD, id="id-is-an-inexact-number"),
        pytest.param({"event_id": 10**255}, UnreadableReason.MISSING_FIELD, id="id-is-too-long-a-number"),
        pytest.param({"event_id": True}, UnreadableReason.MISSING_FIELD, id="id-is-a-boolean"),
        pytest.param({"event_id": None}, UnreadableReason.MISSING_FIELD, id="id-is-null"),
        pytest.param({"event_id": [17]}, UnreadableReason.MISSING_FIELD, id="id-is-a-list"),
        pytest.param({"event_id": ""}, UnreadableReason.MISSING_FIELD, id="id-is-empty"),
        pytest.param({"event_id": "a b"}, UnreadableReason.MISSING_FIELD, id="id-with-a-space"),
        pytest.param({"event_id": "a\x00"}, UnreadableReason.MISSING_FIELD, id="id-with-a-control"),
        pytest.param({"event_id": "x" * 257}, UnreadableReason.MISSING_FIELD, id="id-too-long"),
        pytest.param({"event_type": "Link.Swap"}, UnreadableReason.UNSUPPORTED_EVENT, id="link-swap-in-capitals"),
        pytest.param({"created_at": 5}, UnreadableReason.MISSING_FIELD, id="time-is-another-number"),
        pytest.param({"created_at": True}, UnreadableReason.MISSING_FIELD, id="time-is-a-boolean"),
        pytest.param({"created_at": None}, UnreadableReason.MISSING_FIELD, id="time-is-null"),
        pytest.param({"created_at": "last Friday"}, UnreadableReason.MISSING_FIELD, id="time-is-words"),
        pytest.param({"created_at": "now\n"}, UnreadableReason.MISSING_FIELD, id="time-with-a-newline"),
    ],
)
def test_wrong_fields_are_unreadable(changes: dict[str, Any], reason: UnreadableReason) -> None:
    """A field of a wrong type or form is refused, with the reason that names it."""
    with pytest.raises(UnreadableDelivery) as caught:
        read_one(**changes)

    assert caught.value.reason is reason


@pytest.mark.parametrize("field", GOOD)
def test_every_field_is_required(field: str) -> None:
    """An envelope without one of its four fields is refused, and the message names the field."""
    with pytest.raises(UnreadableDelivery, match=f"{field} is missing") as caught:
        envelope.read(as_json({name: value for name, value in GOOD.items() if name != field}))

    assert caught.value.reason is UnreadableReason.MISSING_FIELD


@pytest.mark.parametrize("body", [b"[]", b"1", b'"x"', b"null"])
def test_json_that_is_no_object_is_unreadable(body: bytes) -> None:
    """JSON of another kind than an object is no envelope."""
    with pytest.raises(UnreadableDelivery) as caught:
        envelope.read(body)

    assert caught.value.reason is UnreadableReason.NOT_AN_OBJECT
