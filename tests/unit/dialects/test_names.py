"""SalesLoft's 37 event names and the names nobody knows yet."""

import pytest

from salesloft_webhooks.dialects import names
from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason

# Written out a second time on purpose, grouped as SalesLoft documents them.
DOCUMENTED = {
    "account": "created updated deleted",
    "cadence": "created updated deleted",
    "note": "created updated deleted",
    "person": "created updated deleted",
    "step": "created updated deleted",
    "cadence_membership": "created updated",
    "call": "created updated",
    "call_data_record": "created updated",
    "user": "created updated",
    "task": "created updated completed deleted",
    "conversation": "created",
    "conversation_recording": "created",
    "conversation_transcript": "created",
    "email": "updated",
    "email_with_body_and_subject": "updated",
    "link": "swap",
    "meeting": "booked updated",
    "success": "created",
    "bulk_job": "completed",
}
PAIRS = [(f"{kind}_{verb}", f"{kind}.{verb}") for kind, verbs in DOCUMENTED.items() for verb in verbs.split()]


def test_the_table_is_the_documented_list() -> None:
    """The table holds exactly the documented names, no two with the same event type."""
    assert dict(names.DOTTED) == dict(PAIRS)
    assert len(PAIRS) == len(set(names.DOTTED.values())) == 37


@pytest.mark.parametrize(("native_name", "event_type"), [pair for pair in PAIRS if pair[0] != "link_swap"])
def test_documented_names_are_mapped(native_name: str, event_type: str) -> None:
    """Each documented name has its dotted event type."""
    assert names.dotted(native_name) == event_type
    assert event_type in names.KNOWN_EVENT_TYPES


@pytest.mark.parametrize(
    ("native_name", "event_type"),
    [
        ("deal_room_opened", "deal_room.opened"),
        ("ping", "ping"),
        ("_created", "_created"),
        ("created_", "created_"),
        ("x" * 64, "x" * 64),
    ],
)
def test_unknown_names_are_accepted(native_name: str, event_type: str) -> None:
    """A name SalesLoft may add one day gets a dotted form; one that cannot be split stays as it is."""
    assert names.dotted(native_name) == event_type


@pytest.mark.parametrize("name", ["", "x" * 65, "Person_Created", "person created", "person.created", "é", "ping\n"])
def test_names_with_foreign_characters_are_unreadable(name: str) -> None:
    """What no event name looks like is refused, with the reason that says so."""
    with pytest.raises(UnreadableDelivery) as caught:
        names.dotted(name)

    assert caught.value.reason is UnreadableReason.INVALID_EVENT_TYPE


@pytest.mark.parametrize("check", [names.dotted, names.canonical])
@pytest.mark.parametrize("name", ["link_swap", "link.swap"])
def test_link_swap_is_unsupported_in_both_dialects(check: object, name: str) -> None:
    """SalesLoft waits for the swapped links, so accepting the event would break its mail."""
    assert callable(check)
    with pytest.raises(UnreadableDelivery, match="link_swap is not supported") as caught:
        check(name)

    assert caught.value.reason is UnreadableReason.UNSUPPORTED_EVENT


@pytest.mark.parametrize("event_type", sorted(names.KNOWN_EVENT_TYPES))
def test_a_known_type_is_recognised_however_it_is_spelt(event_type: str) -> None:
    """SalesLoft's own form, capitals, other separators: handlers know one name, so it is stored under that one."""
    kind, _, verb = event_type.partition(".")
    spellings = {f"{kind}_{verb}", f"{kind.title()}.{verb.title()}", f"{kind}:{verb}".upper(), f"{kind}-{verb}"}

    assert {names.canonical(spelling) for spelling in spellings | {event_type}} == {event_type}


@pytest.mark.parametrize(
    ("spelt", "stored"), [("ping_test", "ping_test"), ("Deal-Room:Opened", "deal-room:opened"), ("X", "x")]
)
def test_a_type_nobody_knows_keeps_its_separators(spelt: str, stored: str) -> None:
    """A relay's own types stay what its handlers name, in the lower case that patterns are written in."""
    assert names.canonical(spelt) == stored
