"""Carries out runs: by one process at a time, in batches that take turns, no faster than it may.

What a run is, and why it can be gone on with wherever it was left: `run_records.py`.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import msgspec

from salesloft_webhooks.broker.administration.run_records import BEGINNING, Run, RunKind, RunState
from salesloft_webhooks.broker.administration.run_steps import Moved, Steps
from salesloft_webhooks.broker.administration.runs import forget_places, places_of, stored_run, total_outcomes
from salesloft_webhooks.broker.connection.store import Argument, Store
from salesloft_webhooks.errors import StoreError

LEASE_SECONDS = 5.0
"""Without a sign of life for so long, another process goes on. Far above what a round takes."""
IDLE_SECONDS = 1.0
"""Between two looks for something to do."""
GIVEN_UP_SECONDS = 7 * 86_400.0
"""A run that nobody has carried on for so long is given up: what it is about has aged, and places end in a month."""
LONGEST_POSTPONED_SECONDS = 60.0
"""A run that the store cannot do is tried again after so long at the latest."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast runs are.

    Attributes:
        per_second: Things of all runs together. Whatever it is, at most half of the time is worked.
        lease_seconds: See `LEASE_SECONDS`.
    """

    per_second: int
    lease_seconds: float = LEASE_SECONDS


class RunExecutor:
    """Carries out all unfinished runs, as long as no other process does.

    Args:
        store: Where.
        steps: How runs get on, by kind.
        holder: This process; a name of its own.
        pace: How fast.
        ended: Called with each run that has ended.
    """

    def __init__(
        self, store: Store, steps: Mapping[RunKind, Steps], holder: str, pace: Pace, ended: Callable[[Run], None]
    ) -> None:
        self._store, self._steps, self._holder, self._pace, self._ended = store, steps, holder, pace, ended
        self._postponed: dict[str, tuple[float, float]] = {}

    async def round(self) -> float:
        """Do a batch of each unfinished run, if no other process does.

        Returns:
            Seconds to wait before the next round.

        Raises:
            StoreError: runs are as they were, or further; another round may be tried at any time.
        """
        began = time.monotonic()
        held, names = await self._lead("hold")
        if not held or not names:
            return IDLE_SECONDS
        acted = 0
        for name in names:
            run = await stored_run(self._store, name.decode())
            if run is not None and self._may_try(run):
                acted += await self._get_on(run)
        took = time.monotonic() - began
        return max(took, acted / self._pace.per_second - took)

    async def release(self) -> None:
        """Let another process go on at once.

        Raises:
            StoreError: it goes on when the lease has ended.
        """
        await self._lead("release")

    async def _lead(self, verb: str) -> tuple[bool, list[bytes]]:
        args: list[Argument] = [verb, self._holder, int(self._pace.lease_seconds * 1_000)]
        held, names = await self._store.run_on(self._store.keys.runs, "lead_runs", args)
        return bool(held), names

    async def _get_on(self, run: Run) -> int:
        """Do the next step of a run; how many things were acted on."""
        if run.stopped_by:
            await self._end(run, RunState.STOPPED)
        elif run.kind not in self._steps:
            await self._end(run, RunState.FAILED, f"this version cannot {run.kind}")
        elif time.time() - run.changed_at.timestamp() > GIVEN_UP_SECONDS:
            await self._end(run, RunState.FAILED, "nobody went on with it for a week")
        elif run.state is RunState.WAITING:
            await self._open(run)
        else:
            return await self._next(run)
        return 0

    async def _open(self, run: Run) -> None:
        """Make its places. Killed in between, it does so again: those that are there stay as they are."""
        for partition in range(len(run.ends)):
            await self._store.run("pass_run", partition, [run.run_id, "", BEGINNING])
        await self._commit(run, "on", state=RunState.RUNNING)

    async def _next(self, run: Run) -> int:
        places = [place.entry_id for place in await places_of(self._store, run)]
        if None in places:
            await self._end(run, RunState.FAILED, f"how far it was is lost (partition {places.index(None)})")
            return 0
        steps = self._steps[run.kind]
        for partition, (place, end) in enumerate(zip(places, run.ends, strict=True)):
            if place is not None and place != end:
                return await self._batch(run, steps, partition, place)
        await steps.end(run)
        await self._end(run, RunState.DONE)
        return 0

    async def _batch(self, run: Run, steps: Steps, partition: int, place: str) -> int:
        try:
            acted = await steps.batch(run, partition, place)
        except Moved:
            return 0
        except StoreError as exc:
            # The others have their turn. When nothing can be asked, the next round says so.
            _, waited = self._postponed.get(run.run_id, (0.0, 0.5))
            longer = min(2 * waited, LONGEST_POSTPONED_SECONDS)
            self._postponed[run.run_id] = time.monotonic() + longer, longer
            await self._commit(run, "on", reason=f"waits: {exc}")
            return 0
        self._postponed.pop(run.run_id, None)
        await self._commit(run, "on", reason="")
        return acted

    def _may_try(self, run: Run) -> bool:
        until, _ = self._postponed.get(run.run_id, (0.0, 0.0))
        return bool(run.stopped_by) or time.monotonic() >= until

    async def _end(self, run: Run, state: RunState, reason: str = "") -> None:
        self._postponed.pop(run.run_id, None)
        outcomes = total_outcomes(await places_of(self._store, run))
        text = msgspec.json.encode(outcomes).decode()
        if await self._commit(run, "end", state=state, reason=reason, outcomes=text):
            self._ended(replace(run, state=state, reason=reason, outcomes=outcomes))
            await forget_places(self._store, run)

    async def _commit(self, run: Run, verb: str, **fields: str) -> bool:
        words = [word for pair in fields.items() for word in pair]
        args = [self._holder, run.run_id, verb, *words]
        return bool(await self._store.run_on(self._store.keys.runs, "commit_run", args))
