"""The plan, carried out by two at once who die anywhere, while keys change and SalesLoft answers wrongly."""

from collections.abc import Sequence

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from msgspec import Struct
from msgspec.structs import replace

from salesloft_webhooks.salesloft import Subscription
from salesloft_webhooks.subscriptions import (
    Create,
    Delete,
    Desired,
    Enable,
    MasterKey,
    Memory,
    Phase,
    Seen,
    SigningKey,
    Step,
    plan,
)
from salesloft_webhooks.subscriptions.plan import BELIEVED_SECONDS, SPREAD_SECONDS

URL = "https://hooks.example.com/webhooks/salesloft"
SWAP_URL = "https://links.example.com/swap"
LINK_SWAP = "link_swap"
EVENTS = ("call_created", "email_updated", "note_created", "person_created", "person_updated")
DESIRED = Desired(callback_url=URL, events=frozenset(EVENTS))
MOST_KEYS = 3


class Receiver(Struct):
    """One that accepts the keys it has read, and reads a changed Secret some time later."""

    keys: list[SigningKey]
    behind_since: float | None = None


class Operator(Struct):
    """One who carries out a plan, remembers, and may forget."""

    memory: Memory = Memory()
    steps: list[Step] = []
    keys: Sequence[SigningKey] = ()
    planned: float = 0.0
    phase: Phase = Phase.IDLE


