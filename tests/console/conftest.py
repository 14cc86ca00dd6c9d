"""A console that runs, and a browser that looks at it.

A module whose tests take `page` has no asynchronous tests: Playwright's synchronous API keeps a loop running meanwhile.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize, expect, sync_playwright
from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.console.live import Live
from salesloft_webhooks.console.people import Role
from salesloft_webhooks.console.running_searches import Searches
from salesloft_webhooks.console.store_state import StoreState
from salesloft_webhooks.settings import Settings
from tests.console.served import Served, SignedIn
from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server
from tests.support.worker_process import WorkerProcess

CHROMIUM = Path("/usr/bin/chromium")
WIDE: ViewportSize = {"width": 1440, "height": 900}
EXPECTED_WITHIN_MS = 10_000


@pytest.fixture(scope="package")
def shared_console(shared_valkey: Server) -> Iterator[ConsoleProcess]:
    """One console for all tests here that do not ask for another; use `console`.

    It ends with them: it would carry out the runs that tests elsewhere begin on the same server.
    """
    with ConsoleProcess(shared_valkey.url) as running:
        yield running


@pytest.fixture
def console(valkey: Server, shared_console: ConsoleProcess) -> ConsoleProcess:
    """A real console on an empty store, in which everybody may do everything."""
    return shared_console


@pytest.fixture
def receiver(valkey: Server) -> Iterator[ReceiverProcess]:
    """A real receiver beside it."""
    with ReceiverProcess(valkey.url) as running:
        yield running


@pytest.fixture
def worker(valkey: Server, tmp_path: Path) -> Iterator[WorkerProcess]:
    """A real worker of the built-in group `activity` beside it."""
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'activity.db'}"}
    running = WorkerProcess("activity", valkey.url, database).start()
    yield running
    running.kill()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium, once for the tests of a module."""
    if not CHROMIUM.exists():
        pytest.skip("chromium is not installed")
    expect.set_options(timeout=EXPECTED_WITHIN_MS)
    with sync_playwright() as playwright, ExitStack() as closing:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        closing.callback(running.close)
        yield running


@pytest.fixture
def page(browser: Browser, console: ConsoleProcess) -> Iterator[Page]:
    """A new window, in which ``page.goto("/audit")`` opens a page of `console`.

    It fails the test if anything is complained about in the browser's console: a script's error, what the policy of the
    page forbids, a file that is not there.
    """
    context = browser.new_context(base_url=console.url, viewport=WIDE)
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        said.append(f"{message.type}: {message.text}")

    context.on("console", hear)
    context.on("weberror", lambda error: said.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert said == []


@pytest.fixture
async def served(valkey: Server) -> AsyncIterator[Callable[..., Served]]:
    """Makes one in which somebody has these roles."""
    made: list[Served] = []
    async with open_store(Settings.load(redis_url=SecretStr(valkey.url))) as store:

        def make(*roles: Role) -> Served:
            settings = Settings.load(redis_url=SecretStr(valkey.url))
            state, live = StoreState(store), Live(store)
            made.append(
                Served(
                    Console(store, settings, asyncio.Event(), live, state.now, state, Searches(store)), SignedIn(*roles)
                )
            )
            return made[-1]

        yield make
        for each in made:
            await each.client.aclose()
