"""A whole pipeline of which each role has its own user: everything works, nothing is refused, no right is left over."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from salesloft_webhooks.broker import (
    Group,
    GroupOptions,
    MemoryBounds,
    Publisher,
    decide_partitions,
    follow_partitions,
    open_store,
    quarantine,
)
from salesloft_webhooks.broker.administration.history import history
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.broker.bundles import Bundles
from salesloft_webhooks.broker.disabled_subscriptions import DisabledSubscriptions
from salesloft_webhooks.broker.group_limits import Claim, set_limits
from salesloft_webhooks.broker.handler_limits import Ask, Want
from salesloft_webhooks.broker.newest_version import Versions
from salesloft_webhooks.broker.once import OncePermits
from salesloft_webhooks.broker.rights import PUBLISHING, RIGHTS, Rights, Role
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.settings import Ordering, Settings
from tests.support.backfill_process import BackfillProcess, silent_salesloft
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.recorded_commands import OF_CONNECTIONS, Recorder
from tests.support.servers import Server, engines
from tests.support.store_users import as_role
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

COUNT = "count"
"""Runs where a server does not know a group's lag: Redis 7.0 does not when a group was set back, Valkey 9 does."""
FOLLOW_UPS = 2
"""Entries that the handlers ask for: one for each person that was updated."""
EVENTS = ("person.updated", "person.created", "call.created", "email.replied", "step.completed")


@dataclass
class Pipeline:
    """A server, and in front of it a port for each role that writes down what the role sends."""

    server: Server
    folder: Path
    stack: ExitStack
    ports: dict[Role, Recorder] = field(default_factory=dict)

    def url(self, role: Role) -> str:
        """Where a role connects."""
        if role not in self.ports:
            self.ports[role] = self.stack.enter_context(Recorder(self.server.port))
        return as_role(f"redis://127.0.0.1:{self.ports[role].port}/0", role)

    def settings(self, role: Role, **more: Any) -> Settings:
        """Of a role, in this process."""
        return Settings.load(redis_url=SecretStr(self.url(role)), store_timeout_seconds=30, **more)

    def unused(self, role: Role) -> tuple[set[str], set[str]]:
        """Scripts and commands of a role's rights that it has not sent."""
        sent, rights = self.ports[role].sent, RIGHTS[role]
        return set(rights.scripts - sent.scripts), set(rights.commands - sent.commands)

    def beyond(self, role: Role) -> tuple[set[str], set[str]]:
        """What it has sent and its rights do not have."""
        sent, rights = self.ports[role].sent, RIGHTS[role]
        commands = {each for each in sent.commands - rights.commands if not each.startswith(OF_CONNECTIONS)}
        return sent.scripts - rights.scripts, commands


@pytest.fixture(params=engines())
def pipeline(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pipeline]:
    """One on which nothing has happened yet."""
    server = Server(engines()[request.param], tmp_path, {"appendonly": "yes"}).start()
    with ExitStack() as stack:
        stack.callback(server.stop, kill=True)
        yield Pipeline(server, tmp_path, stack)


@pytest.mark.timeout(240)
def test_every_role_with_its_own_user(pipeline: Pipeline) -> None:
    """Processes die, the server restarts, scripts are forgotten, partitions are raised; ACL LOG stays empty."""
    refused = run_processes(pipeline)
    asyncio.run(run_seldom_steps(pipeline))

    assert refused | pipeline.server.refused() == set()
    for role in pipeline.ports:
        assert pipeline.beyond(role) == (set(), set()), role
    for role, elsewhere in ((Role.RECEIVER, Rights()), (Role.WORKER, Rights()), (Role.BACKFILL, PUBLISHING)):
        scripts, commands = pipeline.unused(role)
        assert scripts - elsewhere.scripts - {COUNT} == set(), role
        assert commands - elsewhere.commands == set(), role
    assert pipeline.server.program != engines().get("redis") or COUNT in pipeline.ports[Role.RECEIVER].sent.scripts


def run_processes(pipeline: Pipeline) -> set[str]:
    """Receiver, worker and backfill with everything that their events do; what was refused before the restart."""
    keys = pipeline.folder / "keys"
    keys.write_text(f"{key_line()}\n")
    common = {"UPKEEP_SECONDS": "0.2", "BODY_KEY_FILE": str(keys), "LEASE_SECONDS": "1", "POLL_SECONDS": "0.2"}
    telling = {"ALERT_URLS": "json://127.0.0.1:1/nobody", "WORKER_HANDLERS": "tests.e2e.rights_handlers:router"}
    receiver = ReceiverProcess(pipeline.url(Role.RECEIVER), {"PARTITIONS": "2", **common})
    own = {"WORKER_ORDERING": "entity", "BACKOFF_BASE_SECONDS": "0.1", **telling, **common}
    worker = WorkerProcess("crm", pipeline.url(Role.WORKER), own)
    for process in (receiver, worker):
        pipeline.stack.callback(process.kill)
    worker.start()
    receiver.start()
    for number, event_type in enumerate(EVENTS):
        send(receiver, f"e{number}", event_type, number)
    receiver.send(delivery(b"{"))
    worker.kill()
    refused = pipeline.server.refused()
    with pipeline.server.client() as client:
        client.script_flush()
    pipeline.server.stop(kill=True)
    pipeline.server.start()
    worker.launch()
    wait_until(lambda: receiver.probe("/readyz") == 200, seconds=30, description="the receiver is ready again")
    send(receiver, "after", "person.updated", 1)
    with silent_salesloft(600) as salesloft, pipeline.server.client() as client:
        backfill = BackfillProcess(salesloft, pipeline.url(Role.BACKFILL), common).start()
        pipeline.stack.callback(backfill.kill)
        wait_until(lambda: finished(client), seconds=60, description="everything is handled")
        wait_until(
            lambda: came(client) >= len(EVENTS) + 3 + FOLLOW_UPS, seconds=40, description="what the backfill has found"
        )
        # At its end it has a second for its last report, which a busy machine may take from it.
        wait_until(
            lambda: client.exists("sl:deliveries"), seconds=60, description="the receiver has reported what came"
        )
        backfill.stop()
    receiver.stop()
    worker.stop()
    return refused


