"""A mail's HTML becomes the text that a reader sees."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.handlers.builtin.crm.plain_text import READ_LENGTH, plain_text

NUMBER = f"&#{'9' * 5_000};"
"""Of more digits than Python makes a number of."""


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Dear Robin,</p><p>it&#39;s <b>time</b>.<br>Kim</p>", "Dear Robin,\n\nit's time.\nKim"),
        ("<style>p {color: red}</style><script>alert(1)</script>Hello", "Hello"),
        ("<head><title>No</title></head><body>Yes</body>", "Yes"),
        ("just  text\n\n\n\nof two", "just text\n\nof two"),
        ("<ul><li>a</li><li>b</li></ul>", "a\n\nb"),
        ("a < b & c", "a < b & c"),
        ("<!-- hidden --><div>seen</div>", "seen"),
        ("</style>still seen", "still seen"),
        ("<STYLE>p {}</Style >seen<title>not", "seen"),
        ("<![if !mso]>a<![endif]><?xml x?>b<!-- <p>no</p> -->c<!-->d", "abcd"),
        ("""<a href="x>y" title='"'>z</a>""", "z"),
        ('<a b=">t</a><p>u', "t\nu"),
        ("I <3 you, <robin", "I <3 you, <robin"),
        ("<![x[", "<![x["),
        (NUMBER, NUMBER),
        ("", ""),
    ],
)
def test_what_is_seen_stays(html: str, text: str) -> None:
    """Paragraphs and lines are lines; styles, scripts and comments are nothing."""
    assert plain_text(html) == text


@given(st.text(alphabet="<>/!-&;#=[?abp styletrd\n\"'=", max_size=200))
def test_no_mail_is_too_broken(html: str) -> None:
    """Whatever somebody wrote, there is text, and never two empty lines in a row."""
    assert "\n\n\n" not in plain_text(html)


@pytest.mark.parametrize("end", ["", ">", "'>"])
@pytest.mark.parametrize(
    "part",
    ["<!", "<a ", "<!--", "<", "</a", "<![", "&", "<p>", "<?", "<script>", "<a a='", '<a b="" c=">', "<x a=  ", "&#9"],
)
def test_no_mail_stops_a_worker(part: str, end: str) -> None:
    """Nothing else runs while a mail is read: whatever it repeats, that is over in a moment of the processor's time."""
    html = (part * READ_LENGTH)[: READ_LENGTH - len(end)] + end
    begun = time.process_time()

    plain_text(html)

    assert time.process_time() - begun < 3


def test_what_no_field_has_room_for_is_not_read() -> None:
    """A body may have a MiB: the end of a long one is left out before it is looked at."""
    assert plain_text("a" * 1_000_000 + "<p>b</p>") == "a" * READ_LENGTH
