"""Workers that may be given one free record of a CRM: each with connections of its own, held up where a test wants."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace

import httpx2

from salesloft_webhooks import Event
from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.broker.connection.store import Store, open_store
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.batched_contacts import BatchedContacts
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.settings import Settings
from tests.integration.handlers.builtin import salesforce_backend
from tests.integration.handlers.builtin.matched import SAFE
from tests.support.servers import Server
from tests.support.standins import hubspot
from tests.support.standins.hubspot import HubSpot
from tests.support.standins.salesforce import Salesforce
from tests.support.standins.salesforce_records import EXTERNAL_ID

ADDRESS = "info@example.com"
SECONDS = 20.0
_LOOKS = ('"idProperty":"email"', "Email%20IN")
"""In a request: it looks for people by their address."""
_WRITES = ("/batch/update", "/batch/upsert", "/composite/sobjects")

Connect = Callable[[httpx2.AsyncClient, Adoptions], BatchedContacts]


class Worker:
    """One of them.

    Attributes:
        may_go_on: What it waits for when its look for the address has been answered.
        looked: It has been.
        may_write: What it waits for before it writes.
        writing: It is about to.
    """

    def __init__(self, connect: Connect, client: httpx2.AsyncClient, adoptions: Adoptions) -> None:
        client.event_hooks["request"].append(self._before)
        client.event_hooks["response"].append(self._after)
        self.backend = connect(client, adoptions)
        self.may_go_on, self.may_write, self.looked, self.writing = (asyncio.Event() for _ in range(4))
        self.may_go_on.set()
        self.may_write.set()

    async def save(self, event: Event) -> BaseException | None:
        """What became of the person."""
        (outcome,) = await asyncio.gather(self.backend.save(contact_of(event)), return_exceptions=True)
        return outcome

    async def _before(self, request: httpx2.Request) -> None:
        if any(each in f"{request.url.path} {request.content.decode()}" for each in _WRITES):
            self.writing.set()
            await asyncio.wait_for(self.may_write.wait(), SECONDS)

    async def _after(self, response: httpx2.Response) -> None:
        if any(each in response.request.content.decode() for each in _LOOKS):
            self.looked.set()
            await asyncio.wait_for(self.may_go_on.wait(), SECONDS)


@dataclass
class Scene:
    """A CRM with one record that is nobody's.

    Attributes:
        standin: The CRM.
        store: A connection of the test's own.
    """

    standin: HubSpot | Salesforce
    store: Store
    _connect: Connect
    _server: Server
    _stack: AsyncExitStack

    async def worker(self) -> Worker:
        """One more worker."""
        client = await self._stack.enter_async_context(open_client(timeout_seconds=SECONDS))
        store = await self._stack.enter_async_context(open_store(Settings.load(redis_url=self._server.url)))
        return Worker(self._connect, client, Adoptions(store, "crm"))

    @property
    def bearers(self) -> list[str]:
        """Whose ids the records bear, that which was there first."""
        if isinstance(self.standin, HubSpot):
            return [each.get("salesloft_person_id") or "" for each in self.standin.records["contacts"].values()]
        return [each.fields.get(EXTERNAL_ID) or "" for each in self.standin.records.by_id.values()]

    async def end_claims(self) -> None:
        """Their time is over."""
        async for key in self.store.client.scan_iter("*:adoption:*"):
            await self.store.client.delete(key)


def someone(number: int) -> Event:
    """A person with the address of the free record."""
    return salesforce_backend.someone(number, email_address=ADDRESS)


def deletion(number: int) -> Event:
    """Of that person."""
    return replace(someone(number), event_type="person.deleted")


@asynccontextmanager
async def free_in_hubspot(server: Server) -> AsyncIterator[Scene]:
    """HubSpot has a contact that is nobody's."""

    def connect(client: httpx2.AsyncClient, adoptions: Adoptions) -> HubSpotContacts:
        section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": standin.url, "match": SAFE}
        return HubSpotContacts(HubSpotCrm.model_validate(section), client, None, adoptions)

    async with HubSpot().running() as standin, _scene(standin, server, connect) as scene:
        standin.add(email=ADDRESS)
        yield scene


@asynccontextmanager
async def free_in_salesforce(server: Server) -> AsyncIterator[Scene]:
    """Salesforce has a Contact that is nobody's."""

    def connect(client: httpx2.AsyncClient, adoptions: Adoptions) -> SalesforceContacts:
        assert isinstance(standin, Salesforce)
        section = salesforce_backend.section(standin, **salesforce_backend.BOTH)
        return SalesforceContacts(SalesforceCrm.model_validate(section), client, None, adoptions)

    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        standin.records.add("Contact", LastName="A", Email=ADDRESS)
        async with _scene(standin, server, connect) as scene:
            yield scene


@asynccontextmanager
async def _scene(standin: HubSpot | Salesforce, server: Server, connect: Connect) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(Settings.load(redis_url=server.url)))
        yield Scene(standin, store, connect, server, stack)
