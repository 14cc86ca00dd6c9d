"""Issue 3's proof: the systems behind the handlers fail, a worker dies at the worst moment, and everything is right.

Real processes throughout: receiver, Valkey, PostgreSQL and one worker per group. HubSpot and the notification service
are stand-ins, which also pull the trigger: they kill a worker when they have taken its request and before they answer,
so that the effect is there and the worker never learned of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.handlers.builtin.notify import CONCURRENT_SENDS
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.migrations import migrate
from salesloft_webhooks.handlers.database.schema import activities
from salesloft_webhooks.handlers.database.transactions import Database
from salesloft_webhooks.settings import Settings
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.standins.http import Answer, Request, StandIn
from tests.support.standins.hubspot import RATE_LIMITED, TOKEN, HubSpot
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

pytestmark = [NEEDS_POSTGRESQL, pytest.mark.timeout(180)]


@dataclass
class World:
    """Everything that runs, and what was delivered to it.

    Attributes:
        replies: Event ids of all replies; each is one activity and one notification.
        titles: The newest title of each person.
    """

    valkey: Server
    postgres: PostgresServer
    database: Database
    hubspot: HubSpot
    service: StandIn
    receiver: ReceiverProcess
    workers: dict[str, WorkerProcess]
    replies: set[str] = field(default_factory=set)
    titles: dict[str, str] = field(default_factory=dict)

    async def deliver(self, batch: str, count: int = 20) -> None:
        """Deliver replies, and for as many persons a version, a newer one and a stale one."""
        for number in range(count):
            await self._reply(f"reply-{batch}-{number}", number)
            for version in (2, 3, 1):
                await self._person(f"person-{batch}-{number}-{version}", batch, number, version)
            self.titles[f"{batch}{number}@example.com"] = "version 3"

    async def _reply(self, event_id: str, person: int) -> None:
        data = {"id": person + 1, "person_id": person + 1, "user": {"id": person % 3}, "subject": event_id}
        await self._post(envelope(event_id, event_type="email.replied", data=data))
        self.replies.add(event_id)

    async def _person(self, event_id: str, batch: str, number: int, version: int) -> None:
        person_id = 1000 * (ord(batch) - ord("a") + 1) + number
        data = {
            "id": person_id,
            "email_address": f"{batch}{number}@example.com",
            "title": f"version {version}",
            "updated_at": f"2026-03-07T04:00:0{version}.000000-05:00",
        }
        await self._post(envelope(event_id, data=data))

    async def _post(self, body: bytes) -> None:
        assert (await asyncio.to_thread(self.receiver.send, delivery(body))).status == 200

    async def recorded(self) -> list[str]:
        """The event ids in the database, as often as they are there."""
        async with self.database.transaction() as connection:
            return list((await connection.execute(select(activities.c.event_id))).scalars())

    @property
    def told(self) -> list[str]:
        """The subjects the service was told, as often as it was."""
        return [request.json["message"] for request in self.service.requests]

    async def unconfirmed(self) -> set[str]:
        """Event ids whose message was claimed by a worker that never learned what became of it."""
        async with open_store(Settings.load(redis_url=self.valkey.url)) as store:
            keys = [key async for key in store.client.scan_iter("*:claim:*")]
            states = {key: await store.client.hget(key, "state") for key in keys}
        names = (key.decode().partition(":claim:")[2] for key, state in states.items() if state == b"claimed")
        return {name.rpartition("/")[0] for name in names}

    def contacts_are_right(self) -> bool:
        """Every person is in HubSpot with the newest title."""
        return {address: each.get("jobtitle") for address, each in self.hubspot.contacts.items()} == self.titles

    async def nothing_is_left(self) -> bool:
        """Every group has finished everything, without a dead letter."""
        async with open_store(Settings.load(redis_url=self.valkey.url)) as store:
            groups = (await measure(store)).groups
        return all(each.lag == each.pending == each.dead == 0 for each in groups) and len(groups) == len(self.workers)


eventually_done = partial(eventually, seconds=40)


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    """A server of the test's own, which it stops and starts."""
    with new_postgres() as server:
        yield server.start()


