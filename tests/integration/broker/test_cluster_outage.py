"""One node of a cluster hangs: what needs it waits or fails, everything else is stored, and repeats settle the rest."""

import asyncio
import time

from salesloft_webhooks.broker import Publisher, Stored, open_store
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.integration.broker.test_cluster import PARTITIONS, cluster
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

__all__ = ["cluster"]  # a fixture
CROWD = 120


async def test_a_node_that_hangs_fails_only_what_needs_it(cluster: list[Server]) -> None:
    """Deliveries whose id and entity live elsewhere are stored at once; after the thaw all are, each once."""
    nodes = ",".join(f"127.0.0.1:{node.port}" for node in cluster)
    settings = Settings.load(redis_url=f"redis+cluster://{nodes}", partitions=PARTITIONS, store_timeout_seconds=2)
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:

        async def publish(number: int) -> Stored | StoreError:
            event = NewEvent(f"e{number}", "person.created", f"person:{number}", "2026", b"{}")
            try:
                return await publisher.publish(NewDelivery("default", (event,)))
            except StoreError as exc:
                return exc

        await asyncio.gather(*(publish(-number) for number in range(1, 40)))
        cluster[2].freeze()
        try:
            began = time.monotonic()
            during = await asyncio.gather(*(publish(number) for number in range(CROWD)))
        finally:
            cluster[2].thaw()
        took = time.monotonic() - began

        after = await asyncio.gather(*(publish(number) for number in range(CROWD)))

    assert 0 < during.count(Stored.NEW) < CROWD
    assert took < 4
    assert all(outcome in {Stored.NEW, Stored.DUPLICATE} for outcome in after)
    stored = []
    for node in cluster:
        with node.client() as client:
            for key in client.scan_iter("sl:{*}:events", 1000):
                stored += [fields["id"] for _, fields in client.xrange(key)]
    assert len(set(stored)) == len(stored) == CROWD + 39
