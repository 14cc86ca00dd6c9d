"""What must hold in the store after every step, whatever has happened."""

from collections import defaultdict
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from salesloft_webhooks.broker.keys import NOBODY, PARKED_SCORE

STREAM = "sl:{0}:events"


class StoreInvariants(RuleBasedStateMachine):
    """Looks at the store from outside, with plain commands.

    Attributes:
        redis: A client of the server under test.
        done: Event ids known to be done, by group.
        ordered: The ordered group.
    """

    redis: Any
    done: dict[str, set[str]]
    ordered: str

    def dead(self, group: str) -> set[str]:
        """Ids of the events in a group's dead letters."""
        return {fields["id"] for _, fields in self.redis.xrange(f"sl:{{0}}:g:{group}:dead")}

    def finished(self, group: str) -> set[str]:
        """Ids of the events a group will not see again: done and not pending any more, or dead."""
        pending = {row["message_id"] for row in self.pending(group)}
        held_back = {self.redis.xrange(STREAM, entry, entry)[0][1]["id"] for entry in pending}
        return (self.done[group] - held_back) | self.dead(group)

    def pending(self, group: str) -> list[dict[str, str]]:
        """The rows of XPENDING."""
        rows: list[dict[str, str]] = self.redis.xpending_range(STREAM, group, "-", "+", 10_000)
        return rows

    @invariant()
    def every_pending_entry_has_one_due_time(self) -> None:
        """`due` and the pending entries are the same set."""
        for group in self.done:
            members = self.redis.zrange(f"sl:{{0}}:g:{group}:due", 0, -1)
            ids = sorted(member.partition(" ")[0] for member in members)
            assert ids == sorted(row["message_id"] for row in self.pending(group))

    @invariant()
    def lanes_hold_their_entries_in_order_and_run_one(self) -> None:
        """A lane is the pending entries of its entity in stream order; only its head has an owner or a due time."""
        due = dict(self.redis.zrange(f"sl:{{0}}:g:{self.ordered}:due", 0, -1, withscores=True))
        owners = {row["message_id"]: row["consumer"] for row in self.pending(self.ordered)}
        lanes: dict[str, list[str]] = defaultdict(list)
        for entry in sorted(owners, key=_as_numbers):
            lanes[self.redis.xrange(STREAM, entry, entry)[0][1]["key"]].append(entry)
        prefix = f"sl:{{0}}:g:{self.ordered}:lane:"
        assert {key.removeprefix(prefix) for key in self.redis.scan_iter(f"{prefix}*", 1000)} == set(lanes)
        for key, entries in lanes.items():
            assert self.redis.lrange(prefix + key, 0, -1) == entries
            for entry in entries[1:]:
                assert (owners[entry], due[f"{entry} {key}"]) == (NOBODY, PARKED_SCORE)
            assert due[f"{entries[0]} {key}"] < PARKED_SCORE

    @invariant()
    def every_key_has_an_owner_or_an_end(self) -> None:
        """Records and watermarks expire; what does not expire belongs to a stream, a group or a pending entry."""
        for key in self.redis.scan_iter(count=1000):
            short = key.removeprefix("sl:{0}:")
            if short.startswith(("event:", "mark:")):
                assert self.redis.ttl(key) > 0, key
            else:
                kinds = ("events", "sl:groups", "sl:g:", "g:")
                assert short.startswith(kinds), key


def _as_numbers(entry: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry.split("-"))
