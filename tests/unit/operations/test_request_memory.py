"""What a request takes is counted as far as its connection does not cover it."""

from salesloft_webhooks.operations.request_memory import COVERED_BYTES, HEAD_FACTOR, SMALL_BYTES, RequestMemory


def test_what_the_connection_covers_is_not_charged() -> None:
    """Head and body together are free up to the covered bytes, and each byte beyond is charged once."""
    memory = RequestMemory()

    charged = [memory.add_head(COVERED_BYTES // HEAD_FACTOR), memory.add_body(10), memory.add_body(7)]

    assert (charged, memory.charged_bytes) == ([0, 10, 7], 17)


def test_the_next_request_begins_anew() -> None:
    """The end gives back what was charged, once, and the connection covers the next request again."""
    memory = RequestMemory()
    memory.add_body(COVERED_BYTES + 5)

    given_back = [memory.end(), memory.end()]

    assert given_back == [5, 0]
    assert memory.add_body(COVERED_BYTES) == 0


def test_only_the_body_makes_a_request_large() -> None:
    """However large its head, a request counts as small until its body is over the limit."""
    memory = RequestMemory()
    memory.add_head(SMALL_BYTES)
    memory.add_body(SMALL_BYTES)
    small = memory.small
    memory.add_body(1)

    assert (small, memory.small) == (True, False)
