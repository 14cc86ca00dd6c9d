"""A simulated SalesLoft with traffic by a clock of the test's, a real receiver that can go away, and two groups."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import msgspec
import pytest

from salesloft_webhooks import receiver
from salesloft_webhooks.backfill.coverage import RESOURCES
from salesloft_webhooks.backfill.rounds import Rounds
from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.broker.backfill_jobs import jobs
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.dialects import native
from salesloft_webhooks.salesloft import PER_MINUTE, Patience, open_salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.invented_resources import timestamp
from salesloft_webhooks.simulator.platform import Delivered, SimulatedPlatform
from salesloft_webhooks.simulator.platform.team_records import PATHS
from salesloft_webhooks.simulator.sales_team import NATIVE_NAMES, SalesTeam
from salesloft_webhooks.timestamps import parse_timestamp
from tests.integration.backfill.reported import gone_with_its_process
from tests.support.servers import Server, free_port
from tests.support.waiting import eventually

API_TOKEN, CALLBACK_TOKEN = "ak-an-invented-api-token", "an-invented-callback-token"
NAMES = tuple(name for each in RESOURCES.values() for name in each.event_names if name in NATIVE_NAMES)
GROUPS = ("crm-copy", "notes-copy")


@dataclass
class Clock:
    """SalesLoft's: it stands still unless something happens."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(hours=2))

    def __call__(self) -> float:
        """Unix seconds."""
        return self.now.timestamp()

    def pass_by(self, **span: float) -> None:
        """Let so much time pass."""
        self.now += timedelta(**span)


@dataclass(frozen=True, eq=False)
class Sent:
    """A change, and what became of its webhook."""

    name: str
    resource: dict[str, Any]
    delivered: Delivered | None

    @property
    def arrived(self) -> bool:
        """Whether the receiver has answered 200."""
        return self.delivered is not None and self.delivered.done

    @property
    def event_ids(self) -> list[str]:
        """Of its event and those derived from it."""
        return [event.event_id for event in native.read(msgspec.json.encode(self.resource), self.name)]


