"""Giving a record of a CRM that is nobody's to a person, when other workers may be giving it to somebody else.

No CRM refuses a change because another was first. So whoever has found a record free claims it in the store, looks once
more, and writes only then: the look comes after the claim, so whatever an earlier holder of it has written is seen; and
the write comes within the first half of the claim, so that it has arrived before anybody else can claim it. Whoever
dies in between leaves a claim that ends, and a record that is either free or theirs.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping

from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.deadlines import steady_seconds
from salesloft_webhooks.handlers.builtin.crm.bisection import Refused

LEAST_SECONDS = 120.0
"""Of a claim: several times what a request takes."""
WAIT_SECONDS = 5.0
"""After which whoever was refused looks again: no attempt is spent on it, it ends with the claim at last."""

Bearers = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Looks whose records are, by their ids; empty: nobody's. Those that are gone are not there."""


class Adopter:
    """Decides who of a batch may be given the record that was found for them.

    Args:
        adoptions: The claims that all workers share; None: there is no other worker.
        write_seconds: What a look, and what a write may take: each must fit into half of a claim.
        clock: Seconds.

    Attributes:
        claim_seconds: How long a claim lasts.
    """

    def __init__(
        self, adoptions: Adoptions | None, write_seconds: float, clock: Callable[[], float] = steady_seconds
    ) -> None:
        self._adoptions = adoptions
        self.claim_seconds = max(LEAST_SECONDS, 2 * write_seconds)
        self._clock = clock

    async def grant(self, people: Mapping[str, str], bearers: Bearers) -> set[str]:
        """The records that may be given to their person by the next request; for the others it is not the time.

        Args:
            people: By the id of a record that was found free, the person who is to be given it.
            bearers: Looks once more.

        Raises:
            StoreUnavailable: The store is.
            Refused, Retry, Unavailable: The CRM does not say.
        """
        if self._adoptions is None or not people:
            return set(people)
        began = self._clock()
        claimed = await self._adoptions.claim(people, seconds=self.claim_seconds)
        if not claimed:
            return set()
        there = await bearers(claimed)
        if self._clock() - began > self.claim_seconds / 2:
            return set()  # frozen, or held up: others may claim it before the write is there
        return {record for record in claimed if there.get(record) in ("", people[record])}


def given_away(message: str) -> Refused:
    """The verdict on somebody who may not be given a record now."""
    return Refused(message, waits=True, wait_seconds=WAIT_SECONDS)
