"""What must hold in the store after every step, whatever has happened."""

from collections import defaultdict
from typing import Any

from hypothesis.stateful import RuleBasedStateMachine, invariant

from salesloft_webhooks.broker import Lease
from salesloft_webhooks.broker.keys import NOBODY, PARKED_SCORE
from tests.support.idempotency_records import record_of

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

    def is_poison(self, group: str, lease: Lease) -> bool:
        """Whether an entry was given up as poison, and nobody has said since that its event is done."""
        letters = self.redis.xrange(f"sl:{{0}}:g:{group}:dead")
        entries = {fields["entry"] for _, fields in letters if fields["reason"] == "poison"}
        return lease.entry_id in entries and record_of(self.redis, lease.event.event_id).get(group) == "dead"

    def finished(self, group: str) -> set[str]:
        """Ids of the events a group will not see again: done and not pending any more, or dead."""
        pending = {row["message_id"] for row in self.pending(group)}
        held_back = {self.event_of(entry)[0] for entry in pending}
        return (self.done[group] - held_back) | self.dead(group)

    def event_of(self, entry: str) -> tuple[str, str]:
        """Event id and entity key of an entry."""
        ((_, fields),) = self.redis.xrange(STREAM, entry, entry)
        return fields["id"], fields["key"]

    def pending(self, group: str) -> list[dict[str, str]]:
        """The rows of XPENDING."""
        rows: list[dict[str, str]] = self.redis.xpending_range(STREAM, group, "-", "+", 10_000)
        return rows

    @invariant()
    def every_pending_entry_has_one_due_time(self) -> None:
        """`due` and `isolated entries` together are the same set as the pending entries; nobody owns isolated."""
        for group in self.done:
            apart = self.redis.zrange(f"sl:{{0}}:g:{group}:isolated", 0, -1)
            members = self.redis.zrange(f"sl:{{0}}:g:{group}:due", 0, -1) + apart
            ids = sorted(member.partition(" ")[0] for member in members)
            owners = {row["message_id"]: row["consumer"] for row in self.pending(group)}
            assert ids == sorted(owners)
            assert {owners[member.partition(" ")[0]] for member in apart} <= {NOBODY}

    @invariant()
    def nothing_is_known_of_entries_that_are_not_pending(self) -> None:
        """What is kept of an entry's attempts goes with the entry."""
        for group in self.done:
            known = {field.partition(":")[0] for field in self.redis.hkeys(f"sl:{{0}}:g:{group}:attempts")}
            assert known <= {row["message_id"] for row in self.pending(group)}

    @invariant()
    def lanes_hold_their_entries_in_order_and_run_one(self) -> None:
        """A lane is the pending entries of its entity in stream order; only its head has an owner or a due time."""
        due = {
            member: score
            for name in ("due", "isolated")
            for member, score in self.redis.zrange(f"sl:{{0}}:g:{self.ordered}:{name}", 0, -1, withscores=True)
        }
        owners = {row["message_id"]: row["consumer"] for row in self.pending(self.ordered)}
        lanes: dict[str, list[str]] = defaultdict(list)
        for entry in sorted(owners, key=_as_numbers):
            lanes[self.event_of(entry)[1]].append(entry)
        prefix = f"sl:{{0}}:g:{self.ordered}:lane:"
        assert {key.removeprefix(prefix) for key in self.redis.scan_iter(f"{prefix}*", 1000)} == set(lanes)
        for key, entries in lanes.items():
            assert self.redis.lrange(prefix + key, 0, -1) == entries
            for entry in entries[1:]:
                assert (owners[entry], due[f"{entry} {key}"]) == (NOBODY, PARKED_SCORE)
            assert due[f"{entries[0]} {key}"] < PARKED_SCORE

    @invariant()
    def every_key_has_an_owner_or_an_end(self) -> None:
        """Records and watermarks expire; what does not is of a stream, a group, a pending entry, or for archives."""
        for key in self.redis.scan_iter(count=1000):
            short = key.removeprefix("sl:{0}:")
            if short.startswith(("event:", "mark:", "ids")):
                assert self.redis.ttl(key) > 0, key
            else:
                kinds = ("events", "sl:groups", "sl:g:", "g:", "numbers", "sl:format", "erased")
                assert short.startswith(kinds), key


def _as_numbers(entry: str) -> tuple[int, ...]:
    return tuple(int(part) for part in entry.split("-"))
