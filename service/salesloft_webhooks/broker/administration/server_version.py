"""What kind of server the store is, for people."""

from typing import Any

from salesloft_webhooks.broker.connection.store import Store, translated


async def server_version(store: Store) -> str:
    """Name and version of the server, or of one server of a cluster, such as ``valkey 9.0.1``.

    Raises:
        StoreError: it cannot be asked, or may not be (`INFO` is refused to this user).
    """
    with translated():
        found: Any = await store.client.info("server")
    # A cluster's client answers for one node, or for several by their names.
    facts = found if "redis_version" in found else next(iter(found.values()), {})
    name = facts.get("server_name", "redis")
    return f"{name} {facts.get(f'{name}_version', facts.get('redis_version', 'unknown'))}"
