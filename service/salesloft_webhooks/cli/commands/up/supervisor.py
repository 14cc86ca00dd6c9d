"""Starts all processes in order, waits until they are ready, and stops them in the opposite order."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.up.plan import Plan
from salesloft_webhooks.cli.commands.up.supervised_process import Program, Report, SupervisedProcess
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.errors import ConfigurationError, SalesloftWebhooksError, StoreError

if TYPE_CHECKING:
    import httpx2

    from salesloft_webhooks.broker import Store

READY_SECONDS = 30.0
POLL_SECONDS = 0.1
ORDER = ("simulator", "receiver", "console", "workers", "valkey")
"""In which they are stopped. Every group's worker is one of the workers."""


class NotStarted(SalesloftWebhooksError):
    """A process does not come up; the message ends with its last words."""


class Supervisor:
    """All processes of one `up`."""

    def __init__(self, plan: Plan, store: "Store", client: "httpx2.AsyncClient", report: Report, lock: int) -> None:
        self.children: list[SupervisedProcess] = []
        self._plan = plan
        self._store = store
        self._client = client
        self._report = report
        self._lock = lock

    async def start(self) -> None:
        """The store, then receiver and workers, then the simulator; each when what it needs is ready.

        Raises:
            ConfigurationError: one of them refuses its settings.
            NotStarted: one of them does not come up. In both cases, others may be running: `stop` them.
        """
        server = await self._start(self._plan.server())
        await self._until(server, self._store_answers)
        roles = [await self._start(program) for program in self._plan.roles()]
        for role in roles:
            await self._until(role, partial(self._is_ready, self._plan.operations[role.program.name]))
        if simulator := self._plan.simulator():
            await self._until(await self._start(simulator), partial(self._is_ready, self._plan.control))

    async def stop(self) -> None:
        """Everything, in the order of `running`."""
        for together in self.running.values():
            await asyncio.gather(*(child.stop() for child in together))

    @property
    def running(self) -> dict[str, list[SupervisedProcess]]:
        """What was started, in an order in which nobody misses anybody when it stops."""
        order: dict[str, list[SupervisedProcess]] = {name: [] for name in ORDER}
        for child in self.children:
            order.get(child.program.name, order["workers"]).append(child)
        return {name: together for name, together in order.items() if together}

    def kill(self) -> None:
        """At once, for somebody who does not want to wait for graces."""
        for child in self.children:
            child.kill()

    async def _start(self, program: Program) -> SupervisedProcess:
        child = SupervisedProcess(program, self._report, self._lock)
        self.children.append(child)
        await child.start()
        return child

    async def _until(self, child: SupervisedProcess, condition: Callable[[], Awaitable[bool]]) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not await condition():
            if child.exit_code == ExitCode.USAGE:
                hint = "" if self._plan.options.demo else "\n(`up --demo` makes up keys of its own)"
                raise ConfigurationError(f"{child.program.name} does not start:\n{child.end_of_log()}{hint}")
            if time.monotonic() > deadline:
                raise NotStarted(f"{child.program.name} is not ready after {READY_SECONDS:g} s:\n{child.end_of_log()}")
            await asyncio.sleep(POLL_SECONDS)

    async def _store_answers(self) -> bool:
        from salesloft_webhooks.broker.administration.stats import measure

        with suppress(StoreError):
            await measure(self._store)
            return True
        return False

    async def _is_ready(self, url: str) -> bool:
        import httpx2

        with suppress(httpx2.HTTPError):
            return (await self._client.get(f"{url}/readyz")).is_success
        return False
