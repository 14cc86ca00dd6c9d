"""Where a follow-up stands among those that wait, as text."""

import pytest

from salesloft_webhooks.broker.administration.follow_up_filter import Place


@pytest.mark.parametrize(
    "text", ["", "1", "1/", "/follow-up/a", "1/other/a", "²/follow-up/a", "-1/follow-up/a", "1" * 16 + "/follow-up/a"]
)
def test_what_is_no_place(text: str) -> None:
    """A place is a time in digits that the store takes for a number, and the id of a follow-up."""
    assert Place.parse(text) is None
    assert str(Place.parse("12/follow-up/a/b")) == "12/follow-up/a/b"
