"""Steps of a pipeline that a browser's test arranges: Playwright's loop runs meanwhile, so each has a thread."""

from collections.abc import Awaitable, Callable

from pydantic import SecretStr

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.in_thread import in_thread
from tests.support.servers import Server

Step = Callable[[Driven], Awaitable[object]]


def arrange(server: Server, *steps: Step) -> None:
    """Let the pipeline do something."""
    settings = Settings.load(redis_url=SecretStr(server.url))

    async def run() -> None:
        async with open_store(settings) as store:
            for step in steps:
                await step(Driven(store, settings, server))

    in_thread(run)
