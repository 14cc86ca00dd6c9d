"""One round: look at what is there, plan, carry the plan out, and tell what came of it."""

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from msgspec import Struct

from salesloft_webhooks.errors import (
    SalesloftBudgetSpent,
    SalesloftError,
    SalesloftForbidden,
    SalesloftRefused,
    SalesloftUnauthorized,
    SalesloftUnreadable,
)
from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions.carrying_out import Hands, Outcome
from salesloft_webhooks.subscriptions.plan import plan, plan_removal
from salesloft_webhooks.subscriptions.signing_keys import SigningKey, is_token_of
from salesloft_webhooks.subscriptions.steps import Desired, Memory, Phase, Plan, Seen

SOON_SECONDS = 1.0
"""Until the next look, when something was changed: SalesLoft's list says whether it is so."""
PERMANENT_SECONDS = 3600.0
"""Until what SalesLoft refuses is tried again: only somebody's change can mend it."""
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 5.0, 300.0


_LAST_PHASES = (Phase.IDLE, Phase.RETIRING)


class FailureReason(StrEnum):
    """Why a round could not do what it should, in one word for programs."""

    CREDENTIALS_REFUSED = "CredentialsRefused"
    FORBIDDEN = "Forbidden"
    RATE_LIMITED = "RateLimited"
    REFUSED = "Refused"
    UNREADABLE = "Unreadable"
    UNAVAILABLE = "Unavailable"


_REASONS: Mapping[type[SalesloftError], FailureReason] = {
    SalesloftUnauthorized: FailureReason.CREDENTIALS_REFUSED,
    SalesloftForbidden: FailureReason.FORBIDDEN,
    SalesloftBudgetSpent: FailureReason.RATE_LIMITED,
    SalesloftRefused: FailureReason.REFUSED,
    SalesloftUnreadable: FailureReason.UNREADABLE,
}


class Round(Struct, frozen=True, kw_only=True):
    """What one round has found and done.

    Attributes:
        plan: What was to be done; without steps when SalesLoft's list could not be had.
        outcome: What was done.
        error: The first thing that went wrong, if anything did.
        found: SalesLoft's list; None when it could not be had, and `plan` says nothing of what is there.
    """

    plan: Plan
    outcome: Outcome = Outcome()
    error: SalesloftError | None = None
    found: tuple[Subscription, ...] | None = None

    @property
    def failure(self) -> FailureReason | None:
        """What went wrong, in one word; None: nothing."""
        return None if self.error is None else failure_reason(self.error)

    @property
    def settled(self) -> bool:
        """Whether everything is as it should be, and nothing but a change from outside makes it otherwise."""
        nothing_to_do = self.found is not None and not self.plan.steps and not self.plan.why
        return nothing_to_do and self.plan.phase in _LAST_PHASES

    def signed_with(self, keys: Sequence[SigningKey]) -> list[int]:
        """Ids of what some keys have signed, whatever its address: receivers without these keys would refuse it."""
        return [
            each.id
            for each in self.found or ()
            if any(is_token_of(key, each.event_type, each.callback_token) for key in keys)
        ]

    def next_seconds(self, failures_in_a_row: int) -> float | None:
        """When to look again at the latest; None: whenever the next look is due anyway.

        Args:
            failures_in_a_row: Rounds with an error, this one included.
        """
        if self.error is not None:
            if self.failure is FailureReason.REFUSED:
                return PERMANENT_SECONDS
            backoff = FIRST_BACKOFF_SECONDS * 2.0 ** min(max(failures_in_a_row - 1, 0), 10)
            asked_for = getattr(self.error, "after_seconds", 0.0)
            return max(asked_for, min(backoff, LONGEST_BACKOFF_SECONDS))
        return SOON_SECONDS if self.plan.steps else self.plan.wait_seconds


def failure_reason(error: SalesloftError) -> FailureReason:
    """What an error is, in one word."""
    return next((word for kind, word in _REASONS.items() if isinstance(error, kind)), FailureReason.UNAVAILABLE)


async def reconcile(
    desired: Desired, keys: Sequence[SigningKey], seen: Seen, memory: Memory, hands: Hands, *, dry: bool = False
) -> Round:
    """Bring what is there one round nearer to what is wanted.

    Args:
        desired: What is wanted.
        keys: Those of the source; the first is to be used, all are accepted.
        seen: The surroundings.
        memory: What the last round's plan remembered.
        hands: Who asks SalesLoft.
        dry: Only plan.

    Returns:
        What came of it. An error of SalesLoft's is part of that, and never raised.
    """

    def make(found: Sequence[Subscription]) -> Plan:
        return plan(desired, found, keys, seen, memory)

    return await _round(make, desired, keys, hands, memory=memory, dry=dry)


async def remove(desired: Desired, keys: Sequence[SigningKey], hands: Hands, *, dry: bool = False) -> Round:
    """Delete all of ours. Whoever asks for it asks again until a round is `settled`."""

    def make(found: Sequence[Subscription]) -> Plan:
        return plan_removal(desired, found, keys)

    return await _round(make, desired, keys, hands, dry=dry)


async def _round(
    make: Callable[[Sequence[Subscription]], Plan],
    desired: Desired,
    keys: Sequence[SigningKey],
    hands: Hands,
    *,
    memory: Memory = Memory(),  # noqa: B008 - frozen
    dry: bool,
) -> Round:
    listed_at = hands.clock()
    try:
        found = await hands.registry.all()
    except SalesloftError as error:
        return Round(plan=Plan(memory=memory), error=error)
    made = make(found)
    if dry:
        return Round(plan=made, outcome=Outcome(left=made.steps), found=tuple(found))
    outcome = await hands.carry_out(made.steps, desired, keys, listed_at)
    first = outcome.failures[0].error if outcome.failures else None
    return Round(plan=made, outcome=outcome, error=first, found=tuple(found))
