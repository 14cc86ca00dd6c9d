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
"""After which whoever waits for another's claim looks again: no attempt is spent on it, as it ends with that claim."""

Bearers = Callable[[Collection[str]], Awaitable[Mapping[str, str]]]
"""Looks whose records are, by their ids; empty: nobody's. Those that are gone are not there."""


class Adopter:
    """Decides who of a batch may be given the record that was found for them.

    Args:
        adoptions: The claims that all workers share; None: there is no other worker.
        write_seconds: What a look, and what a write may take: each must fit into half of a claim.
        message: What becomes of whoever is refused, in words.
        clock: Seconds.

    Attributes:
        claim_seconds: How long a claim lasts.
    """

    def __init__(
        self,
        adoptions: Adoptions | None,
        write_seconds: float,
        message: str,
        clock: Callable[[], float] = steady_seconds,
    ) -> None:
        self._adoptions = adoptions
        self._message = message
        self.claim_seconds = max(LEAST_SECONDS, 2 * write_seconds)
        self._clock = clock

    async def refusals(self, people: Mapping[str, str], bearers: Bearers) -> Mapping[str, Refused]:
        """Verdicts on records that must not be given to their person by the next request, by their ids; others may be.

        Args:
            people: By the id of a record that was found free, the person who is to be given it.
            bearers: Looks once more.

        Raises:
            Refused, Retry, Unavailable: The CRM does not say.
        """
        if self._adoptions is None or not people:
            return {}
        began = self._clock()
        claims = await self._adoptions.claim(people, seconds=self.claim_seconds)
        there = await bearers(claims) if claims else {}
        took = self._clock() - began
        found = {
            record: self._refusal(claims.get(record), took, may_have=there.get(record) in ("", person))
            for record, person in people.items()
        }
        return {record: refusal for record, refusal in found.items() if refusal}

    def _refusal(self, left: float | None, took: float, *, may_have: bool) -> Refused | None:
        """The verdict on one record.

        Args:
            left: For how long the person had the claim; None: another has it.
            took: How long ago that was.
            may_have: The record is free, or theirs.
        """
        half = self.claim_seconds / 2
        if left is None or (took <= half and left - took < half):
            # Another's, or left to another who waits: it ends by itself.
            return Refused(self._message, waits=True, wait_seconds=WAIT_SECONDS)
        if took > half or not may_have:
            # Held up, so that others may claim it before the write is there; or the look before was not true. Neither
            # need ever end, and each try would renew the claim: it costs an attempt.
            return Refused(self._message, waits=True)
        return None