def send(receiver: ReceiverProcess, event_id: str, event_type: str, person: int) -> None:
    """Until it is taken: a store that restarts refuses it for a moment."""
    body = envelope(event_id, event_type=event_type, data={"id": person})
    wait_until(lambda: receiver.send(delivery(body)).status == 200, seconds=30, description=f"{event_id} is stored")


def came(client: Any) -> int:
    """How many entries there are."""
    return sum(int(client.xlen(f"sl:{{{partition}}}:events")) for partition in range(2))


def finished(client: Any) -> bool:
    """Whether all that can be handled is: one waits for an hour."""
    pending = 0
    for partition in range(2):
        stream = f"sl:{{{partition}}}:events"
        (group,) = client.xinfo_groups(stream)
        pending += group["pending"]
        if group["last-delivered-id"] != client.xinfo_stream(stream)["last-generated-id"]:
            return False
    return pending <= 1


async def run_seldom_steps(pipeline: Pipeline) -> None:
    """What roles do when something is rare: a raise, memory that is short, entries that nobody has a handler for."""
    await raise_partitions(pipeline)
    await work(pipeline)
    await make_room(pipeline)
    async with open_store(pipeline.settings(Role.BACKFILL)) as store:
        reason = UnreadableReason.NOT_JSON
        await quarantine(store, source="s", dialect="envelope", reason=reason, body=b"{", limit=9)
        await DisabledSubscriptions(store).announce("a looker", ["person_updated"])


async def raise_partitions(pipeline: Pipeline) -> None:
    """From two to three, while the group is paused; what was stored before is remembered."""
    settings = pipeline.settings(Role.RECEIVER, partitions=3, body_key_file=pipeline.folder / "keys")
    async with open_store(settings) as store, Publisher(store, settings) as publisher:
        await follow_partitions(store)
        await decide_partitions(store, 3)
        for number in range(18):
            event = NewEvent(f"raised{number}", "call.created", f"person:{number}", "2026-03-07T04:26:14Z", b'{"id":1}')
            await publisher.publish(NewDelivery("default", (event,)))
        with pipeline.server.client() as client:  # somebody sets the group back: servers do not know its lag any more
            for partition in range(3):
                stream = f"sl:{{{partition}}}:events"
                (_, (back, _)) = client.xrevrange(stream, count=2)
                client.xgroup_setid(stream, "crm", back)
        await measure(store)


async def work(pipeline: Pipeline) -> None:
    """A worker behind a raise, with permits and versions, a breaker that pauses, and what nobody can handle."""
    settings = pipeline.settings(Role.WORKER, body_key_file=pipeline.folder / "keys")
    async with open_store(settings) as store:
        await follow_partitions(store)
        group = Group(store, GroupOptions("crm", ordering=Ordering.ENTITY), "by-hand")
        await group.register()
        for partition in range(store.partitions):
            await group.must_wait((await group.take(partition, 10)).leases)
            await group.expire_unhandled(partition)
            await group.look(partition)
        await set_limits(store, "crm", "author", SaidLimits(50))
        await group.limits.ask(0, 1, running=0, wanted=1, unused={})
        await group.limits.keep([Claim(0, attempts=0, latest=1, over=1)])
        ask = Ask("0 1-1", "by-hand 1", (Want("sync", "1 -", "digest"),))
        await group.handler_limits.declare({"sync": "1 - user_id"}, refresh=False)
        await group.handler_limits.ask([ask])
        await group.handler_limits.keep([ask])
        permits = OncePermits(store, "crm", per_minute=1)
        await permits.ask("one", "limit")
        await Bundles(store, "crm").join("rep", "one", gap_seconds=1)
        await history(store, "one")
        versions = Versions(store, "crm")
        await versions.newest("person:1")
        await versions.applied("person:1", 1)
        await Adoptions(store, "crm").claim({"101": "1"}, seconds=1)
        await group.pause(0.1)
        await group.retire(leaving=True)


async def make_room(pipeline: Pipeline) -> None:
    """The server has less memory than it holds: history goes, then records."""
    with pipeline.server.client() as client:
        client.config_set("maxmemory", "100mb")
    for role in (Role.RECEIVER, Role.WORKER):
        settings = pipeline.settings(role, history_memory_share=0.001)
        async with open_store(settings) as store:
            await follow_partitions(store)
            began = time.monotonic()
            while "forget_records" not in pipeline.ports[role].sent.scripts and time.monotonic() - began < 5:
                await MemoryBounds(store, settings).keep()
