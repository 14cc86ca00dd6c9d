"""Slots of a cluster that move from one server to another while both are used: a reshard, one step at a time."""

from collections.abc import Iterator, Sequence
from typing import Any

from tests.support.servers import Server

MIGRATE_MS = 5_000


def owner_of(nodes: Sequence[Server], slot: int) -> Server:
    """The primary that serves a slot, as the first node knows it."""
    with nodes[0].client() as client:
        rows: Any = client.execute_command("CLUSTER SLOTS")
    port = next(row[2][1] for row in rows if row[0] <= slot <= row[1])
    return next(node for node in nodes if node.port == port)


def slot_of(node: Server, key: str) -> int:
    """The slot of a key."""
    with node.client() as client:
        return int(client.execute_command("CLUSTER KEYSLOT", key))


def move_slot(source: Server, target: Server, others: Sequence[Server], slot: int, first: str = "") -> Iterator[str]:
    """Move a slot as `redis-cli --cluster reshard` does; after each step something may be done.

    Args:
        source: Has it.
        target: Gets it.
        others: The primaries besides, which are told in the end, as gossip would.
        slot: Its number.
        first: A key that leaves before the others, if it is there.

    Yields:
        What was done: a key's name for each that left.
    """
    with source.client() as here, target.client() as there:
        login = [("AUTH", source.options["requirepass"])] if "requirepass" in source.options else []
        ours, theirs = (str(client.execute_command("CLUSTER MYID")) for client in (here, there))
        there.execute_command("CLUSTER SETSLOT", slot, "IMPORTING", ours)
        here.execute_command("CLUSTER SETSLOT", slot, "MIGRATING", theirs)
        yield "begun"
        while keys := list(here.execute_command("CLUSTER GETKEYSINSLOT", slot, 100)):
            key = first if first in keys else min(keys)
            words = [word for pair in login for word in pair]
            here.execute_command("MIGRATE", "127.0.0.1", target.port, "", 0, MIGRATE_MS, *words, "KEYS", key)
            yield key
        for client in (there, here):
            client.execute_command("CLUSTER SETSLOT", slot, "NODE", theirs)
        for other in others:
            with other.client() as client:
                client.execute_command("CLUSTER SETSLOT", slot, "NODE", theirs)
    yield "ended"
