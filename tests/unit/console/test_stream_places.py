"""Few may follow what happens at once; one person's tabs do not shut out another."""

from contextlib import ExitStack

import pytest

from salesloft_webhooks.console.refusals import TooMany
from salesloft_webhooks.console.stream_places import MOST_STREAMS, StreamPlaces


def test_the_oldest_of_whoever_has_most_makes_room() -> None:
    """With all places robin's, sam gets some at the cost of robin's oldest, up to half; robin gets no more."""
    counts: list[int] = []
    places = StreamPlaces(counts.append)
    with ExitStack() as stack:
        robins = [stack.enter_context(places.taken("robin")) for _ in range(MOST_STREAMS)]
        with pytest.raises(TooMany):
            places.make_room("robin")

        for _ in range(MOST_STREAMS // 2):
            places.make_room("sam")
            stack.enter_context(places.taken("sam"))
        with pytest.raises(TooMany):
            places.make_room("sam")

        assert [over.is_set() for over in robins] == [True] * (MOST_STREAMS // 2) + [False] * (MOST_STREAMS // 2)
        assert max(counts) == MOST_STREAMS
    assert (len(places), counts[-1]) == (0, 0)
