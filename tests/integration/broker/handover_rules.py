"""Lanes handed over in the model: whoever finishes a head may get the next entry with the answer."""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import Group, Lease, Outcome, Settled, Settlement
from tests.integration.broker.failure_rules import FailureRules
from tests.integration.broker.invariants import STREAM

Settle = Callable[[Group, Settlement], Settled]


class HandOverRules(FailureRules):
    """Settling with room for what is next, its answers lost or not, the group paused or not."""

    def report(
        self, member: Group, lease: Lease, outcome: Outcome, delay: float = 0.0, settle: Settle | None = None
    ) -> None:
        """Settle, and check the answer against what may be true."""
        raise NotImplementedError

    def settle_alone(self, member: Group, settlement: Settlement) -> Settled:
        """Settle without going on."""
        return self.runner.run(member.settle(0, [settlement]))[0]

    @rule(
        which=st.integers(0, 50),
        outcome=st.sampled_from([Outcome.DONE, Outcome.DONE, *Outcome]),
        room=st.integers(0, 2),
        trouble=st.sampled_from(["", "", "paused", "lost", "late copy"]),
        forget=st.booleans(),
    )
    def settle_and_go_on(self, which: int, outcome: Outcome, room: int, trouble: str, forget: bool) -> None:  # noqa: FBT001
        """An attempt ends; what is handed over is what a take would give now, and nothing while the group is paused."""
        if not self.held:
            return
        member, lease = self.held[which % len(self.held)]
        given: list[Lease] = []

        def settle(member: Group, settlement: Settlement) -> Settled:
            answer = self.runner.run(member.settle_and_continue(0, [settlement], room))
            given.extend(answer.leases)
            if trouble == "lost":
                member._handover_unanswered[0] = True
                repeat = self.runner.run(member.settle_and_continue(0, [settlement], 0))
                assert _attempts(repeat.leases) == _attempts(answer.leases)
                assert repeat.something_is_due
            if trouble == "late copy":
                member._handovers[0] -= 1
                copy = self.runner.run(member.settle_and_continue(0, [settlement], room))
                assert copy.leases == ()
            return answer.results[0]

        pause = f"sl:{{0}}:g:{member.options.name}:pause"
        self.redis.delete(pause)
        if trouble == "paused":
            self.redis.set(pause, "manual")
        self.report(member, lease, outcome, settle=settle)
        self.redis.delete(pause)
        if forget:
            self.held.remove((member, lease))
        assert len(given) <= (0 if trouble == "paused" else room)
        for each in given:
            self.check_handed_over(member, each)

    def check_handed_over(self, member: Group, lease: Lease) -> None:
        """A first attempt, leased to whoever settled, and the head of its lane."""
        group = member.options.name
        self.check_given(group, lease)
        (row,) = self.redis.xpending_range(STREAM, group, lease.entry_id, lease.entry_id, 1)
        assert (row["consumer"], row["times_delivered"], lease.event.attempt) == (member.consumer, 1, 1)
        waiting = self.redis.lrange(f"sl:{{0}}:g:{group}:lane:{lease.lane}", 0, -1)
        assert (waiting[0], len(waiting) > 1) == (lease.entry_id, lease.followed)
        self.held.append((member, lease))


def _attempts(leases: tuple[Lease, ...]) -> set[tuple[str, int]]:
    return {(lease.entry_id, lease.event.attempt) for lease in leases}
