"""What a `ConsumerGroup` says, which of several is believed, and what the operator calls those that it creates."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.operator.declared_pause import DeclaredPause
from salesloft_webhooks.operator.group_declaration import believed, declaration, declares_nothing, free_name
from tests.unit.operator.group_objects import group_object

NOON_MS = 1_764_417_600_000
VALID = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


def test_a_pause_is_read_with_its_reason_and_its_end() -> None:
    """The end is a point in time, whatever zone it is written in; the reason becomes one line."""
    read = declaration(group_object(paused=True, reason="moving\n the CRM", until="2025-11-29T13:00:00+01:00"))

    assert read.pause == DeclaredPause("salesloft/crm", "moving the CRM", NOON_MS)


@pytest.mark.parametrize(
    "spec", [{}, {"paused": False}, {"paused": None}, {"reason": "why"}, {"until": "2025-11-29T12:00:00Z"}], ids=str
)
def test_nothing_is_declared_unless_paused_is_true(spec: dict[str, Any]) -> None:
    """False is as good as absent: a pause by hand is not ended by a value that says what is the rule anyway."""
    assert declaration(group_object(**spec)).pause is None


def test_an_object_that_is_being_deleted_declares_nothing() -> None:
    """Its pause ends with the wish to delete it, not with the last of its finalizers."""
    assert declaration(group_object(paused=True, deleting=True)).pause is None


def test_the_group_is_the_objects_name_unless_it_says_another() -> None:
    """Groups may have names that no object can have."""
    assert declaration(group_object()).group == "crm"
    assert declaration(group_object(group="My_CRM")).group == "My_CRM"


@pytest.mark.parametrize(
    "spec", [{"paused": "yes"}, {"until": "tomorrow"}, {"until": "2025-11-29T12:00:00"}, {"reason": 1}], ids=str
)
def test_what_cannot_be_read_is_said(spec: dict[str, Any]) -> None:
    """The field is named; the group is still known, so that its pause can be left as it is."""
    read = declaration(group_object(group="billing", **spec))

    assert (read.group, read.pause) == ("billing", None)
    assert next(iter(spec)) in read.unreadable


def test_what_somebody_declares_is_believed_and_of_several_the_first() -> None:
    """The operator's own object steps back, one that is being deleted does not count."""
    own, first, second = group_object(created=True), group_object("a", group="crm"), group_object("b", group="crm")
    going = group_object("0", group="crm", deleting=True)

    assert believed([own]) == {"crm": own}
    assert believed([own, second, first, going]) == {"crm": first}


def test_an_object_that_the_operator_created_is_somebodys_once_they_declare_in_it() -> None:
    """Applying a pause to it makes it theirs: it no longer goes with its group."""
    assert declares_nothing(group_object(created=True))
    assert declares_nothing(group_object(created=True, group="My_CRM", paused=None))
    assert not declares_nothing(group_object(created=True, paused=False))
    assert not declares_nothing(group_object())


@pytest.mark.parametrize(
    ("group", "name"), [("crm", "crm"), ("forward-billing", "forward-billing"), ("crm.eu", "crm.eu")], ids=str
)
def test_a_name_that_an_object_can_have_is_kept(group: str, name: str) -> None:
    """Which is nearly all of them."""
    assert free_name(group, {}) == name


@given(st.lists(st.text(max_size=300) | st.from_regex(r"[A-Za-z_.-]{1,5}"), unique=True, max_size=8))
def test_every_group_gets_a_valid_name_of_its_own(groups: list[str]) -> None:
    """Whatever groups are called, and whoever comes first."""
    taken: dict[str, str] = {}

    for group in groups:
        name = free_name(group, taken)
        assert name not in taken
        assert VALID.fullmatch(name)
        assert ".." not in name
        assert "-." not in name
        assert len(name) <= 253
        taken[name] = group


def test_a_taken_name_is_passed_over() -> None:
    """Somebody's object of that name may be about another group."""
    short = free_name("crm", {"crm": ""})

    assert short == "crm-" + free_name("crm", {"crm": "", short: ""}).removeprefix("crm-")[:8]
    assert len(free_name("crm", {"crm": "", short: ""})) == len("crm-") + 64
