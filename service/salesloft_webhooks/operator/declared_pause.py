"""What a partition's pause becomes, from what is declared and what is stored there.

    =============================  ======================================================  ============================
    declared                       stored                                                  becomes
    =============================  ======================================================  ============================
    a pause, not over              none, or a breaker's                                    declared
                                   by hand, ends earlier                                   declared; the end by hand is
                                                                                           kept in it
                                   by hand, ends as late or later                          as it is
                                   declared in this namespace                              declared, as it is said now
                                   declared in another namespace, ends as late or later    as it is
                                   declared in another namespace, ends earlier             declared
    none, or one that is over      declared in this namespace                              what is left of the pause by
                                                                                           hand it replaced, or none
                                   anything else                                           as it is
    =============================  ======================================================  ============================

What holds, whoever dies between any two steps, since every look decides anew for every partition:

- While a pause is declared and not over, the group is paused at least until its end. A breaker's pause or a short one
  by hand cannot end it, and the store itself does at its time, whether an operator is there or not.
- Only a pause whose value says that this namespace has declared it is ever ended or shortened. A pause by hand lasts
  for as long as was said: what a declaration replaces of it comes back.
- What is as it should be is not written.

Nothing is remembered for it: that it was this operator's pause stands in the value, so a declaration that was taken
back while no operator ran is seen to be gone by the next one.
"""

import math

from msgspec import Struct

from salesloft_webhooks.broker.administration.stored_pause import Pause, StoredPause


class DeclaredPause(Struct, frozen=True):
    """A pause that an object declares.

    Attributes:
        by: The object: ``namespace/name``.
        reason: Why, in one line; may be empty.
        until_ms: When it ends, Unix ms; None: when it is declared no more.
    """

    by: str
    reason: str = ""
    until_ms: int | None = None

    def over(self, now_ms: int) -> bool:
        """Whether its end has passed."""
        return self.until_ms is not None and self.until_ms <= now_ms


def pause_to_be(stored: StoredPause, declared: DeclaredPause | None, *, namespace: str, now_ms: int) -> StoredPause:
    """The pause that a partition is to have; the stored one when nothing is to be done.

    Args:
        stored: What it has.
        declared: What is declared for the group; None: nothing.
        namespace: Whose declarations are ours.
        now_ms: The time, as the store has it.
    """
    is_ours = stored.kind is Pause.DECLARED and stored.declared_by.partition("/")[0] == namespace
    if declared is None or declared.over(now_ms):
        return _by_hand(stored, now_ms) if is_ours else stored
    other = _by_hand(stored, now_ms) if is_ours or stored.kind is Pause.BREAKER else stored
    if other.kind is not Pause.NONE and _end(other.until_ms) >= _end(declared.until_ms):
        return other
    by_hand = other.until_ms if other.kind is Pause.MANUAL and _end(other.until_ms) > now_ms else None
    return StoredPause(Pause.DECLARED, declared.until_ms, declared.reason, declared.by, by_hand)


def _by_hand(stored: StoredPause, now_ms: int) -> StoredPause:
    """What is left of the pause by hand that a declared one has replaced."""
    until = stored.by_hand_until_ms
    if until is None or until <= now_ms:
        return StoredPause()
    return StoredPause(Pause.MANUAL, until, "what is left of a pause by hand")


def _end(until_ms: int | None) -> float:
    return math.inf if until_ms is None else until_ms
