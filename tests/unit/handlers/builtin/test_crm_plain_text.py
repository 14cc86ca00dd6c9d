"""A mail's HTML becomes the text that a reader sees."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.handlers.builtin.crm.plain_text import plain_text


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
        ("", ""),
    ],
)
def test_what_is_seen_stays(html: str, text: str) -> None:
    """Paragraphs and lines are lines; styles, scripts and comments are nothing."""
    assert plain_text(html) == text


@given(st.text(alphabet="<>/!-&;#abp styletrd\n\"'=", max_size=200))
def test_no_mail_is_too_broken(html: str) -> None:
    """Whatever somebody wrote, there is text, and never two empty lines in a row."""
    assert "\n\n\n" not in plain_text(html)
