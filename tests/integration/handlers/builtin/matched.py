"""People who are matched with the contacts of a HubSpot that stands in."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.configuration.crm import HubSpotCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import hubspot
from tests.support.standins.hubspot import HubSpot

SAFE = ("salesloft_id", "crm_id", "email_address")


class Users:
    """SalesLoft's users."""

    async def email_of(self, user_id: int) -> str | None:
        """Of the one that samples have."""
        return "rep@example.com" if user_id == samples.USER_ID else None


class Matching:
    """Back ends of one HubSpot."""

    def __init__(self, standin: HubSpot, client: Any) -> None:
        self.standin = standin
        self._client = client

    def backend(self, **more: object) -> HubSpotContacts:
        """A back end with the safe order."""
        section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": self.standin.url, "match": SAFE, **more}
        return HubSpotContacts(HubSpotCrm.model_validate(section), self._client, Users())


@asynccontextmanager
async def matching_people() -> AsyncIterator[Matching]:
    """A running HubSpot without contacts."""
    async with HubSpot().running() as standin, open_client(timeout_seconds=5) as client:
        assert isinstance(standin, HubSpot)
        yield Matching(standin, client)


def someone(number: int, **data: Any) -> Event:
    """A person of that number, with no id of HubSpot's."""
    known = {"id": number, "person_id": number, "email_address": f"p{number}@example.com", "crm_id": None}
    return samples.person(data={**known, **data})


async def save(backend: HubSpotContacts, *events: Event) -> Sequence[BaseException | None]:
    """Save several persons at once; what became of each."""
    return await asyncio.gather(*(backend.save(contact_of(event)) for event in events), return_exceptions=True)
