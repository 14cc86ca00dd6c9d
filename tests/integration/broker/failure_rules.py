"""What goes wrong around the store in the model: lost replies, outages, destroyed groups."""

import asyncio
import time

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import Group, Lease
from salesloft_webhooks.broker.keys import NOBODY, PARKED_SCORE
from tests.integration.broker.invariants import STREAM
from tests.integration.broker.publishers import PublisherRules

LEASE_SECONDS = 0.03
CONSUMERS = ("a", "b", "c")
GROUP_NAMES = ("lanes", "picky")


class FailureRules(PublisherRules):
    """Troubles that no side is to blame for.

    Attributes:
        consumers: By group and name.
        held: What each believes to hold.
    """

    runner: asyncio.Runner
    consumers: dict[tuple[str, str], Group]
    held: list[tuple[Group, Lease]]

    def check_given(self, group: str, lease: Lease) -> None:
        """What may be true of a lease that was given."""
        raise NotImplementedError

    @rule(group=st.sampled_from(GROUP_NAMES), consumer=st.sampled_from(CONSUMERS), count=st.integers(1, 6))
    def lose_a_reply(self, group: str, consumer: str, count: int) -> None:
        """The reply of a take is lost: its repeat leases what the first did and nothing new.

        An empty reply is not kept: what has come due since then (leases here last 30 ms) is leased by the repeat.
        """
        member = self.consumers[group, consumer]
        first = {(lease.entry_id, lease.event.attempt) for lease in self.runner.run(member.take(0, count)).leases}
        member._take_numbers[0] -= 1
        member._take_unanswered[0] = True

        repeated = self.runner.run(member.take(0, count)).leases

        assert not first or {(lease.entry_id, lease.event.attempt) for lease in repeated} == first
        for lease in repeated:
            self.check_given(group, lease)
            self.held.append((member, lease))

    @rule(group=st.sampled_from(GROUP_NAMES), consumer=st.sampled_from(CONSUMERS))
    def be_away(self, group: str, consumer: str) -> None:
        """The store was away for so long that every lease has lapsed: the first to ask gets none of them."""
        clock, due = f"sl:{{0}}:g:{group}:clock", f"sl:{{0}}:g:{group}:due"
        time.sleep(LEASE_SECONDS + 0.005)
        called = int(self.redis.hget(clock, "called") or time.time() * 1000)
        self.redis.hset(clock, mapping={"called": called - 40_000, "reporting_until": 0})
        owners = {row["message_id"]: row["consumer"] for row in self.pending(group)}
        member = self.consumers[group, consumer]

        leases = self.runner.run(member.take(0, 6)).leases

        for lease in leases:
            assert owners.get(lease.entry_id, NOBODY) == NOBODY, "taken from the living"
            self.check_given(group, lease)
            self.held.append((member, lease))
        # The seconds of patience go by.
        now = time.time() * 1000
        for name, score in self.redis.zrange(due, 0, -1, withscores=True):
            if now + 1_000 < score < PARKED_SCORE:
                self.redis.zadd(due, {name: now})
        self.redis.hset(clock, "reporting_until", 0)

    @rule(group=st.sampled_from(GROUP_NAMES), consumer=st.sampled_from(CONSUMERS))
    def destroy(self, group: str, consumer: str) -> None:
        """Somebody destroys the consumer group: the next take makes it again, and leases of before settle nothing."""
        self.redis.xgroup_destroy(STREAM, group)
        self.redis.delete(f"sl:{{0}}:g:{group}:pause")
        member = self.consumers[group, consumer]

        taken = self.runner.run(member.take(0, 2))

        assert taken.healed
        for lease in taken.leases:
            self.check_given(group, lease)
            self.held.append((member, lease))
