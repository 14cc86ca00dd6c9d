"""A person is erased while everything else goes on."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from salesloft_webhooks.broker.administration.erasure import Found, erase_person, find_person
from salesloft_webhooks.broker.keys import NOBODY
from salesloft_webhooks.events import NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.invariants import STREAM
from tests.integration.broker.rewriting_rules import RewritingRules
from tests.support.servers import Server

Owner = tuple[str, int]
"""Who runs an entry, in which attempt."""


class ErasingRules(RewritingRules):
    """Nothing is left of the erased, and everybody else is as if it had not been.

    Attributes:
        server: The server under test.
        accepted: Every event the store has accepted.
        erased: Ids of the events that were erased.
        gone: Event id and entity key of the entries that were.
        running: By group and entry, who ran what was erased at that moment.
    """

    server: Server
    accepted: dict[str, NewEvent]

    def __init__(self) -> None:
        super().__init__()
        self.erased: set[str] = set()
        self.gone: dict[str, tuple[str, str]] = {}
        self.running: dict[tuple[str, str], Owner] = {}

    def event_of(self, entry: str) -> tuple[str, str]:
        """The same of an entry that was erased while somebody ran it."""
        return self.gone.get(entry) or super().event_of(entry)

    def finished(self, group: str) -> set[str]:
        """Whoever was erased is finished, once nobody runs it any more."""
        running = {self.event_of(row["message_id"])[0] for row in self.pending(group)}
        wanted = {each for each in self.erased if group == self.ordered or self._is_wanted(each)}
        return super().finished(group) | (wanted - running)

    @rule(entity=st.integers(0, 2))
    def somebody_is_erased(self, entity: int) -> None:
        """Only what a worker runs stays, with him; others keep all they have, in the order in which they had it."""
        key = f"person:{entity}"
        hers = {entry: (fields["id"], key) for entry, fields in self.redis.xrange(STREAM) if fields["key"] == key}
        running = {
            (group, row["message_id"]): (row["consumer"], int(row["times_delivered"]))
            for group in self.done
            for row in self.pending(group)
            if row["consumer"] != NOBODY and self.event_of(row["message_id"])[1] == key
        }
        others = self._without(key)
        settings = Settings.load(redis_url=self.server.url)

        self.runner.run(erase_person(self.store, settings, str(entity), patience_seconds=0.0, files=False))

        self.gone |= hers
        self.running |= running
        self.erased |= {event_id for event_id, event in self.accepted.items() if event.entity_key == key}
        assert self.runner.run(find_person(self.store, str(entity))) == Found()
        assert self._without(key) == others

    @invariant()
    def what_was_erased_is_given_to_nobody(self) -> None:
        """It is with whoever ran it then, in the same attempt, or with nobody at all."""
        for group in self.done:
            for row in self.pending(group):
                if (entry := row["message_id"]) in self.gone:
                    assert self.running.get((group, entry)) == (row["consumer"], int(row["times_delivered"]))

    def _is_wanted(self, event_id: str) -> bool:
        return self.accepted[event_id].event_type.startswith("wanted.")

    def _without(self, key: str) -> dict[str, Any]:
        """Everything in the stream and the groups that is about somebody else, in its order."""
        found: dict[str, Any] = {"events": [each for each in self.redis.xrange(STREAM) if each[1]["key"] != key]}
        for group in self.done:
            base = f"sl:{{0}}:g:{group}"
            rows = [row for row in self.pending(group) if self.event_of(row["message_id"])[1] != key]
            entries = {row["message_id"] for row in rows}
            found[group] = [(row["message_id"], row["consumer"], row["times_delivered"]) for row in rows]
            found[f"{group} dead"] = [each for each in self.redis.xrange(f"{base}:dead") if each[1]["key"] != key]
            found[f"{group} due"] = [
                each
                for each in self.redis.zrange(f"{base}:due", 0, -1, withscores=True)
                if each[0].partition(" ")[0] in entries
            ]
            found[f"{group} lanes"] = {
                lane: self.redis.lrange(lane, 0, -1)
                for lane in self.redis.scan_iter(f"{base}:lane:*", 1000)
                if not lane.endswith(f":lane:{key}")
            }
        return found
