"""The server's clock."""

from salesloft_webhooks.broker.connection.store import Store


async def server_ms(store: Store) -> int:
    """Unix time in milliseconds, as the server has it.

    Raises:
        StoreError: it cannot be asked.
    """
    return int(await store.run_on(store.keys.groups, "clock", []))
