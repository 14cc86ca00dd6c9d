"""Event patterns have one grammar and one meaning, and what cannot be meant is told with what may have been."""

import re

import pytest

from salesloft_webhooks import Event, Router
from salesloft_webhooks.dialects.names import KNOWN_EVENT_TYPES
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.event_patterns import GRAMMAR, canonical, is_known, is_pattern, matches, nearest
from salesloft_webhooks.settings import Settings

FOREIGN = ["email.[os]*", "email.[!x]*", "EMAIL.*", "email.* ", " email.*", "email.opened\n", "call-x", "é", ""]


@pytest.mark.parametrize("text", FOREIGN, ids=ascii)
def test_what_is_not_in_the_grammar_is_no_pattern(text: str) -> None:
    """Sets of characters, capitals, blanks and the like have no meaning that all readers share."""
    assert not is_pattern(text)
    assert text.endswith("\n") or not re.search(GRAMMAR, text)


@pytest.mark.parametrize(
    ("pattern", "event_type", "meant"),
    [
        ("email.opened", "email.opened", True),
        ("email.opened", "email.opened2", False),
        ("email.*", "email.", True),
        ("email.*", "emailXopened", False),
        ("*", "Anything:at-all", True),
        ("c?ll.*", "call.created", True),
        ("?", "ab", False),
        ("**?", "", False),
        ("*", "two\nlines", True),
    ],
)
def test_a_star_means_any_characters_and_a_question_mark_one(pattern: str, event_type: str, meant: bool) -> None:  # noqa: FBT001
    """The dot is a dot, the rest of the grammar stands for itself."""
    assert matches(event_type, [pattern]) is meant


def test_many_stars_take_no_time() -> None:
    """A pattern that would send a backtracking matcher through billions of ways ends at once."""
    assert not matches("a" * 128, ["*a" * 30 + "b"])


def test_a_handler_with_another_pattern_is_refused_by_name() -> None:
    """The sentence names the handler and the pattern, when the module is loaded, before any event is touched."""
    router = Router()

    with pytest.raises(ConfigurationError, match=r"handler .*greet: 'email\.\[os\]\*' is no event pattern: a pattern"):

        @router.on("person.*", "email.[os]*")
        async def greet(event: Event) -> None: ...

    assert router.routes == []


@pytest.mark.parametrize("text", [text for text in FOREIGN if text.strip() == text and text], ids=ascii)
def test_a_setting_with_another_pattern_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """WORKER_EVENTS is refused with the grammar, and never repeats its value."""
    monkeypatch.setenv("WORKER_EVENTS", f"person.*,{text}")

    with pytest.raises(ConfigurationError, match=r"WORKER_EVENTS: .*number 2 is no event pattern") as raised:
        Settings.load()

    assert text not in str(raised.value)


def test_the_same_patterns_make_the_same_text() -> None:
    """Order and repeats do not make another filter."""
    assert canonical(["b", "a.*", "b"]) == canonical(("a.*", "b")) == "a.*,b"


def test_known_types_are_those_of_the_dialects() -> None:
    """Native and derived types are known, alone and by patterns; a type with a slip of the pen is not."""
    assert all(is_known(name) for name in KNOWN_EVENT_TYPES)
    assert is_known("email.o*")
    assert not any(is_known(pattern) for pattern in ("person.creatd", "person_created", "person_*", "link.swap"))


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("person.creatd", "person.created"),
        ("person_created", "person.created"),
        ("person_*", "person.updated"),
        ("persn.*", "person.*"),
        ("email.openned", "email.opened"),
        ("cadence_membership_updated", "cadence_membership.updated"),
    ],
)
def test_the_nearest_names_are_found(pattern: str, expected: str) -> None:
    """Misspelt types and SalesLoft's own names lead to what was meant."""
    assert expected in nearest(pattern)


def test_nothing_is_near_to_nonsense() -> None:
    """A type of somebody's own is not compared with what it has nothing to do with."""
    assert nearest("zzzz") == []
