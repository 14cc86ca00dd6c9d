"""Errors of one cause have one class, which says nothing about whom it happened to."""

import pytest

from salesloft_webhooks.broker.administration.error_classes import class_key, error_class, exception_type, is_of


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ("HTTPStatusError: 503 from crm", "HTTPStatusError: 503 from crm"),
        ("ValueError: no rep 'Ada Lovelace'", "ValueError: no rep <text>"),
        ("KeyError: 'email_address'", "KeyError: <text>"),
        ("ValueError: ada.l+x@example.co.uk bounced", "ValueError: <address> bounced"),
        ("LookupError: person 164510523 is gone", "LookupError: person <number> is gone"),
        ("E: 6f9619ff-8b86-d011-b42d-00cf4fc964ff", "E: <id>"),
        ("TimeoutError: after 30.25 s", "TimeoutError: after <number> s"),
        ("TimeoutError", "TimeoutError"),
        ('E: cut in the middle "of a text', "E: cut in the middle <text>"),
        ("E: two\tblanks", "E: two blanks"),
        ("", ""),
    ],
)
def test_what_varies_is_left_out(error: str, expected: str) -> None:
    """Addresses, quoted texts, ids and long numbers are no part of a class; a status of HTTP is."""
    assert error_class(error) == expected
    assert error_class(expected) == expected


def test_a_key_tells_classes_apart_without_their_text() -> None:
    """It begins with the type of the exception, and no word of the message is in it."""
    one, other = class_key("ValueError: Ada is unknown"), class_key("ValueError: Bob is unknown")

    assert one != other
    assert one.startswith("ValueError~")
    assert "Ada" not in one
    assert class_key("something went wrong").startswith("error~")


def test_a_filter_names_a_class_or_a_type() -> None:
    """A key means its class, an exception type all of its classes."""
    error = "HTTPStatusError: 503 for 164510523"

    assert is_of(error, class_key(error_class("HTTPStatusError: 503 for 999999")))
    assert is_of(error, "HTTPStatusError")
    assert not is_of(error, "HTTPStatus")
    assert not is_of(error, class_key("HTTPStatusError: 500 for <number>"))
    assert exception_type("sqlalchemy.exc.OperationalError: no") == "sqlalchemy.exc.OperationalError"