@pytest.fixture
async def world(own_server: Server, postgres: PostgresServer, tmp_path: Path) -> AsyncIterator[World]:
    """Everything, running."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(_running(own_server.start(), postgres, tmp_path))


@asynccontextmanager
async def _running(valkey: Server, postgres: PostgresServer, folder: Path) -> AsyncIterator[World]:
    engine = create_engine(postgres.create_database("webhooks"))
    await migrate(engine)
    async with HubSpot().running() as hubspot, StandIn().running() as service:
        assert isinstance(hubspot, HubSpot)
        file = folder / "handlers.yaml"
        notify = {
            "messages": {"email.replied": {"body": "{subject}"}},
            "default_urls": [service.url.replace("http", "json")],
            "messages_per_minute": 10_000,
        }
        crm = {"backend": "hubspot", "token": TOKEN, "base_url": hubspot.url}
        file.write_text(yaml.safe_dump({"crm": crm, "notify": notify}))
        settings = {
            "HANDLERS_FILE": str(file),
            "DATABASE_URL": engine.url.render_as_string(hide_password=False),
            "LEASE_SECONDS": "2",
            "BACKOFF_BASE_SECONDS": "0.5",
            "BACKOFF_CAP_SECONDS": "2",
        }
        workers = {name: WorkerProcess(name, valkey.url, settings) for name in ("activity", "crm", "notify")}
        receiver = ReceiverProcess(valkey.url)
        try:
            await asyncio.to_thread(receiver.start)
            for worker in workers.values():
                await asyncio.to_thread(worker.start)
            yield World(valkey, postgres, Database(engine), hubspot, service, receiver, workers)
        finally:
            receiver.kill()
            for worker in workers.values():
                worker.kill()
            await engine.dispose()


def killing(worker: WorkerProcess, standin: StandIn, *, at_request: int) -> None:
    """Let the stand-in do what that request asks, and kill the worker before it gets the answer."""
    usual = standin.respond
    seen = 0

    def respond(request: Request) -> Answer:
        nonlocal seen
        seen += 1
        answer = usual(request)
        if seen == at_request:
            worker.kill()
        return answer

    standin.respond = respond


async def test_everything_is_right_after_everything_failed(world: World) -> None:
    """PostgreSQL restarted, HubSpot answering 429 then 500, workers killed between effect and settle: all is right.

    Every reply is one activity, every person is in HubSpot at the newest version, nobody was told twice, and untold is
    at most what the killed worker had under way (the documented price of never telling twice). While one group waits
    for its system the others go on.
    """
    await world.deliver("a")
    await eventually_done(world.nothing_is_left, "the first batch is handled")

    # PostgreSQL is away: the groups that do not need it finish the batch before it is back.
    await asyncio.to_thread(world.postgres.stop, kill=True)
    await world.deliver("b")
    await eventually_done(lambda: set(world.told) == world.replies, "replies are told without a database")
    await eventually_done(world.contacts_are_right, "contacts are saved without a database")
    await asyncio.to_thread(world.postgres.start)
    await eventually_done(world.nothing_is_left, "activity has caught up")

    # HubSpot answers 429, then 500 until it is mended: activity and notify finish the batch before that.
    usual = world.hubspot.respond
    world.hubspot.answers.append(RATE_LIMITED)
    world.hubspot.respond = lambda _request: Answer(500)
    await world.deliver("c")
    await eventually_done(lambda: set(world.told) == world.replies, "replies are told without HubSpot")
    await eventually_done(lambda: _recorded_all(world), "activities are recorded without HubSpot")
    assert not world.contacts_are_right()
    await eventually_done(lambda: not world.hubspot.answers, "HubSpot has answered 429")
    world.hubspot.respond = usual
    await eventually_done(world.nothing_is_left, "crm has caught up")

    # Workers die between effect and settle.
    killing(world.workers["notify"], world.service, at_request=7)
    killing(world.workers["crm"], world.hubspot, at_request=3)
    await world.deliver("d")
    world.workers["activity"].kill()
    await eventually_done(lambda: all(worker.dead for worker in world.workers.values()), "every worker was killed")
    for worker in world.workers.values():
        await asyncio.to_thread(worker.start)
    await eventually_done(world.nothing_is_left, "the new workers have caught up")

    assert sorted(await world.recorded()) == sorted(world.replies)
    in_doubt = await world.unconfirmed()
    assert len(world.told) == len(set(world.told)), "nobody was told twice"
    assert world.replies - set(world.told) <= in_doubt, "what was not told is what nobody could know of"
    assert in_doubt & set(world.told), "the worker was killed after the service had taken a message"
    assert len(in_doubt) <= CONCURRENT_SENDS
    assert world.contacts_are_right()


async def _recorded_all(world: World) -> bool:
    return set(await world.recorded()) == world.replies
