"""What the team has, by list: each record as it is now, and as the API shows it, which may be a little later."""

import copy
from collections.abc import Callable, Iterable
from typing import Any

from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.resource_kinds import kind_of

Record = dict[str, Any]

PATHS = {
    "account": "/accounts",
    "cadence": "/cadences",
    "cadence_membership": "/cadence_memberships",
    "call": "/activities/calls",
    "call_data_record": "/call_data_records",
    "email": "/activities/emails",
    "email_with_body_and_subject": "/activities/emails",
    "meeting": "/meetings",
    "note": "/notes",
    "person": "/people",
    "step": "/steps",
    "success": "/successes",
    "task": "/tasks",
    "user": "/users",
}
"""The list of each kind of resource that has one."""


class TeamRecords:
    """The records.

    Args:
        clock: Unix seconds.
        kept: How many a list has at most; those that changed longest ago go. None: all.

    Attributes:
        commit_seconds: How long after its own time a change becomes visible in the lists: a slow transaction.
    """

    def __init__(self, clock: Callable[[], float], kept: int | None = None) -> None:
        self._clock, self._kept = clock, kept
        self._visible: dict[str, dict[int, Record]] = {path: {} for path in PATHS.values()}
        self._pending: list[tuple[float, str, Record | int]] = []
        self.commit_seconds = 0.0

    def change(self, native_name: str, resource: Record) -> None:
        """A resource was created, changed or deleted. Kinds that no list shows are left out."""
        path = PATHS.get(kind_of(DOTTED[native_name]))
        if path is None:
            return
        record: Record | int = resource["id"] if native_name.endswith("_deleted") else copy.deepcopy(resource)
        self._pending.append((self._clock() + self.commit_seconds, path, record))
        self._commit()  # also if nobody ever asks for a list

    def bulk(self, path: str, identities: Iterable[int], updated_at: str, **fields: Any) -> None:
        """Change many records of a list at one and the same time, as imports do. No webhook is sent."""
        records = self.of(path)
        for identity in identities:
            records[identity].update(fields, updated_at=updated_at)

    def of(self, path: str) -> dict[int, Record]:
        """The records of a list that are visible now, by id."""
        self._commit()
        return self._visible[path]

    def _commit(self) -> None:
        now = self._clock()
        due = [each for each in self._pending if each[0] <= now]
        self._pending = [each for each in self._pending if each[0] > now]
        for _, where, record in due:
            records = self._visible[where]
            records.pop(record if isinstance(record, int) else record["id"], None)
            if not isinstance(record, int):
                records[record["id"]] = record  # the last one now: the first one is the one to go
            while self._kept is not None and len(records) > self._kept:
                del records[next(iter(records))]