class World:
    """All of it."""

    def __init__(self, server: Server, platform: SimulatedPlatform, clock: Clock, *, partitions: int = 1) -> None:
        self.server, self.platform, self.clock, self.partitions = server, platform, clock, partitions
        self.began = clock.now - timedelta(minutes=2)
        self.team = SalesTeam(Random(11), clock.now, mean_gap_seconds=1.0)
        self.sent: list[Sent] = []
        self.handled: dict[str, Counter[str]] = {name: Counter() for name in GROUPS}
        self.port = free_port()
        self._receiver: tuple[asyncio.Event, asyncio.Task[None]] | None = None
        self.stack = AsyncExitStack()

    def settings(self, **more: object) -> Settings:
        """Of every process."""
        return Settings.load(
            redis_url=self.server.url,
            partitions=self.partitions,
            salesloft_api_url=self.platform.url,
            **{"salesloft_api_token": API_TOKEN, "backfill_events_per_second": 100_000} | more,
        )

    def subscribe(self) -> None:
        """To everything that a list can show."""
        for name in NAMES:
            url = f"http://127.0.0.1:{self.port}/webhooks/salesloft"
            wanted = {"callback_url": url, "callback_token": CALLBACK_TOKEN, "event_type": name}
            record, problems = self.platform.subscriptions.create(wanted)
            assert record is not None, problems

    async def start_receiver(self) -> None:
        """Until `stop_receiver`."""
        settings = self.settings(
            host="127.0.0.1",
            port=self.port,
            ops_port=0,
            salesloft_callback_token=CALLBACK_TOKEN,
            shutdown_delay_seconds=0,
            drain_seconds=1,
        )
        stop = asyncio.Event()
        self._receiver = stop, asyncio.create_task(receiver.run(settings, stop))
        await eventually(lambda: answers_at(self.port), "the receiver listens")

    async def stop_receiver(self) -> None:
        """Deliveries find nobody from now on."""
        if self._receiver is not None:
            stop, task = self._receiver
            self._receiver = None
            stop.set()
            await task

    async def traffic(self, changes: int) -> None:
        """So much happens, about a change a second by SalesLoft's clock; returns when each webhook's end is known."""
        for _ in range(changes):
            change = self.team.next()
            happened = parse_timestamp(change.resource["updated_at"])
            assert happened is not None
            self.clock.now = max(self.clock.now, happened)
            ledger = self.platform.deliveries.ledger
            before = ledger[-1] if ledger else None
            self.platform.happen(change)
            latest = ledger[-1] if ledger else None
            self.sent.append(Sent(change.native_name, deepcopy(change.resource), None if latest is before else latest))
            if len(self.sent) % 50 == 0:
                await self.platform.deliveries.settled()
        await self.platform.deliveries.settled()

    def rows(self) -> dict[tuple[str, int], tuple[Sent | None, Sent]]:
        """What lists still show, by list and id: its creation, if that was sent as one, and its last version."""
        found: dict[tuple[str, int], tuple[Sent | None, Sent]] = {}
        for each in self.sent:
            row = (PATHS[each.name.rsplit("_", 1)[0]], each.resource["id"])
            creation = each if each.name.endswith(("_created", "_booked")) else found.get(row, (None, each))[0]
            found[row] = (creation, each)
        return {row: kept for row, kept in found.items() if row[1] in self.platform.records.of(row[0])}

    def lost(self) -> set[tuple[str, int]]:
        """Rows that no webhook has told of: of their last version, or of their creation."""
        return {
            row
            for row, (creation, latest) in self.rows().items()
            if latest.name in NAMES and not (latest.arrived and self._creation_arrived(row, creation, latest))
        }

    def _creation_arrived(self, row: tuple[str, int], creation: Sent | None, latest: Sent) -> bool:
        """The team has people of whose coming nobody was told."""
        if creation is not None:
            return creation.arrived
        return row[0] != PATHS["person"] or latest.resource["created_at"] < timestamp(self.began)

    def expected_ids(self) -> set[str]:
        """Of events that every group must have handled in the end: of what arrived, and of the rows as they are."""
        rows = self.rows()
        fetched = {each for row in self.lost() for each in rows[row] if each is not None}
        return {each.event_ids[0] for each in fetched | {each for each in self.sent if each.arrived}}

    async def all_handled(self, ids: set[str]) -> None:
        """Wait until every group has handled them."""

        def missing() -> set[str]:
            return {name for handled in self.handled.values() for name in ids - handled.keys()}

        try:
            await eventually(lambda: not missing(), "all is handled", seconds=30)
        except AssertionError:
            pytest.fail(f"not handled: {sorted(missing())[:20]}")

    @asynccontextmanager
    async def role(self, **settings: object) -> AsyncIterator[Rounds]:
        """A backfill whose rounds the test begins."""
        chosen = self.settings(**settings)
        with gone_with_its_process():
            async with self._role(chosen) as rounds:
                yield rounds

    @asynccontextmanager
    async def _role(self, chosen: Settings) -> AsyncIterator[Rounds]:
        async with (
            open_store(chosen) as store,
            Publisher(store, chosen) as publisher,
            open_salesloft(chosen, SharedBudget(store, per_minute=PER_MINUTE), Patience(1.0, 0.0)) as salesloft,
        ):
            yield Rounds(store, publisher, salesloft, chosen)
            await store.client.hdel(store.keys.backfill, "role/lease")  # as a process that ends gives it back

    async def outage(self, changes: int) -> None:
        """So much happens while nobody receives, and some before and after."""
        await self.traffic(30)
        await self.stop_receiver()
        await self.traffic(changes)
        await self.start_receiver()
        await self.traffic(30)
        self.clock.pass_by(minutes=3)

    def minute_is_over(self) -> None:
        """Begin the next minute of the rate limit."""
        with self.server.client() as client:
            client.delete("sl:salesloft:budget")

    async def all_is_well(self, job: str = "role") -> None:
        """Everything was handled once by every group, and what no webhook had brought was counted, to the unit."""
        await self.all_handled(self.expected_ids())
        for handled in self.handled.values():
            assert set(handled.values()) == {1}
        assert (await self.counts(job))["missed"] == len(self.lost())

    async def written(self, job: str = "role") -> dict[str, dict[str, str]]:
        """What is written down of a job."""
        async with open_store(self.settings()) as store:
            return (await jobs(store)).get(job, {})

    async def counts(self, job: str = "role") -> Counter[str]:
        """What was counted, over all resources."""
        total: Counter[str] = Counter()
        for fields in (await self.written(job)).values():
            total += Counter({name: int(fields.get(name, 0)) for name in ("arrived", "missed", "unreadable")})
        return total


def answers_at(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0
