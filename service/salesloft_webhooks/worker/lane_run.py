"""The next entries of a lane, run one after another under the lease of the one that heads it, and settled together.

A round trip to the store for each event is most of what one person's many events cost. So the store gives copies of the
next ones along with a head (`Lease.behind`), and they run as long as all goes well and fast:

=================================  =================================================================================
of the entry that ran last          what follows
=================================  =================================================================================
done, fast                          the next one, at once
done, but the run lasts too long,   nothing: what was run is settled by one call, and the rest, which nobody has leased,
or the next may take its time       is forgotten: the answer hands the next one over again
any other outcome, or done with     the same; its outcome is the last of the call
follow-ups that are stored with it
its lease, or the head's, is lost   the same; what was done counts all the same, the rest is others' business
=================================  =================================================================================

Nobody else can begin anything in the lane while the head's lease is held. So that is renewed until the run ends, and
the head stands among the running attempts until then. What dies with the process is run again, in order, from the head
on: that is little, for a run is short, and nothing follows by it that may have to wait for something.
"""

import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from salesloft_webhooks.broker import Lease, Outcome, Settlement
from salesloft_webhooks.worker.attempt import Attempt
from salesloft_webhooks.worker.attempt_rules import AttemptRules

MOST_BEHIND = 32
"""Entries that one answer may bring along to be run behind others."""
FEW_LANES = 4
"""That one call may continue, for what comes along to be worth its way."""
RUN_SECONDS = 0.005
"""Nothing is begun in a run that lasts longer: as long as a settle may take."""


class LaneRun:
    """One run: a head and what has followed it.

    Attributes:
        head: The attempt under whose lease all of it runs.
        attempts: All that have begun, in order: the head, then those behind it.
    """

    __slots__ = ("_rules", "_settlements", "attempts", "head")

    def __init__(self, head: Attempt, rules: Callable[[str], AttemptRules]) -> None:
        self.head = head
        self.attempts = [head]
        self._rules = rules
        self._settlements: list[Settlement] = []

    def ended(self, settlement: Settlement | None) -> None:
        """The latest attempt has ended; None: its lease is lost."""
        if settlement is not None:
            self._settlements.append(settlement)

    def next(self) -> Attempt | None:
        """The attempt to begin now; None: the run is over."""
        behind, begun = self.head.lease.behind, len(self.attempts)  # the head has begun, too, and is not behind it
        if begun > len(behind) or not self._all_done() or time.monotonic() - self.head.began > RUN_SECONDS:
            return None
        lease = behind[begun - 1]
        rules = self._rules(lease.event.event_type)
        if not rules.pace.fast:
            return None
        attempt = Attempt(lease, rules, self.head.renewed)
        attempt.follow(self.head)
        self.attempts.append(attempt)
        return attempt

    def _all_done(self) -> bool:
        # All before the last one were, else that would not have begun. What comes with `done` is stored with it, and
        # what follows may cancel or replace that: it has to find it.
        settled = self._settlements
        return len(settled) == len(self.attempts) and settled[-1].outcome is Outcome.DONE and not settled[-1].follow_ups

    def outcomes(self) -> list[Settlement]:
        """What to settle, by one call and in this order."""
        # Not strict: the last one has no settlement when its lease is lost. And what has ended may have been given to
        # us again since (`continue_under`): its outcome goes under the new lease.
        return [
            settlement if settlement.lease is attempt.lease else replace(settlement, lease=attempt.lease)
            for attempt, settlement in zip(self.attempts, self._settlements, strict=False)
        ]


def welcome_behind(finished: Sequence[Lease], rules: Callable[[str], AttemptRules]) -> int:
    """How many entries are welcome behind what finishing these may hand over.

    None of them while handlers take their time; nor for many lanes at once, which share a call anyway.
    """
    if len({lease.lane for lease in finished}) > FEW_LANES:
        return 0
    return MOST_BEHIND if all(rules(lease.event.event_type).pace.fast for lease in finished) else 0
