"""Lanes handed over in the model: whoever finishes a head may get the next entry with the answer."""

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import rule

from salesloft_webhooks.broker import Group, Lease, Outcome, Settled, Settlement
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.events import NewDelivery, NewEvent
from tests.integration.broker.failure_rules import CONSUMERS, FailureRules
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
        behind=st.integers(0, 3),
        trouble=st.sampled_from(["", "", "paused", "lost", "late copy"]),
        forget=st.booleans(),
    )
    def settle_and_go_on(
        self, *, which: int, outcome: Outcome, room: int, behind: int, trouble: str, forget: bool
    ) -> None:
        """An attempt ends; what is handed over is what a take would give now, and nothing while the group is paused."""
        candidates = self._heads_of_lanes() or self.held
        if not candidates:
            return
        member, lease = candidates[which % len(candidates)]
        given: list[Lease] = []

        def settle(member: Group, settlement: Settlement) -> Settled:
            answer = self.runner.run(member.settle_and_continue(0, [settlement], room, behind))
            given.extend(answer.leases)
            if trouble == "lost":
                member._settle_numbers[0] -= 1
                member._settle_unanswered[0] = True
                repeat = self.runner.run(member.settle_and_continue(0, [settlement], 0))
                assert _attempts(repeat.leases) == _attempts(answer.leases)
                assert repeat.something_is_due
            if trouble == "late copy":
                member._settle_numbers[0] -= 1
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
        assert sum(len(each.behind) for each in given) <= behind
        for each in given:
            self.check_handed_over(member, each)

    @rule(which=st.integers(0, 50), last=st.sampled_from([Outcome.DONE, *Outcome]), repeat=st.booleans())
    def run_on_in_a_lane(self, *, which: int, last: Outcome, repeat: bool) -> None:
        """What came along is run under the head's lease, if that is held still or not, and settled in one call."""
        candidates = [(member, lease) for member, lease in self.held if lease.behind]
        if not candidates:
            return
        member, head = candidates[which % len(candidates)]
        group = member.options.name
        run = head.behind[: 1 + which % len(head.behind)]
        outcomes = [*([Outcome.DONE] * (len(run) - 1)), last]
        waiting = self.redis.lrange(f"sl:{{0}}:g:{group}:lane:{head.lane}", 0, len(run))
        in_place = waiting == [head.entry_id, *(each.entry_id for each in run)]
        results: list[Settled] = []

        def settle(member: Group, settlement: Settlement) -> Settled:
            followers = [Settlement(*each, reason="permanent") for each in zip(run, outcomes, strict=True)]
            results.extend(self.runner.run(member.settle(0, [settlement, *followers])))
            if repeat:
                self.runner.run(member.settle(0, [settlement, *followers]))
            return results[0]

        self.report(member, head, Outcome.DONE, settle=settle)
        self.held.remove((member, head))
        for lease, outcome, result in zip(run, outcomes, results[1:], strict=True):
            self._check_run(group, lease, outcome, result, expected=in_place and results[0] is Settled.SETTLED)

    def _check_run(self, group: str, lease: Lease, outcome: Outcome, result: Settled, *, expected: bool) -> None:
        """Settled as asked behind a head that was; else only a `done` counts."""
        if expected:
            assert result is Settled.SETTLED
        elif outcome is not Outcome.DONE:
            assert result in {Settled.LOST, Settled.GONE}
        if outcome is Outcome.DONE:
            self.done[group].add(lease.event.event_id)
            pending = self.redis.xpending_range(STREAM, group, lease.entry_id, lease.entry_id, 1)
            assert not pending or result is Settled.LATE, "done, yet pending"

    def _heads_of_lanes(self) -> list[tuple[Group, Lease]]:
        """Of what is held: what others wait behind."""
        lanes = f"sl:{{0}}:g:{self.ordered}:lane:"
        return [
            (member, lease)
            for member, lease in self.held
            if lease.lane and self.redis.lrange(lanes + lease.lane, 0, 1)[:-1] == [lease.entry_id]
        ]

    @rule(entity=st.integers(0, 2), number=st.integers(1000, 9999), consumer=st.sampled_from(CONSUMERS))
    def fill_a_lane(self, entity: int, number: int, consumer: str) -> None:
        """Several events of one entity arrive, and a consumer takes what is first."""
        for each in range(number, number + 3):
            event = NewEvent(f"lane-{each}", "wanted.event", f"person:{entity}", "2026-03-07", b"{}")
            self.runner.run(self.publisher.publish(NewDelivery("default", (event,))))
            self.accepted.setdefault(event.event_id, event)
        member = self.consumers[self.ordered, consumer]
        for lease in self.runner.run(member.take(0, 3)).leases:
            self.check_given(self.ordered, lease)
            self.held.append((member, lease))

    def check_handed_over(self, member: Group, lease: Lease) -> None:
        """A first attempt, leased to whoever settled, and the head of its lane."""
        group = member.options.name
        self.check_given(group, lease)
        (row,) = self.redis.xpending_range(STREAM, group, lease.entry_id, lease.entry_id, 1)
        assert (row["consumer"], row["times_delivered"], lease.event.attempt) == (member.consumer, 1, 1)
        waiting = self.redis.lrange(f"sl:{{0}}:g:{group}:lane:{lease.lane}", 0, -1)
        assert (waiting[0], len(waiting) > 1) == (lease.entry_id, lease.followed)
        assert [each.entry_id for each in lease.behind] == waiting[1 : len(lease.behind) + 1]
        for each in lease.behind:
            (row,) = self.redis.xpending_range(STREAM, group, each.entry_id, each.entry_id, 1)
            assert (row["consumer"], row["times_delivered"], each.event.attempt) == (NOBODY, 0, 1)
        self.held.append((member, lease))


def _attempts(leases: tuple[Lease, ...]) -> set[tuple[str, int]]:
    return {(lease.entry_id, lease.event.attempt) for lease in leases}
