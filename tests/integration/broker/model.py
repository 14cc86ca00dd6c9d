"""A model of the broker, checked against a real server step by step (hypothesis stateful testing).

The model never predicts time: whether a lease has lapsed is the server's business. It checks what the server answers
against what may be true at all, and after every step the store's own consistency.
"""

import asyncio
import time
from collections import defaultdict

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import (
    Group,
    GroupOptions,
    Lease,
    Outcome,
    Publisher,
    Settled,
    Settlement,
    Store,
    audit,
    open_store,
    trim,
)
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.settings import Ordering, Settings
from tests.integration.broker.erasing_rules import ErasingRules
from tests.integration.broker.failure_rules import CONSUMERS, LEASE_SECONDS
from tests.integration.broker.handover_rules import HandOverRules, Settle
from tests.integration.broker.invariants import STREAM
from tests.support.publish_observers import SilentObserver
from tests.support.servers import Server

GROUPS = {
    "lanes": GroupOptions("lanes", ("*",), Ordering.ENTITY, LEASE_SECONDS, max_attempts=4),
    "picky": GroupOptions("picky", ("wanted.*",), Ordering.NONE, LEASE_SECONDS, max_attempts=3),
}


class BrokerModel(HandOverRules, ErasingRules):
    """Random interleavings of everything that publishers, consumers, crashes and operators do."""

    server: Server
    ordered = "lanes"

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.redis = self.server.client()
        self.redis.flushall()
        self.accepted: dict[str, NewEvent] = {}
        self.levels: dict[str, int] = defaultdict(int)
        self.done: dict[str, set[str]] = {name: set() for name in GROUPS}
        self.held: list[tuple[Group, Lease]] = []
        self.runner.run(self._open())

    async def _open(self) -> None:
        settings = Settings.load(redis_url=self.server.url)
        self.store_context = open_store(settings)
        self.store: Store = await self.store_context.__aenter__()
        self.publisher = await Publisher(self.store, settings, SilentObserver()).__aenter__()
        self.consumers = {
            (name, consumer): Group(self.store, options, consumer)
            for name, options in GROUPS.items()
            for consumer in CONSUMERS
        }
        for name in GROUPS:
            await self.consumers[name, "a"].register()

    # -- what may happen --------------------------------------------------------------------------------------------

    @rule(group=st.sampled_from(list(GROUPS)), consumer=st.sampled_from(CONSUMERS), count=st.integers(1, 6))
    def take(self, group: str, consumer: str, count: int) -> None:
        """A consumer asks for work, and takes isolated alone when it is told that there are some."""
        member = self.consumers[group, consumer]
        taken = self.runner.run(member.take(0, count))
        assert len(taken.leases) <= count
        leases = list(taken.leases)
        if taken.isolated:
            leases += self.runner.run(member.take(0, 1, alone=True)).leases
        for lease in leases:
            self.check_given(group, lease)
            self.held.append((member, lease))

    def check_given(self, group: str, lease: Lease) -> None:
        """Never again after done, only what was asked for, in order within a lane."""
        event = lease.event
        assert event.event_id not in self.done[group], "given out again after done"
        assert group == "lanes" or event.event_type.startswith("wanted."), "not what the group asked for"
        if group == "lanes":
            lane = [e.event_id for e in self.accepted.values() if e.entity_key == event.entity_key]
            finished = self.finished(group)
            first = next(event_id for event_id in lane if event_id not in finished)
            assert event.event_id == first, "not the head of its lane"

    @rule(
        which=st.integers(0, 50),
        outcome=st.sampled_from(list(Outcome)),
        delay=st.sampled_from([0.0, 0.01]),
        forget=st.booleans(),
    )
    def settle(self, which: int, outcome: Outcome, delay: float, forget: bool) -> None:  # noqa: FBT001
        """An attempt ends, in time or long after its lease is lost; perhaps it is settled again later."""
        if not self.held:
            return
        member, lease = self.held[which % len(self.held)]
        self.report(member, lease, outcome, delay)
        if forget:
            self.held.remove((member, lease))

    def report(
        self, member: Group, lease: Lease, outcome: Outcome, delay: float = 0.0, settle: Settle | None = None
    ) -> None:
        """Settle, and check the answer against what may be true."""
        group, event_id = member.options.name, lease.event.event_id
        finished = event_id in self.finished(group)
        rows = self.redis.xpending_range(STREAM, group, lease.entry_id, lease.entry_id, 1)
        row = rows[0] if rows else {"consumer": "", "times_delivered": 0}
        run = self.redis.hget(f"sl:{{0}}:g:{group}:clock", "run")
        held = (row["consumer"], row["times_delivered"], run) == (member.consumer, lease.event.attempt, lease.run)
        poison = self.is_poison(group, lease)

        settlement = Settlement(lease, outcome, delay, reason="permanent", error="none")
        result = (settle or self.settle_alone)(member, settlement)

        if poison and not rows and outcome is Outcome.DONE:
            assert result is Settled.LATE
            self.done[group].add(event_id)
        elif not rows:  # finished, or not read again since the group was destroyed
            assert result is Settled.GONE
        elif held or (outcome is Outcome.DONE and row["consumer"] == NOBODY):
            assert result is Settled.SETTLED
        else:
            assert result is (Settled.LATE if outcome is Outcome.DONE else Settled.LOST)
        if outcome is Outcome.DONE and not finished:
            self.done[group].add(event_id)
        if result is Settled.SETTLED and event_id in self.done[group]:
            assert not self.redis.xpending_range(STREAM, group, lease.entry_id, lease.entry_id, 1), "done, yet pending"

    @rule(
        group=st.sampled_from(list(GROUPS)),
        late=st.sampled_from(list(Outcome)),
        current=st.sampled_from(list(Outcome)),
        late_first=st.booleans(),
        same_consumer=st.booleans(),
    )
    def a_lease_changes_hands(
        self, group: str, late: Outcome, current: Outcome, *, late_first: bool, same_consumer: bool
    ) -> None:
        """A stalled consumer reports after somebody else, or its own later attempt, has taken the entry over."""
        stalled = self.consumers[group, "a"]
        taken = self.runner.run(stalled.take(0, 1)).leases
        if not taken:
            return
        self.check_given(group, taken[0])
        time.sleep(LEASE_SECONDS + 0.005)
        heir = stalled if same_consumer else self.consumers[group, "b"]
        leases = self.runner.run(heir.take(0, 50)).leases
        for lease in leases:
            self.check_given(group, lease)
        self.held += [(heir, lease) for lease in leases]
        self.held.append((stalled, taken[0]))
        inherited = [(heir, lease) for lease in leases if lease.entry_id == taken[0].entry_id]
        reports = [(stalled, taken[0], late), *((member, lease, current) for member, lease in inherited)]
        for member, lease, outcome in reports if late_first else reversed(reports):
            self.report(member, lease, outcome)

    @rule(group=st.sampled_from(list(GROUPS)), consumer=st.sampled_from(CONSUMERS))
    def extend(self, group: str, consumer: str) -> None:
        """A consumer renews all it believes to hold (some twice): no entry is confirmed to two attempts."""
        member = self.consumers[group, consumer]
        leases = [lease for holder, lease in self.held if holder is member]
        kept = self.runner.run(member.extend(0, leases)) if leases else []
        confirmed = {(lease.entry_id, lease.event.attempt) for lease, ours in zip(leases, kept, strict=True) if ours}
        assert len({entry_id for entry_id, _ in confirmed}) == len(confirmed)

    @rule(consumer=st.sampled_from(CONSUMERS))
    def crash(self, consumer: str) -> None:
        """A worker dies: it forgets what it held and says nothing."""
        self.held = [(member, lease) for member, lease in self.held if member.consumer != consumer]

    @rule(seconds=st.sampled_from([0.005, LEASE_SECONDS + 0.005]))
    def let_time_pass(self, seconds: float) -> None:
        """Leases lapse, retries become due."""
        time.sleep(seconds)

    @rule(group=st.sampled_from(list(GROUPS)), by_hand=st.booleans(), over=st.booleans())
    def pause(self, group: str, by_hand: bool, over: bool) -> None:  # noqa: FBT001
        """Somebody pauses or resumes a group, or its circuit breaker opens; a paused group gets nothing."""
        key = f"sl:{{0}}:g:{group}:pause"
        # A breaker leaves a pause that is there untouched, and what an earlier one left may end before the take below.
        self.redis.delete(key)
        if by_hand:
            self.redis.set(key, "manual")
        else:
            self.runner.run(self.consumers[group, "a"].pause(60))
        assert self.runner.run(self.consumers[group, "b"].take(0, 5)).leases == ()
        assert not by_hand or self.redis.pttl(key) == -1
        if over or by_hand:
            self.redis.delete(key)
        else:
            self.redis.pexpire(key, 10)

    @rule()
    def keep_house(self) -> None:
        """Trim without any retention, audit and retire: nothing unfinished is touched, nothing needs repair."""

        async def keep_house() -> None:
            await trim(self.store, 0, 0.0)
            for name in GROUPS:
                assert await audit(self.store, 0, name, "-", 1.0) == ("-", 0)
                await self.consumers[name, "a"].retire(idle_seconds=0.0)

        self.runner.run(keep_house())

    def teardown(self) -> None:
        """Nothing is lost: worked off to the end, every accepted event is done or dead wherever it is wanted."""
        try:
            for name in GROUPS:
                self._work_off(name)
                wanted = {i for i, e in self.accepted.items() if name == "lanes" or e.event_type.startswith("wanted.")}
                assert self.finished(name) == wanted
                assert self.pending(name) == []
        finally:
            self.runner.run(self._close())
            self.runner.close()
            self.redis.close()

    def _work_off(self, name: str) -> None:
        self.redis.delete(f"sl:{{0}}:g:{name}:pause")
        member = self.consumers[name, "a"]
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            taken = self.runner.run(member.take(0, 100))
            leases = taken.leases or (self.runner.run(member.take(0, 1, alone=True)).leases if taken.isolated else ())
            for lease in leases:
                self.check_given(name, lease)
                self.runner.run(member.settle(0, [Settlement(lease, Outcome.DONE)]))
                self.done[name].add(lease.event.event_id)
            if taken.last_id and not self.pending(name):
                return
            if not leases:
                time.sleep(0.005)

    async def _close(self) -> None:
        await self.publisher.__aexit__(None, None, None)
        await self.store_context.__aexit__(None, None, None)
