"""A real backfill process, and a simulated SalesLoft whose people change without a webhook, in a thread of its own."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Self

from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.support.role_process import RoleProcess
from tests.support.servers import free_port
from tests.support.waiting import wait_until

PROGRAM = (sys.executable, "-m", "salesloft_webhooks", "backfill")
TOKEN = "an-invented-api-token"


@contextmanager
def silent_salesloft(people: int) -> Iterator[str]:
    """The address of a SalesLoft in which so many people come, one a second, and nobody is told of it."""
    platform, ready, stop = SimulatedPlatform(), threading.Event(), threading.Event()
    platform.access.allow(TOKEN)

    async def serve() -> None:
        async with platform:
            ready.set()
            number = 0
            while not stop.is_set():
                if number < people:
                    number += 1
                    now = datetime.now(UTC).isoformat()
                    person = {"id": number, "created_at": now, "updated_at": now}
                    platform.records.of("/people")[number] = person
                await asyncio.sleep(1)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(30)
        yield platform.url
    finally:
        stop.set()
        thread.join()


@dataclass
class BackfillProcess(RoleProcess):
    """``salesloft-webhooks backfill`` of everything about people, as it happens.

    Attributes:
        api_url: SalesLoft.
        redis_url: Its store.
        settings: More environment variables.
    """

    api_url: str
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    ops_port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it and wait until it works."""
        environment = {
            "SALESLOFT_API_URL": self.api_url,
            "SALESLOFT_API_TOKEN": TOKEN,
            "BACKFILL_EVENTS": "person.*",
            "BACKFILL_EVERY_SECONDS": "1",
            "BACKFILL_SETTLE_SECONDS": "0.5",
        }
        self._launch(PROGRAM, environment)
        wait_until(lambda: self.probe("/readyz") == 200, seconds=30, description="the backfill's readiness")
        return self
