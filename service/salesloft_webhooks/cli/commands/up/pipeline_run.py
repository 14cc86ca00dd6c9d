"""One run of `up`, from the first process to the last: starting, showing, stopping."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx2
from pydantic import SecretStr
from rich.console import Console
from rich.live import Live
from rich.text import Text

from salesloft_webhooks.background import Background, run_until
from salesloft_webhooks.broker import open_store
from salesloft_webhooks.cli.commands.up import view
from salesloft_webhooks.cli.commands.up.first_screen import first_screen, startup_notes
from salesloft_webhooks.cli.commands.up.plan import Plan
from salesloft_webhooks.cli.commands.up.snapshot import SnapshotTaker
from salesloft_webhooks.cli.commands.up.supervised_process import Report
from salesloft_webhooks.cli.commands.up.supervisor import Supervisor
from salesloft_webhooks.cli.console import stdout
from salesloft_webhooks.settings import Settings

LIVE_SECONDS = 1.0
PLAIN_SECONDS = 5.0
SCRAPE_SECONDS = 2.0


async def run_pipeline(plan: Plan, lock: int) -> None:
    """Start everything, show what it does until SIGINT or SIGTERM, stop everything.

    Args:
        plan: What to start.
        lock: File descriptor that all processes inherit, which tells a later `up` that they are there.

    Raises:
        ConfigurationError: a process refuses its settings.
        NotStarted: a process does not come up.
    """
    began, console, stop = time.monotonic(), stdout(), asyncio.Event()
    settings = Settings.load(redis_url=SecretStr(plan.environment["REDIS_URL"]))

    def report(message: str) -> None:
        console.print(Text(f"{view.clock(time.monotonic() - began)} {message}", style="yellow"))

    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        client = await stack.enter_async_context(httpx2.AsyncClient(timeout=SCRAPE_SECONDS, trust_env=False))
        supervisor = Supervisor(plan, store, client, report, lock)
        _on_signals(stop, supervisor)
        stack.push_async_callback(_stopped, supervisor, plan, console)
        for remark in startup_notes(plan):
            report(remark)
        if not await run_until(stop, supervisor.start()):
            return
        plan.options.folder.publish_environment(plan.published)
        console.print(first_screen(plan, time.monotonic() - began), soft_wrap=True)  # commands are there to be copied
        pages = {name: f"{url}/metrics" for name, url in plan.operations.items()}
        if plan.options.demo:
            await stack.enter_async_context(_registering(plan, report))
        salesloft = plan.control if plan.options.demo else ""
        await _show(console, supervisor, SnapshotTaker(store, client, pages, plan.groups, salesloft), stop, began)


@asynccontextmanager
async def _registering(plan: Plan, report: Report) -> AsyncIterator[None]:
    """Meanwhile SalesLoft's subscriptions are kept as they should be."""
    from salesloft_webhooks.cli.commands.up.registration import Registration, declare, open_demo
    from salesloft_webhooks.simulator.platform.generated_load import EVENTS
    from salesloft_webhooks.subscriptions import MasterKey

    desired = declare(plan.options.folder.subscriptions, plan.callback_url, EVENTS)
    key = MasterKey(plan.environment["SALESLOFT_CALLBACK_SECRET"].encode())
    async with open_demo(plan.salesloft) as salesloft, Background() as background:
        registration = Registration(salesloft, desired, key, report)
        background.repeat(registration.step, name="registration")
        yield


def _on_signals(stop: asyncio.Event, supervisor: Supervisor) -> None:
    """The first Ctrl-C or SIGTERM stops gently, the next one at once."""

    def asked() -> None:
        if stop.is_set():
            supervisor.kill()
        stop.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, asked)


async def _stopped(supervisor: Supervisor, plan: Plan, console: Console) -> None:
    plan.options.folder.withdraw_environment()
    if supervisor.children:
        console.print(Text(f"stopping: {', '.join(supervisor.running)}"))
    await supervisor.stop()
    if supervisor.children:
        console.print(Text(f"stopped; the data is in {plan.options.folder.path}"))


async def _show(
    console: Console, supervisor: Supervisor, snapshots: SnapshotTaker, stop: asyncio.Event, began: float
) -> None:
    if not console.is_terminal:
        while not stop.is_set():
            snapshot = await snapshots.take()
            console.print(Text(view.line(snapshot, time.monotonic() - began)), soft_wrap=True)
            await _wait(stop, PLAIN_SECONDS)
        return
    with Live(console=console, auto_refresh=False, vertical_overflow="crop") as live:
        while not stop.is_set():
            snapshot = await snapshots.take()
            live.update(view.live(snapshot, supervisor.children, time.monotonic() - began), refresh=True)
            await _wait(stop, LIVE_SECONDS)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
