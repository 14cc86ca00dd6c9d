"""What redis-py writes to a connection that has ended meanwhile, which uvloop answers in its own way."""

from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.settings import Settings
from tests.support.servers import Server


def test_a_connection_that_has_ended_is_a_connection_error(valkey: Server) -> None:
    """It fails as the store does, which everybody is ready for: a worker once ended of uvloop's RuntimeError."""

    async def run() -> None:
        async with open_store(Settings.load(redis_url=valkey.url)) as store:
            assert isinstance(store.client, Redis)
            pool: Any = store.client.connection_pool
            connection = await pool.get_connection()
            connection._writer.transport.abort()
            with pytest.raises(RedisConnectionError):
                await connection.send_command("PING")
            await pool.release(connection)
            assert await store.client.ping()

    uvloop.run(run())
