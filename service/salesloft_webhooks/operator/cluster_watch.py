"""What changes, as it happens. Good for a bell, and for nothing else: whoever hears it asks for everything.

What the client does not do is done here. It has no limit for silence: a connection that died without a word would be
waited on for ever. And what it raises while it connects once more is not what it says it raises.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, cast

import msgspec
from lightkube import AsyncClient

from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster_errors import cluster_errors
from salesloft_webhooks.operator.cluster_resources import RESOURCES
from salesloft_webhooks.operator.objects import Metadata

SILENCE_SECONDS = 300.0


async def changes(
    client: AsyncClient, namespace: str, kind: Kind, name: str | None, silence_seconds: float
) -> AsyncGenerator[str]:
    """The names of objects of which somebody wants something else; at first of all that there are.

    A status that is written is no such change. Ends when nothing has come for ``silence_seconds``: nothing happens, or
    the connection is dead and does not say so.

    Args:
        client: The way to the server.
        namespace: Where.
        kind: Of which kind.
        name: Only the one of this name; None: all.
        silence_seconds: See above.

    Raises:
        ClusterError: the watch has ended; what has happened since is unknown.
    """
    known: dict[str, tuple[object, ...]] = {}
    watch = client.watch(RESOURCES[kind], namespace=namespace, fields={"metadata.name": name} if name else None)
    async with aclosing(cast("AsyncGenerator[tuple[str, Any]]", watch)) as stream:
        while True:
            with cluster_errors(f"watch {kind}"):
                try:
                    async with asyncio.timeout(silence_seconds):
                        what, found = await anext(stream)
                except (TimeoutError, StopAsyncIteration):
                    return
                metadata = msgspec.convert(found["metadata"], Metadata)
            wanted = metadata.wanted if kind is not Kind.SECRET else (metadata.resource_version,)
            if what == "DELETED" or known.get(metadata.name) != wanted:
                known[metadata.name] = wanted
                yield metadata.name
