"""Strangers' text becomes one visible line, and for chats one without markup."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salesloft_webhooks.handlers.builtin.configuration import Template
from salesloft_webhooks.handlers.builtin.notify.sanitizing import MAX_VALUE_LENGTH, plain_line, without_markup
from salesloft_webhooks.handlers.builtin.notify.templates import rendered
from tests.support import samples

SIGNS = st.text() | st.text("<>[]()@!|*`\\&;:#_~ \n\r\x00\u202e\u2066\u200b\ud800everyonhralcAEV/.0-9mtCQ=")
MENTION = re.compile(r"@(everyone|here|channel|all\b|room\b)|<[@!#]", re.IGNORECASE)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Re: Offer", "Re: Offer"),
        ("  two\r\nlines\ttab\u2028more ", "two lines tab more"),
        ("nul\x00bell\x07escape\x1b[31m", "nulbellescape[31m"),
        (
            "\u202egnp.exe\u202c \u2066isolated\u2069 zero\u200bwidth \ufefftag\U000e0041",
            "gnp.exe isolated zerowidth tag",
        ),
        ("half a pair \ud83d", "half a pair"),
        ("Grüße 👋 שלום", "Grüße 👋 שלום"),
        (" x" * 200, "x " * 99 + "x…"),
        (7, "7"),
    ],
    ids=["plain", "newlines", "controls", "invisible", "surrogate", "languages", "long", "number"],
)
def test_text_becomes_one_visible_line(text: object, shown: str) -> None:
    """Nothing that hides, reverses, breaks or floods; everything else as it was."""
    assert plain_line(text) == shown


@given(SIGNS)
def test_nothing_invisible_is_left(text: str) -> None:
    """Whatever comes, it is one line, short, and can be encoded."""
    line = plain_line(text)

    assert len(line) <= MAX_VALUE_LENGTH
    assert not any(unicodedata.category(sign)[0] == "C" or sign in "\n\r\u2028\u2029" for sign in line)
    line.encode()


@given(SIGNS)
@example("<!channel> <http://evil.example|Reset>")
@example("@everyone a@everyone @EVERYONE <@1234> <@&99> @here @\u200beveryone")
@example("[Reset](http://evil.example) [a][b] [a]: http://evil.example")
@example("&lt;!channel&gt; &#60;b> `code` **bold** (met)all(met) [CQ:at,qq=all]")
def test_nothing_a_chat_takes_for_markup_is_left(text: str) -> None:
    """No tag, link under another name, entity, code or mention, whatever comes."""
    line = without_markup(text)

    assert not set("<>*`\\|") & set(line)
    assert not re.search(r"\][\[(:]|&#?\w+;|\(met\)|\[CQ:", line)
    assert not MENTION.search(line)
    assert not re.match(r"[#+=-]", line)


def test_an_address_stays_readable() -> None:
    """Mail addresses and honest links are not touched."""
    for text in ("robin.sample@example.com", "see https://example.com/a_b?c=d&e=f"):
        assert without_markup(text) == text


def test_every_value_is_made_harmless_and_the_operators_text_is_not() -> None:
    """Names, addresses, subjects and what a stranger may put into any other field of the data."""
    evil, shown = "<!channel>", without_markup("<!channel>")
    data = {"subject": evil, "recipient_email_address": f"{evil}@x.org", "name": evil}
    event = samples.email("email.replied", data=data)
    template = Template(body="<b> {subject} {email_address} {name}")

    assert rendered(template.body, event, without_markup) == f"<b> {shown} {shown}@\u200bx.org {shown}"
    assert shown != evil
