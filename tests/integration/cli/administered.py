"""The command on a store that a test arranges."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from pydantic import SecretStr
from typer.testing import CliRunner, Result

from salesloft_webhooks.broker import Outcome, open_store
from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.broker_driver import Driven
from tests.support.servers import Server

Step = Callable[[Driven], Awaitable[None]]


class Console:
    """A store, and the command on it."""

    def __init__(self, server: Server) -> None:
        self._server = server

    def arrange(self, step: Step) -> None:
        """Let the pipeline do something."""
        settings = Settings.load(redis_url=SecretStr(self._server.url))

        async def run() -> None:
            async with open_store(settings) as store:
                await step(Driven(store, settings, self._server))

        asyncio.run(run())

    def run(self, *arguments: str) -> Result:
        """Run the command."""
        return CliRunner().invoke(application(), arguments, env={"REDIS_URL": self._server.url})

    def read(self, *arguments: str) -> dict[str, Any]:
        """Run a reading command that succeeds, with --json."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == ExitCode.OK, result.output
        document: dict[str, Any] = json.loads(result.stdout)
        return document


async def two_dead(driven: Driven) -> None:
    """Two events that the group `crm` gave up on."""
    group = await driven.group()
    await driven.publish("e1", event_type="person.created")
    await driven.publish("e2", event_type="email.replied")
    await driven.kill(group, error="ValueError: no such rep")


async def one_handled(driven: Driven) -> None:
    """One event that the group `crm` has handled."""
    group = await driven.group()
    await driven.publish("e1")
    await driven.handle(group)


async def one_failed_twice(driven: Driven) -> None:
    """One event that the group `crm` has handled in its third attempt, and `chat` in its first."""
    crm, chat = await driven.group(), await driven.group("chat")
    await driven.publish("e1")
    for error in ("HTTPStatusError: 503 from crm", "LookupError: nobody is ada@crm.example"):
        await driven.settle(crm, await driven.take(crm), Outcome.RETRY, error=error)
    await driven.handle(crm)
    await driven.handle(chat)


async def one_waiting(driven: Driven) -> None:
    """One event that the group `crm` has not read."""
    await driven.group()
    await driven.publish("e1")


async def one_of_each(driven: Driven) -> None:
    """The ordered group `crm` runs one event and retries another, behind which a third one waits."""
    group = await driven.group(ordering=Ordering.ENTITY)
    await driven.publish("running", person=1)
    await driven.publish("retried", "behind", person=2)
    leases = {lease.event.event_id: lease for lease in await driven.take(group)}
    error = "HTTPStatusError: 503 from crm"
    await driven.settle(group, [leases["retried"]], Outcome.RETRY, delay_seconds=600.0, error=error)
