"""Keys that the operator makes, in the Secret that an object names; what is decided, `key_rotation` says.

A Secret is the operator's if it has made it: its label says so, and an annotation for which object. It goes with the
object (owner reference); others are never written. What a rotation remembers stands in the Secret (`key_secret`).
"""

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from msgspec import Struct

from salesloft_webhooks.operator.api_group import FINALIZER, GROUP
from salesloft_webhooks.operator.key_events import HANDED_OVER, event_of, message_of
from salesloft_webhooks.operator.key_rotation import Action, Decision, Held, Progress, Stage, Wish, decide
from salesloft_webhooks.operator.key_secret import (
    KEY_SINCE,
    KEYS_OF,
    ROTATED_FOR,
    Keys,
    Place,
    fingerprints,
    held,
    keys_in,
    remarks,
)
from salesloft_webhooks.operator.objects import SecretObject, SubscriptionObject
from salesloft_webhooks.operator.shared_keys import manages
from salesloft_webhooks.operator.specification import KeysMode, Specification, keys_of
from salesloft_webhooks.operator.times import seconds_time
from salesloft_webhooks.subscriptions import Phase, Round

KEY_BYTES = 32
ROTATE = f"{GROUP}/rotate"
"""Annotation of an object: whatever is new there asks for a new key."""
SOON_SECONDS = 1.0


class SecretStore(Protocol):
    """What is needed of `Cluster`."""

    async def secret(self, name: str) -> SecretObject | None:
        """A Secret; None: there is none."""

    async def write_secret(
        self,
        name: str,
        data: Mapping[str, bytes],
        *,
        owner: SubscriptionObject | None,
        former: SecretObject | None,
        annotations: Mapping[str, str] = ...,
    ) -> SecretObject:
        """Create or change one."""

    async def record_event(self, about: SubscriptionObject, kind: str, reason: str, note: str) -> None:
        """Tell people."""


class KeysReport(Struct, frozen=True, kw_only=True):
    """What is to be said of the keys.

    Attributes:
        managed: Whether they are the operator's to change.
        reason: In one word.
        message: For people.
        seconds: When to look again at the latest; None: there is nothing to wait for.
    """

    managed: bool
    reason: str
    message: str
    seconds: float | None = None