class World(RuleBasedStateMachine):
    """SalesLoft, a Secret, two receivers and two operators, each of which believes to be the only one."""

    def __init__(self) -> None:
        super().__init__()
        self.there: dict[int, Subscription] = {}
        self.now, self.made, self.ids = 1_000.0, 0, 0
        self.keys: list[SigningKey] = [self.new_key()]
        self.receivers = [Receiver(list(self.keys)), Receiver(list(self.keys))]
        self.operators = [Operator(), Operator()]
        self.told = True
        self.delivered: set[str] = set()
        self.desired = DESIRED

    @initialize(told=st.booleans(), foreign=st.booleans(), swap_url=st.sampled_from([None, URL, SWAP_URL]))
    def begin(self, told: bool, foreign: bool, swap_url: str | None) -> None:  # noqa: FBT001 - drawn
        """Receivers tell which keys they have, or not; others' are there, or not; link swaps are wanted, or not."""
        self.told = told
        self.desired = replace(DESIRED, link_swap_url=swap_url, swaps_links=swap_url is not None)
        if foreign:
            self.add("person_created", "somebody else's")
            self.add(LINK_SWAP, "somebody else's", SWAP_URL)
            self.add("person_created", self.keys[0].token("person_created"), SWAP_URL)
        self.foreign = dict(self.there)

    @property
    def wanted(self) -> list[str]:
        """Event types that shall be delivered."""
        return sorted(route.event for route in self.desired.routes)

    def new_key(self) -> MasterKey:
        """One that was never there."""
        self.made += 1
        return MasterKey(b"key %d" % self.made)

    def add(self, event: str, token: str, url: str = URL) -> None:
        """SalesLoft has one more."""
        self.ids += 1
        self.there[self.ids] = Subscription(id=self.ids, event_type=event, callback_url=url, callback_token=token)

    # What people do

    @precondition(lambda self: len(self.keys) < MOST_KEYS)
    @rule()
    def rotate(self) -> None:
        """A new key in front of the others."""
        self.change([self.new_key(), *self.keys])

    @precondition(lambda self: len(self.keys) > 1)
    @rule()
    def roll_back(self) -> None:
        """The second key in front again."""
        self.change([self.keys[1], self.keys[0], *self.keys[2:]])

    @precondition(lambda self: any(each.phase is Phase.RETIRING and each.keys == self.keys for each in self.operators))
    @rule()
    def retire(self) -> None:
        """All keys but the first go, ten minutes after it is said that they may: no plan of before is believed then."""
        self.wait(600)
        self.change(self.keys[:1])

    def change(self, keys: list[SigningKey]) -> None:
        """The Secret is another one now. What was said of the one before counts no more, also when that comes back."""
        self.keys = keys
        for operator in self.operators:
            operator.phase = Phase.IDLE
        for each in self.receivers:
            each.behind_since = self.now if each.behind_since is None else each.behind_since

    @precondition(lambda self: self.there.keys() > self.foreign.keys())
    @rule(data=st.data())
    def by_hand(self, data: st.DataObject) -> None:
        """Somebody disables or deletes one of ours."""
        one = self.there[data.draw(st.sampled_from(sorted(self.there.keys() - self.foreign.keys())))]
        self.delivered.discard(one.event_type)
        if data.draw(st.booleans()):
            self.there[one.id] = replace(one, enabled=False)
        else:
            del self.there[one.id]

    # What time does

    @rule(seconds=st.sampled_from([1, 20, 70, 130]))
    def wait(self, seconds: int) -> None:
        """No receiver stays behind for longer than the kubelet takes."""
        self.now += seconds
        for each in self.receivers:
            if each.behind_since is not None and self.now - each.behind_since > SPREAD_SECONDS - 10:
                self.catch_up(each)

    @rule(number=st.sampled_from([0, 1]))
    def read(self, number: int) -> None:
        """A receiver reads the Secret."""
        self.catch_up(self.receivers[number])

    def catch_up(self, receiver: Receiver) -> None:
        """It has all keys."""
        receiver.keys, receiver.behind_since = list(self.keys), None

    # What operators do

    @rule(number=st.sampled_from([0, 1]), page=st.sampled_from(["right", "right", "right", "empty"]))
    def look(self, number: int, page: str) -> None:
        """List and plan; now and then SalesLoft shows nothing by mistake."""
        operator = self.operators[number]
        found = list(self.there.values()) if page == "right" else []
        accepted = {str(at): frozenset(key.fingerprint for key in each.keys) for at, each in enumerate(self.receivers)}
        seen = Seen(now=self.now, receivers=accepted if self.told else None)
        made = plan(self.desired, found, self.keys, seen, operator.memory)
        operator.memory, operator.steps, operator.phase = made.memory, list(made.steps), made.phase
        operator.keys, operator.planned = list(self.keys), self.now

    @precondition(lambda self: any(each.steps for each in self.operators))
    @rule(number=st.sampled_from([0, 1]), outcome=st.sampled_from(["done", "done", "done", "lost", "refused", "died"]))
    def act(self, number: int, outcome: str) -> None:
        """The next step: done; done and answered with an error; not done; or the process dies instead."""
        operator = self.operators[number]
        if outcome == "died":
            self.operators[number] = Operator()
        elif operator.steps and self.now - operator.planned <= BELIEVED_SECONDS:
            step = operator.steps.pop(0)
            if outcome != "refused":
                self.carry_out(step, operator.keys)
            if outcome != "done" and not isinstance(step, Delete):
                operator.steps = [each for each in operator.steps if not isinstance(each, Delete)]

    @rule(number=st.sampled_from([0, 1]))
    def round(self, number: int) -> None:
        """A whole round without trouble."""
        self.look(number, "right")
        while self.operators[number].steps:
            self.act(number, "done")
            self.what_was_delivered_still_is()

    def carry_out(self, step: Step, keys: Sequence[SigningKey]) -> None:
        """At SalesLoft."""
        match step:
            case Create(event=event, key=key):
                self.add(event, keys[key].token(event), self.desired.url_of(event))
            case Enable(id=identity) if identity in self.there:
                self.there[identity] = replace(self.there[identity], enabled=True)
            case Delete(id=identity):
                self.there.pop(identity, None)

    # What holds

    @invariant()
    def what_was_delivered_still_is(self) -> None:
        """With a token that every receiver accepts."""
        now = {event for event in self.wanted if any(self.arrives(each) for each in self.of(event))}
        assert self.delivered <= now, (self.delivered - now, self.there)
        self.delivered = now

    @invariant()
    def what_is_others_stays(self) -> None:
        """As it was."""
        assert {each: self.there.get(each) for each in self.foreign} == self.foreign

    def of(self, event: str) -> list[Subscription]:
        """SalesLoft's subscriptions that bring one event type to where it is wanted."""
        url = self.desired.url_of(event)
        return [each for each in self.there.values() if (each.event_type, each.callback_url) == (event, url)]

    def arrives(self, one: Subscription) -> bool:
        """Whether its deliveries are sent, and accepted by whichever receiver gets them."""
        return one.enabled and all(
            any(key.token(one.event_type) == one.callback_token for key in each.keys) for each in self.receivers
        )

    def teardown(self) -> None:
        """Left alone, one operator gets everything there: once, enabled, under the first key; and others' untouched."""
        for _ in range(8):
            self.wait(200)
            self.round(0)
        ours = [each for each in self.there.values() if each.id not in self.foreign]
        assert sorted(each.event_type for each in ours) == self.wanted
        assert all(each.enabled and self.keys[0].token(each.event_type) == each.callback_token for each in ours)
        assert self.operators[0].phase is (Phase.RETIRING if len(self.keys) > 1 else Phase.IDLE)


def test_nothing_that_is_delivered_stops_being_delivered() -> None:
    """Whatever dies, whoever acts at the same time, however often keys change; and in the end all is as wanted."""
    run_state_machine_as_test(World, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))
