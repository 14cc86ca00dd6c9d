"""SalesLoft's words are shown to people: short, printable, without secrets and addresses of people."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import SalesloftError, SalesloftRefused, SalesloftUnauthorized
from salesloft_webhooks.salesloft.exchange import Answer
from salesloft_webhooks.salesloft.refusals import LONGEST_WORDS, refusal


def test_secrets_that_are_quoted_are_cut() -> None:
    """A validator that quotes what it refuses must not bring the token into a condition that everybody reads."""
    body = b'{"errors":{"callback_token":["hunter2hunter2 is too weak, robin.sample@example.com"]}}'

    error = refusal(Answer(422, body), secrets=["hunter2hunter2"])

    assert isinstance(error, SalesloftRefused)
    assert error.problems == {"callback_token": ("*** is too weak, ***",)}
    assert str(error) == "SalesLoft answered 422: callback_token *** is too weak, ***"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b'{"errors":[]}', b'{"errors":{"a":{"b":1}}}', b'{"error":{"a":1}}', b"null"],
    ids=["empty", "html", "list", "list of errors", "nested", "object", "null"],
)
def test_words_in_another_shape_are_left_out(body: bytes) -> None:
    """The status alone says enough."""
    assert str(refusal(Answer(422, body))).startswith("SalesLoft answered 422")


def test_words_are_short_and_printable() -> None:
    """Nobody writes a terminal's escape codes, or a page, into our logs."""
    body = msgspec.json.encode({"error": "no\x1b[31m\nentry " + "a" * 1000})

    error = refusal(Answer(401, body))

    assert isinstance(error, SalesloftUnauthorized)
    assert "\x1b" not in str(error)
    assert "\n" not in str(error)
    assert len(str(error)) < LONGEST_WORDS + 60


@given(st.integers(300, 499), st.binary(max_size=80))
def test_no_answer_raises_anything_else(status: int, body: bytes) -> None:
    """Whatever SalesLoft, or a proxy, says: it becomes one of our errors."""
    assert isinstance(refusal(Answer(status, body), secrets=["x" * 8]), SalesloftError)
