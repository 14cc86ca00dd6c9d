"""A receiver whose store may use no more, on a server that would take everything."""

import time
from collections.abc import Iterator

from salesloft_webhooks.broker import Group, GroupOptions, Outcome, Settlement, open_store
from salesloft_webhooks.settings import Settings
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import eventually, wait_until

LIMIT = 32 * 2**20
ABOUT = "x" * 500_000
STREAM = "sl:{0}:events"


def sent(receiver: ReceiverProcess, most: int) -> Iterator[int]:
    """The status of each delivery of half a megabyte, until one is refused: ten megabytes a second at the most."""
    for number in range(most):
        time.sleep(0.05)
        status = receiver.send(delivery(envelope(f"evt-{number}", data={"id": 7, "about": ABOUT}))).status
        yield status
        if status != 200:
            return


async def test_is_refused_while_unfinished_work_fills_it(own_server: Server, own_receiver: ReceiverProcess) -> None:
    """503 from STORE_MAX_BYTES on, ready all the time; 200 again by itself when a worker has finished what waited."""
    own_server.start()
    own_receiver.settings |= {"STORE_MAX_BYTES": str(LIMIT), "READINESS_GRACE_SECONDS": "0"}
    own_receiver.start()

    stored = list(sent(own_receiver, 200))
    with own_server.client() as client:
        full, entries = int(client.info("memory")["used_memory"]), client.xlen(STREAM)
        assert client.config_get("maxmemory") == {"maxmemory": "0"}

    assert stored[-1] == 503
    assert set(stored[:-1]) == {200}
    assert LIMIT <= full < 2 * LIMIT
    assert own_receiver.probe("/readyz") == 200
    assert own_receiver.metric("salesloft_webhooks_deliveries_total", source="default", outcome="store_full") == 1
    measured = "salesloft_webhooks_store_memory_limit_bytes"
    wait_until(lambda: own_receiver.metric(measured, partition="0") == LIMIT, description="its limit is measured")

    handled = await everything_handled(own_server)
    await eventually(lambda: own_receiver.send(delivery(envelope("evt-small"))).status == 200, "it is taken", 30)

    assert len(handled) == entries
    assert set(handled) >= {f"evt-{number}" for number in range(len(stored) - 1)}
    with own_server.client() as client:
        assert int(client.info("memory")["used_memory"]) < LIMIT


async def everything_handled(server: Server) -> list[str]:
    """A worker's group comes and finishes all that waits; the ids of it."""
    settings, handled = Settings.load(redis_url=server.url), list[str]()
    async with open_store(settings) as store:
        group = Group(store, GroupOptions("crm"), "one")
        await group.register()
        while leases := (await group.take(0, 10)).leases:
            handled += [lease.event.event_id for lease in leases]
            await group.settle(0, [Settlement(lease, Outcome.DONE) for lease in leases])
    return handled
