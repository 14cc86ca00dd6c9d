"""Keys that the operator makes: what is done with their Secret, decided without asking anybody.

All that a rotation has to remember stands in the Secret itself, and is written in one request with the keys. So whoever
dies between any two steps leaves a Secret that says how far it was, and of two who write at once one is refused.

    =======================================  ==============  ========================================================
    state, by the Secret and SalesLoft       what is done    died there, or done by two at once
    =======================================  ==============  ========================================================
    no Secret, or no usable key in it        `PUT_BACK` of   one of two is told of a conflict, and reads the other's
                                             keys that are
                                             still known,
                                             else `MAKE`
    somebody else's Secret                   nothing         -
    not what an operator wrote there last    `PUT_BACK` of   as above
                                             what is gone,
                                             or `ACCEPT`
    of an object that is gone (restored,     `ACCEPT`        as above
    or declared anew)
    one key signs everything, and a          `ADD`, a new    before: one key still. After: two, as below. One of two
    rotation is due                          one before it   is refused, and finds two keys
    two keys, not all is signed with the     nothing: the    what is there says how far it was (`subscriptions.plan`)
    first                                    plan's rounds
    two keys, all is signed with the first   waits, then     waits anew; of two one is refused
                                             `RETIRE`
    =======================================  ==============  ========================================================

A key is known to a process that has read it and has not seen since that nothing is signed with it. What somebody
deletes or edits away by hand, in a Secret that is the operator's, is thereby lost only if the operator ends at the same
time; then a new key is made, and what the old one signed is reported as not ours.
"""

from collections.abc import Set as AbstractSet
from enum import StrEnum

from msgspec import Struct

KEEP_SECONDS = 600.0
"""How long a key is accepted when nothing is signed with it: longer than SalesLoft repeats, and than anybody believes a
plan of before."""


class Action(StrEnum):
    """What is to be done with the Secret."""

    NOTHING = "Nothing"
    MAKE = "Make"
    """The only key is a new one."""
    PUT_BACK = "PutBack"
    """Known keys that are missing are put behind those that are there."""
    ACCEPT = "Accept"
    """What is there is taken as if it had been written by an operator for this object."""
    ADD = "Add"
    """A new key is put before the one that is there."""
    RETIRE = "Retire"
    """All but the first go."""


class Stage(StrEnum):
    """Where the keys are, in one word for programs."""

    KEPT = "KeysKept"
    """Nothing is to change before the next rotation."""
    NOT_OWNED = "SecretNotOwned"
    """Somebody else's Secret: it is used, and not changed."""
    CHANGED = "KeysChanged"
    """It has just been written."""
    WAITING = "RotationWaits"
    """A rotation is due, and something else has to be right first."""
    ROTATING = "Rotating"
    """Not everything is signed with the first key yet."""
    RETIRING = "Retiring"
    """The older key is accepted for some more minutes."""


class Held(Struct, frozen=True, kw_only=True):
    """What is in a Secret; keys by their fingerprints.

    Attributes:
        keys: The usable ones, in order.
        written: Those that an operator has written last.
        since: When the first of these was made, in Unix seconds; None: it is not said.
        rotated_for: The wish (`Wish.rotate`) that it was made for.
        ours: Whether an operator has made the Secret, for the object of this name.
        owned: Whether it goes with the object that there is now.
    """

    keys: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    since: float | None = None
    rotated_for: str = ""
    ours: bool = False
    owned: bool = False


class Wish(Struct, frozen=True, kw_only=True):
    """When keys shall change.

    Attributes:
        every_seconds: So long after the last time; None: not by itself.
        rotate: Whenever this is another text than before, unless it is empty.
    """

    every_seconds: float | None = None
    rotate: str = ""


class Progress(Struct, frozen=True, kw_only=True):
    """What a round at SalesLoft has shown.

    Attributes:
        settled: Everything is there as it should be, signed with the first key.
        unused_seconds: For how long nothing has been signed with older keys; None: something is, or nobody knows.
    """

    settled: bool
    unused_seconds: float | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """What to do now.

    Attributes:
        action: See there.
        stage: See there.
        seconds: When time alone decides otherwise; None: it does not.
    """

    action: Action = Action.NOTHING
    stage: Stage = Stage.CHANGED
    seconds: float | None = None


def decide(held: Held | None, known: AbstractSet[str], wish: Wish, progress: Progress | None, now: float) -> Decision:
    """What to do with a Secret.

    Args:
        held: What is in it; None: there is none.
        known: Keys that this process remembers, and that may still be needed.
        wish: When keys shall change.
        progress: What SalesLoft has shown for the keys that are held; None: it was not asked yet.
        now: Unix seconds.
    """
    if held is None or (held.ours and not held.keys):
        return Decision(action=Action.PUT_BACK if known else Action.MAKE)
    if not held.ours:
        return Decision(stage=Stage.NOT_OWNED)
    if held.keys != held.written:
        gone = known & set(held.written) - set(held.keys)
        return Decision(action=Action.PUT_BACK if gone else Action.ACCEPT)
    if not held.owned or held.since is None:
        return Decision(action=Action.ACCEPT)
    if len(held.keys) > 1:
        return _older(progress)
    return _newer(held, wish, progress, now)


def _older(progress: Progress | None) -> Decision:
    """There is more than one key."""
    if progress is None or progress.unused_seconds is None:
        return Decision(stage=Stage.ROTATING)
    left = KEEP_SECONDS - progress.unused_seconds
    return Decision(stage=Stage.RETIRING, seconds=left) if left > 0 else Decision(action=Action.RETIRE)


def _newer(held: Held, wish: Wish, progress: Progress | None, now: float) -> Decision:
    """There is one key, made by an operator."""
    left = due_in(held, wish, now)
    if left is None or left > 0:
        return Decision(stage=Stage.KEPT, seconds=left)
    if progress is None or not progress.settled:
        return Decision(stage=Stage.WAITING)
    return Decision(action=Action.ADD)


def due_in(held: Held, wish: Wish, now: float) -> float | None:
    """Seconds until the next rotation; None: only another wish brings it about."""
    if wish.rotate and wish.rotate != held.rotated_for:
        return 0.0
    if wish.every_seconds is None or held.since is None:
        return None
    made = min(held.since, now)  # a clock that was wrong must not put it off for years
    return max(made + wish.every_seconds - now, 0.0)