class ManagedKeys:
    """Those of all objects.

    Args:
        cluster: Where Secrets are.
        now: Unix seconds.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        cluster: SecretStore,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._now, self._clock = cluster, now, clock
        self._known: dict[str, Keys] = {}
        self._unused: dict[str, tuple[Keys, float]] = {}

    async def prepare(self, of: SubscriptionObject, wanted: Specification) -> None:
        """See that there is a Secret with keys, before it is read; not if others write it, as is declared.

        Raises:
            ClusterError: any of its kinds.
        """
        if wanted.keys.mode is not KeysMode.MANAGE:
            return
        place, wish = _place(wanted), _wish(of, wanted)
        found = await self._cluster.secret(place.secret)
        holds = None if found is None else held(found, place, of)
        decision = decide(holds, self._remembered(of), wish, None, self._now())
        if found is None or decision.action is not Action.NOTHING:
            found = await self._write(of, place, wish, found, decision.action)
        self._remember(of, place, found)

    async def advance(
        self,
        of: SubscriptionObject,
        wanted: Specification,
        secret: SecretObject,
        made: Round,
        behind: Sequence[str] = (),
    ) -> KeysReport | None:
        """Change the keys, if it is time; None: others write them, as is declared.

        Args:
            of: Whose they are.
            wanted: What it declares.
            secret: Where the keys are, as it was read.
            made: What SalesLoft has shown, planned with these keys.
            behind: Names of other objects that still need an older key.

        Raises:
            ClusterError: any of its kinds.
        """
        if wanted.keys.mode is not KeysMode.MANAGE:
            return None
        place, wish = _place(wanted), _wish(of, wanted)
        keys, holds = keys_in(secret, place), held(secret, place, of)
        progress = self._progress(of, keys, made, behind)
        decision = decide(holds, self._remembered(of), wish, progress, self._now())
        if decision.action is not Action.NOTHING:
            self._remember(of, place, await self._write(of, place, wish, secret, decision.action))
            decision = Decision(stage=Stage.CHANGED, seconds=SOON_SECONDS)
        due = None if holds.since is None or wish.every_seconds is None else holds.since + wish.every_seconds
        return KeysReport(
            managed=decision.stage is not Stage.NOT_OWNED,
            reason=decision.stage,
            message=message_of(decision.stage, place, due, behind),
            seconds=decision.seconds,
        )

    async def let_go(self, of: SubscriptionObject, wanted: Specification) -> None:
        """Have the Secret stay when its object goes, because subscriptions stay that are signed with it.

        Raises:
            ClusterError: any of its kinds.
        """
        if wanted.keys.mode is not KeysMode.MANAGE:
            return
        place = _place(wanted)
        found = await self._cluster.secret(place.secret)
        if found is not None and held(found, place, of).owned:
            await self._cluster.write_secret(place.secret, {}, owner=None, former=found)

    async def hand_over(self, of: SubscriptionObject, wanted: Specification, heir: SubscriptionObject | None) -> None:
        """Have the Secret stay for another object that names it, before its own one goes.

        Also when that one only reads the keys by now: what it made as long as it managed them still goes with it.

        Args:
            of: The object that goes.
            wanted: What it declares.
            heir: Whose it is to be; None: nobody else names it.

        Raises:
            ClusterError: any of its kinds.
        """
        if heir is None:
            return
        place, theirs = _place(wanted), manages(keys_of(heir.spec), wanted.keys)
        found = await self._cluster.secret(place.secret)
        holds = None if found is None else held(found, place, of)
        ours = theirs and wanted.keys.mode is KeysMode.MANAGE
        if found is None or holds is None or not (holds.owned or (ours and holds.ours)):
            return
        remark = {KEYS_OF: heir.metadata.name} if theirs else {}
        owner = heir if theirs and FINALIZER in heir.metadata.finalizers else None  # else it could be gone by now
        await self._cluster.write_secret(place.secret, {}, owner=owner, former=found, annotations=remark)
        kind, reason, words = HANDED_OVER
        await self._cluster.record_event(heir, kind, reason, words.format(secret=place.secret, name=of.metadata.name))

    def _remembered(self, of: SubscriptionObject) -> frozenset[str]:
        known = frozenset(fingerprints(self._known.get(of.metadata.uid, ())))
        if (first := of.status.get("key")) and first not in known:  # another process has changed them since
            self._known.pop(of.metadata.uid, None)
            return frozenset()
        return known

    def _remember(self, of: SubscriptionObject, place: Place, found: SecretObject) -> None:
        """What an operator has written is what may have to be put back."""
        holds = held(found, place, of)
        if holds.ours and holds.keys == holds.written:
            self._known[of.metadata.uid] = keys_in(found, place)

    def _progress(self, of: SubscriptionObject, keys: Keys, made: Round, behind: Sequence[str]) -> Progress:
        uid = of.metadata.uid
        if behind or not made.settled or made.error is not None or made.plan.phase is not Phase.RETIRING:
            self._unused.pop(uid, None)
            return Progress(settled=made.settled)
        if uid not in self._unused or self._unused[uid][0] != keys:
            self._unused[uid] = keys, self._clock()
        self._known[uid] = keys[:1]  # nothing is signed with the others: whoever takes them away may
        return Progress(settled=True, unused_seconds=self._clock() - self._unused[uid][1])

    async def _write(
        self, of: SubscriptionObject, place: Place, wish: Wish, former: SecretObject | None, action: Action
    ) -> SecretObject:
        there, known = (() if former is None else keys_in(former, place)), self._known.get(of.metadata.uid, ())
        keys = _changed(action, there, known)
        holds = Held() if former is None else held(former, place, of)
        annotations = remarks(of, keys)
        if action in (Action.MAKE, Action.ADD):
            annotations |= {ROTATED_FOR: wish.rotate}
        if holds.since is None or holds.written[:1] != fingerprints(keys)[:1]:
            annotations |= {KEY_SINCE: seconds_time(self._now())}
        written = await self._cluster.write_secret(
            place.secret, {place.entry: b",".join(keys)}, owner=of, former=former, annotations=annotations
        )
        kind, reason, note = event_of(action, place, fingerprints(keys)[0], lost=bool(of.status.get("key")))
        await self._cluster.record_event(of, kind, reason, note)
        return written


def _changed(action: Action, there: Keys, known: Keys) -> Keys:
    """The keys after an action."""
    if action in (Action.MAKE, Action.ADD):
        return (secrets.token_hex(KEY_BYTES).encode(), *there)
    if action is Action.PUT_BACK:
        return (*there, *(key for key in known if key not in there))
    return there[:1] if action is Action.RETIRE else there


def _wish(of: SubscriptionObject, wanted: Specification) -> Wish:
    every = None if wanted.rotation is None else wanted.rotation.seconds
    return Wish(every_seconds=every, rotate=of.metadata.annotations.get(ROTATE, ""))


def _place(wanted: Specification) -> Place:
    return Place(wanted.keys.secret_ref.name, wanted.keys.secret_ref.key)
