"""Following the stream through an outage."""

import asyncio

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.entries import tail
from salesloft_webhooks.settings import Settings
from tests.support.broker_bench import open_bench
from tests.support.servers import Server


async def test_a_frozen_server_does_not_end_the_tail(own_server: Server) -> None:
    """What is stored after the server has hung for longer than any time-out is shown, and the error is reported."""
    own_server.start()
    settings = Settings.load(redis_url=own_server.url, store_timeout_seconds=0.3, poll_seconds=0.2)
    errors: list[str] = []
    async with open_store(settings) as store:
        entries = tail(store, poll_seconds=0.2, on_error=lambda error: errors.append(str(error)))
        next_one = asyncio.ensure_future(anext(entries))
        await asyncio.sleep(0.3)
        own_server.freeze()
        await asyncio.sleep(2)
        own_server.thaw()
        async with open_bench(own_server) as bench:
            await bench.publish("e1")

        assert (await asyncio.wait_for(next_one, 10)).event_id == "e1"
        await entries.aclose()

    assert errors
