"""The plan's model, with keys that two operators make, who die and forget, and a Secret that people delete and edit."""

import base64
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from salesloft_webhooks.errors import ClusterConflict
from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR
from salesloft_webhooks.operator.key_secret import KEYS_WRITTEN, ROTATED_FOR, fingerprints, keys_in
from salesloft_webhooks.operator.managed_keys import ManagedKeys
from salesloft_webhooks.operator.objects import Metadata, OwnerReference, SecretObject, SubscriptionObject
from salesloft_webhooks.subscriptions import MasterKey, Phase, Round, Seen, SigningKey, plan
from tests.support.managed_keys import PLACE, asking, wanted
from tests.unit.subscriptions.registry import Killed
from tests.unit.subscriptions.test_plan_model import Operator, World

T = TypeVar("T")
WANTED = wanted()
OBJECT = SubscriptionObject(metadata=Metadata(name="sales", uid="1"))


def finished(work: Coroutine[Any, Any, T]) -> T:
    """What it returns; it waits for nothing."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    raise AssertionError("it waits")


class Kubernetes:
    """One Secret: refuses whoever has not seen its latest version, and may kill whoever writes."""

    def __init__(self) -> None:
        self.latest: SecretObject | None = None
        self.shown: SecretObject | None = None
        self.version = 0
        self.kill = ""
        self.writes: list[tuple[SecretObject | None, SecretObject]] = []

    async def secret(self, _: str) -> SecretObject | None:
        """As it is shown, which may be as it was."""
        return self.shown

    async def write_secret(
        self,
        name: str,
        data: Mapping[str, bytes],
        *,
        owner: SubscriptionObject | None,
        former: SecretObject | None,
        annotations: Mapping[str, str] | None = None,
    ) -> SecretObject:
        """As `Cluster` does."""
        assert owner is not None
        if self.kill == "before":
            raise Killed
        if (former and former.metadata.resource_version) != (self.latest and self.latest.metadata.resource_version):
            raise ClusterConflict("somebody else was faster")
        before = {} if former is None else former.metadata.annotations
        made = self.put(name, data[PLACE.entry], before | dict(annotations or {}))
        if self.kill == "after":
            raise Killed
        return made

    async def record_event(self, about: SubscriptionObject, kind: str, reason: str, note: str) -> None:
        """Nobody is told."""

    def put(self, name: str, value: bytes, annotations: Mapping[str, str]) -> SecretObject:
        """It is as it is said."""
        self.version += 1
        about = Metadata(
            name=name,
            resource_version=str(self.version),
            annotations=dict(annotations),
            labels={CREATED_BY: OPERATOR},
            owner_references=(OwnerReference("1"),),
        )
        made = SecretObject(about, {PLACE.entry: base64.b64encode(value).decode()})
        self.writes.append((self.latest, made))
        self.latest = self.shown = made
        return made


class ManagedWorld(World):
    """The plan's world, in which nobody but operators is to write the Secret, and somebody does."""

    def __init__(self) -> None:
        self.kubernetes = Kubernetes()
        super().__init__()
        self.keys = []
        self.receivers[0].keys, self.receivers[1].keys = [], []
        self.managed = [self.new_manager(), self.new_manager()]
        self.wish, self.hurt, self.ever_hurt, self.deleted = "", False, False, set[bytes]()
        self.look(0, "right")
        for each in self.receivers:
            self.catch_up(each)

    def new_manager(self) -> ManagedKeys:
        """One that knows nothing."""
        return ManagedKeys(self.kubernetes, now=lambda: self.now, clock=lambda: self.now)

    # What people do

    @rule()
    def ask_for_a_rotation(self) -> None:
        """The annotation has a text that it never had."""
        self.made += 1
        self.wish = str(self.made)

    @precondition(lambda self: self.kubernetes.latest is not None)
    @rule()
    def delete_the_secret(self) -> None:
        """Receivers go on with what they have read."""
        self.deleted = set(self.written)
        self.kubernetes.latest = None

    @precondition(lambda self: len(self.written) == 2)
    @rule()
    def take_the_older_key_away(self) -> None:
        """Too early, or not."""
        self.edit(self.written[:1])

    @precondition(lambda self: self.written)
    @rule(also=st.booleans())
    def write_another_key(self, also: bool) -> None:  # noqa: FBT001 - drawn
        """Instead of all that are there, or before them."""
        self.made += 1
        there = self.written if also else ()
        self.edit((b"by hand that is long enough %d" % self.made, *there[:2]))

    def edit(self, keys: tuple[bytes, ...]) -> None:
        """What receivers refuse until keys are put back is nobody's fault but the editor's."""
        assert self.kubernetes.latest is not None
        self.hurt = self.hurt or not set(self.written) <= set(keys)
        self.kubernetes.put(PLACE.secret, b",".join(keys), self.kubernetes.latest.metadata.annotations)
        self.follow()

    @property
    def written(self) -> tuple[bytes, ...]:
        """The keys in the Secret."""
        return () if self.kubernetes.latest is None else keys_in(self.kubernetes.latest, PLACE)

    def follow(self) -> None:
        """Receivers will read what is there now; without a Secret they go on with what they have."""
        there: list[SigningKey] = [MasterKey(key) for key in self.written]
        if there and [key.fingerprint for key in there] != [key.fingerprint for key in self.keys]:
            self.change(there)

    @invariant()
    def what_was_delivered_still_is(self) -> None:
        """See there; unless a person has taken keys away, until these are back, or lost, and receivers know it."""
        if self.hurt:
            self.delivered, self.ever_hurt = set(), True
            self.hurt = not self.is_handled or any(each.behind_since is not None for each in self.receivers)
        else:
            super().what_was_delivered_still_is()

    # What operators do

    @rule(
        number=st.sampled_from([0, 1]),
        page=st.sampled_from(["right", "right", "right", "empty"]),
        fate=st.sampled_from(["", "", "", "stale", "before", "after", "forgets"]),
    )
    def look(self, number: int, page: str, fate: str = "") -> None:
        """See to the Secret, list, plan, see to the Secret again; on what was there before, or killed at a write."""
        if fate == "forgets":
            self.die(number)
        past = self.kubernetes.writes[-1][0] if self.kubernetes.writes else None
        self.kubernetes.shown = past if fate == "stale" else self.kubernetes.latest
        self.kubernetes.kill = fate
        try:
            finished(self.reconcile(number, page))
        except ClusterConflict:
            self.operators[number].steps = []
        except Killed:
            self.die(number)
        finally:
            self.kubernetes.kill = ""
        if self.deleted and self.written:  # made anew: by who remembered what was there, or not
            self.hurt = self.hurt or not self.deleted <= set(self.written)
            self.deleted = set()

    def die(self, number: int) -> None:
        """Another process goes on in its place."""
        self.operators[number], self.managed[number] = Operator(), self.new_manager()

    async def reconcile(self, number: int, page: str) -> None:
        """One operator's look."""
        operator, managed = self.operators[number], self.managed[number]
        of = asking(OBJECT, self.wish)
        await managed.prepare(of, WANTED)
        secret = self.kubernetes.shown
        assert secret is not None
        keys: list[SigningKey] = [MasterKey(key) for key in keys_in(secret, PLACE)]
        self.follow()
        found = list(self.there.values()) if page == "right" else []
        accepted = {str(at): frozenset(key.fingerprint for key in each.keys) for at, each in enumerate(self.receivers)}
        seen = Seen(now=self.now, receivers=accepted if self.told else None)
        made = plan(self.desired, found, keys, seen, operator.memory)
        operator.memory, operator.steps, operator.phase = made.memory, list(made.steps), made.phase
        operator.keys, operator.planned = keys, self.now
        await managed.advance(of, WANTED, secret, Round(plan=made, found=tuple(found)))
        self.follow()

    @property
    def is_handled(self) -> bool:
        """Whether an operator has seen what a person did."""
        secret = self.kubernetes.latest
        names = ",".join(fingerprints(self.written))
        return secret is not None and secret.metadata.annotations.get(KEYS_WRITTEN) == names

    def teardown(self) -> None:
        """Left alone, one operator has one key, made for the latest wish, which signs everything."""
        for _ in range(30):
            self.wait(200)
            self.round(0)
        assert len(self.keys) == 1
        ours = [each for each in self.there.values() if each.id not in self.foreign]
        if self.ever_hurt:  # what is signed with a key that is gone is nobody's
            ours = [each for each in ours if self.keys[0].token(each.event_type) == each.callback_token]
        assert sorted(each.event_type for each in ours) == self.wanted
        assert all(each.enabled and self.keys[0].token(each.event_type) == each.callback_token for each in ours)
        assert self.operators[0].phase is Phase.IDLE
        assert self.kubernetes.latest is not None
        assert self.wish in ("", self.kubernetes.latest.metadata.annotations.get(ROTATED_FOR))


for people in ("rotate", "roll_back", "retire"):  # change the keys there, which operators do here
    setattr(ManagedWorld, people, None)


def test_what_is_delivered_stays_so_whoever_changes_the_keys() -> None:
    """Nothing is lost but what a person has taken away while nobody remembered it; and each wish is followed."""
    run_state_machine_as_test(ManagedWorld, settings=settings(max_examples=100, stateful_step_count=40, deadline=None))
