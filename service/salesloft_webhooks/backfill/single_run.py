"""One run over a span of the past, begun by hand: resumable, and if wanted without publishing anything."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from secrets import token_hex

from msgspec import Struct, field

from salesloft_webhooks.backfill.carrying import Carrier
from salesloft_webhooks.backfill.catching_up import CatchingUp
from salesloft_webhooks.backfill.conditions import rules_of, salesloft_now
from salesloft_webhooks.backfill.coverage import RESOURCES, Resource
from salesloft_webhooks.backfill.leadership import release, while_held
from salesloft_webhooks.backfill.progress import Progress, Rules, TooOld, oldest_remembered
from salesloft_webhooks.backfill.rounds import ALL
from salesloft_webhooks.backfill.wanted_events import WantedEvents
from salesloft_webhooks.backfill.windows import UnreliableList
from salesloft_webhooks.backfill.yielding import Yielding
from salesloft_webhooks.broker import Publisher, Store, new_consumer_name
from salesloft_webhooks.broker.backfill_jobs import LEASE_SECONDS, BackfillJob, jobs
from salesloft_webhooks.errors import (
    ConfigurationError,
    SalesloftForbidden,
    SalesloftNotFound,
    SalesloftRefused,
    SalesloftUnavailable,
    StoreError,
)
from salesloft_webhooks.salesloft import Salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import BackfillTelemetry, Found
from salesloft_webhooks.timestamps import parse_timestamp

RUN = "run-"
"""What the names of such jobs begin with."""
TRIES = 8
"""So often in a row a page may fail, over four minutes; then the run waits for somebody to resume it."""
LONGEST_PAUSE_SECONDS = 60.0


class RunState(StrEnum):
    """How a resource of a run has ended."""

    DONE = "done"
    """All of the span was read."""
    NOT_WANTED = "not_wanted"
    """None of its events is subscribed."""
    FAILED = "failed"
    """It cannot be read."""
    PAUSED = "paused"
    """It has not come to its end; the run can be resumed."""


class Span(Struct, frozen=True):
    """What a run reads.

    Attributes:
        name: Of its job; empty: it is not written down.
        since: From when on.
        until: Until when; None: until now.
        kinds: Which resources.
    """

    name: str
    since: datetime
    until: datetime | None
    kinds: tuple[Resource, ...]


class ResourceResult(Struct):
    """What became of a resource.

    Attributes:
        state: How it has ended.
        found: Changes, by how they had come.
        types: Events that were published, or would be, by type.
        reason: Why it has not been read to its end.
    """

    state: RunState = RunState.PAUSED
    found: dict[Found, int] = field(default_factory=dict)
    types: dict[str, int] = field(default_factory=dict)
    reason: str = ""


Reported = Callable[[str, datetime, datetime, datetime], None]
"""Learns of a resource how far it is: its name, where the span begins, where the cursor is, where the span ends."""


def new_run_name() -> str:
    """Of a run that begins now."""
    return f"{RUN}{token_hex(4)}"


async def span_of(store: Store, name: str) -> Span:
    """What a run reads that was begun earlier.

    Raises:
        ConfigurationError: there is none of this name.
        StoreError: the store cannot be asked.
    """
    written = (await jobs(store)).get(name, {}).get(ALL, {})
    since, until = parse_timestamp(written.get("since")), parse_timestamp(written.get("until"))
    if since is None or until is None:
        raise ConfigurationError(f"there is no backfill {name!r} to resume")
    kinds = tuple(RESOURCES[each] for each in written.get("resources", "").split() if each in RESOURCES)
    return Span(name, since, until, kinds)


class SingleRun:
    """Reads a span once.

    Args:
        store: Where events and cursors are.
        publisher: Publishes; None: nothing is published or written down.
        salesloft: What is read.
        settings: See `Settings`.
        reported: Reported how far it is.

    Attributes:
        results: What became of each resource.
    """

    def __init__(
        self, store: Store, publisher: Publisher | None, salesloft: Salesloft, settings: Settings, reported: Reported
    ) -> None:
        self.results: dict[str, ResourceResult] = {}
        self._store, self._publisher, self._salesloft, self._settings = store, publisher, salesloft, settings
        self._reported = reported
        rules = rules_of(settings)
        # Without a cursor that is written down, what is read twice would be counted twice.
        self._rules = Rules(rules.settle, rules.overlap if publisher else timedelta(0), rules.memory)
        self._wanted = WantedEvents(salesloft, settings)
        self._job: BackfillJob | None = None

    async def run(self, span: Span) -> None:
        """Read it. Cancelled or killed, it can be resumed.

        Raises:
            ConfigurationError: it reaches back to what nobody remembers, or runs elsewhere.
            SalesloftUnauthorized, StoreError: it cannot even begin, or go on.
        """
        now = await salesloft_now(self._salesloft, span.kinds, datetime.now(UTC))
        latest = now - self._rules.settle
        whole = Span(span.name, span.since, min(span.until or latest, latest), span.kinds)
        await self._wanted.ask()
        self.results = {kind.name: ResourceResult() for kind in span.kinds}
        if self._publisher is None:
            self._check(whole, now)
            return await self._read(whole, now, {})
        self._job = BackfillJob(self._store, span.name, new_consumer_name())
        written = await self._job.read()
        if ALL not in written:
            self._check(whole, now)
        await self._take(self._job)
        try:
            fields = {"since": whole.since.isoformat(), "until": (whole.until or latest).isoformat()}
            await self._job.commit(ALL, {**fields, "resources": " ".join(each.name for each in span.kinds)}, {})
            return await while_held(self._job, self._read(whole, now, await self._job.read()))
        finally:
            await release(self._job)

    async def _take(self, job: BackfillJob) -> None:
        """Hold the run; one that was killed is held until its lease has ended."""
        for _ in range(round(LEASE_SECONDS) + 1):
            if await job.hold() is not None:
                return
            await asyncio.sleep(1)
        raise ConfigurationError("it is running elsewhere, and can be resumed when that has ended")

    def _check(self, span: Span, now: datetime) -> None:
        """Refuse to begin with what nobody remembers. A run that is resumed has passed that, or finds out itself."""
        oldest = oldest_remembered(now, self._rules)
        if span.since < oldest:
            raise ConfigurationError(
                f"--since {span.since:%Y-%m-%d %H:%M}Z: what was handled before {oldest:%Y-%m-%d %H:%M}Z is forgotten "
                "(IDEMPOTENCY_TTL_SECONDS), so it would be handled again"
            )

    async def _read(self, span: Span, now: datetime, written: Mapping[str, Mapping[str, str]]) -> None:
        telemetry = BackfillTelemetry(kind.name for kind in span.kinds)
        yielding = Yielding(self._store, self._settings, telemetry)
        carrier = Carrier(self._store, self._publisher, yielding, self._settings)
        for kind in span.kinds:
            result = self.results[kind.name]
            if not self._wanted.of(kind):
                result.state = RunState.NOT_WANTED
                continue
            each = CatchingUp(kind, self._salesloft, carrier, self._job, telemetry, self._rules)
            await each.begin(written.get(kind.name, {}), Progress.beginning(span.since))
            try:
                await self._read_one(each, span, now, result)
            finally:
                result.found, result.types = dict(each.found), dict(each.types)

    async def _read_one(self, each: CatchingUp, span: Span, now: datetime, result: ResourceResult) -> None:
        failures = 0
        until = span.until or now
        while failures < TRIES:
            try:
                if not self._unfinished(each, until) or not each.open_window(now, until):
                    result.state = RunState.DONE
                    return
                while await each.step(now, self._wanted.of(each.kind)):
                    failures = 0
                    self._tell(each, span.since, until)
                self._tell(each, span.since, until)
            except TooOld:
                result.state, result.reason = RunState.FAILED, "what is left to read is older than what is remembered"
                return
            except (SalesloftForbidden, SalesloftNotFound, SalesloftRefused, UnreliableList) as exc:
                result.state, result.reason = RunState.FAILED, str(exc)
                return
            except (SalesloftUnavailable, StoreError) as exc:
                failures, result.reason = failures + 1, str(exc)
                await asyncio.sleep(min(2.0 ** (failures - 1), LONGEST_PAUSE_SECONDS))

    def _unfinished(self, each: CatchingUp, until: datetime) -> bool:
        return each.progress is None or each.progress.reached < until

    def _tell(self, each: CatchingUp, since: datetime, until: datetime) -> None:
        if each.progress is not None:
            at = until if not self._unfinished(each, until) else min(each.progress.cursor, until)
            self._reported(each.kind.name, since, at, until)
