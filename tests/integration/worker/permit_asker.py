"""What attempts of a worker ask for permits at, without a worker, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.background import Background
from salesloft_webhooks.broker import Group, GroupOptions, Lease, Want, open_store
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.handler_permits import HandlerPermits, HeldUp
from salesloft_webhooks.worker.lease_renewal import LeaseRenewer
from tests.support.samples import event
from tests.support.servers import Server

KEY = "sl:{0}:g:mine:limit:k"
ONE = [Want("sync", "1 1/3600000/1", "k")]


@dataclass
class Asker:
    """What a worker's attempts ask at, without a worker."""

    redis: Any
    group: Group
    permits: HandlerPermits
    settings: Settings

    def lease(self, entry: str = "1-1") -> Lease:
        """Of an event."""
        return Lease(0, entry, "", event("person.created", {}))

    async def begins(self, entry: str, wants: Sequence[Want] = ONE) -> None:
        """An event of which the handler may begin now, or in a moment; it does."""
        async with asyncio.timeout(10):
            while True:
                try:
                    permit = await self.permits.ask(self.lease(entry), wants)
                except HeldUp as exc:
                    if exc.seconds > 5:
                        raise
                    await asyncio.sleep(exc.seconds)
                else:
                    break
        permit.begins()
        permit.end()
        await self.permits.given_back()

    def renewer(self) -> LeaseRenewer:
        """Of its permits, without a thread."""
        renewer = LeaseRenewer(self.group, [], self.permits, self.settings, WorkerTelemetry("mine"))
        renewer._worker_loop = asyncio.get_running_loop()
        return renewer

    def in_use(self) -> list[str]:
        """The permits that the store has."""
        return [permit for permit in self.redis.zrange(KEY, 0, -1) if permit != "/bucket"]


@asynccontextmanager
async def asker(server: Server) -> AsyncIterator[Asker]:
    """On a real server."""
    settings = Settings.load(redis_url=server.url)
    with server.client() as redis:
        async with open_store(settings) as store, Background() as background:
            group = Group(store, GroupOptions("mine"), "consumer")
            permits = HandlerPermits(group.handler_limits, "consumer")
            background.start(permits.run(), name="permits")
            yield Asker(redis, group, permits, settings)
