"""A real backfill process, and a simulated SalesLoft whose people come without a webhook."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Self

from salesloft_webhooks.broker.rights import Role
from salesloft_webhooks.simulator.platform import SimulatedPlatform
from tests.support.platform_thread import PlatformThread
from tests.support.role_process import RoleProcess
from tests.support.servers import free_port

PROGRAM = (sys.executable, "-m", "salesloft_webhooks", "backfill")
TOKEN = "an-invented-api-token"


@contextmanager
def silent_salesloft(people: int) -> Iterator[str]:
    """The address of a SalesLoft in which so many people come, one a second, and nobody is told of it.

    All of them are there from the start: whoever asks for what has changed is shown no row before its time.
    """

    def fill(platform: SimulatedPlatform) -> str:
        platform.access.allow(TOKEN)
        now = datetime.now(UTC)
        for number in range(1, people + 1):
            moment = (now + timedelta(seconds=number)).isoformat()
            platform.records.of("/people")[number] = {"id": number, "created_at": moment, "updated_at": moment}
        return platform.url

    with PlatformThread() as salesloft:
        yield salesloft.do(fill)


@dataclass
class BackfillProcess(RoleProcess):
    """``salesloft-webhooks backfill`` of everything about people, as it happens.

    Attributes:
        api_url: SalesLoft.
        redis_url: Its store.
        settings: More environment variables.
    """

    role: ClassVar[Role] = Role.BACKFILL
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
        self.wait_until_ready("the backfill")
        return self
