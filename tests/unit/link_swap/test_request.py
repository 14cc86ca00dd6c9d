"""What SalesLoft asks, read."""

import pytest

from salesloft_webhooks.errors import UnreadableDelivery, UnreadableReason
from salesloft_webhooks.link_swap.request import read


@pytest.mark.parametrize("written", [["b", "a", "b", 7, None], {"b": "", "a": None}], ids=["list", "object"])
def test_each_link_is_asked_for_once_in_its_order(written: object) -> None:
    """Whether as a list or as an object; what is no text cannot name a member of the answer."""
    assert read(b"{}", {"links": written}).links == ("b", "a")


@pytest.mark.parametrize("data", [{}, {"links": None}, {"links": "https://example.com"}])
def test_without_links_it_cannot_be_read(data: dict[str, object]) -> None:
    """It is no link swap, and a person must look at it."""
    with pytest.raises(UnreadableDelivery) as caught:
        read(b"{}", data)

    assert caught.value.reason is UnreadableReason.MISSING_FIELD


def test_nothing_of_a_person_shows() -> None:
    """Not in a traceback or a log of a user's function either."""
    request = read(b"{}", {"links": ["https://example.com/robin"], "person": {"email": "robin@example.com"}})

    assert repr(request) == "LinkSwap(1 links)"
