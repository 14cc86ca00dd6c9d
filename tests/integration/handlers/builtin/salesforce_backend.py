"""A Salesforce and a back end that is connected to it, for the tests of this folder."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.logged_activities import activity_of
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import salesforce
from tests.support.standins.salesforce import Salesforce

BOTH = {"sobject": ["Contact", "Lead"], "match": ["salesloft_id", "crm_id", "email_address"]}
"""Contacts and Leads, found by all there is."""


class Users:
    """Whoever knows that every rep of SalesLoft has this address."""

    async def email_of(self, user_id: int) -> str | None:
        """The address."""
        return f"rep-{user_id}@example.com"


@dataclass
class Connected:
    """Both ends."""

    standin: Salesforce
    backend: SalesforceContacts

    async def save(self, *events: Event) -> Sequence[BaseException | None]:
        """Save several persons at once; what became of each."""
        saves = (self.backend.save(contact_of(event)) for event in events)
        return await asyncio.gather(*saves, return_exceptions=True)

    async def log(self, *events: Event) -> Sequence[BaseException | None]:
        """Log several activities at once; what became of each."""
        logs = (self.backend.log(activity_of(event)) for event in events)
        return await asyncio.gather(*logs, return_exceptions=True)


def section(standin: Salesforce, **more: Any) -> dict[str, Any]:
    """The section of the file, with bounces and deletions passed on."""
    return {
        "backend": "salesforce",
        "login_url": standin.url,
        "client_id": salesforce.CLIENT_ID,
        "client_secret": salesforce.CLIENT_SECRET,
        "bounced_field": "SalesLoft_Bounced_Address__c",
        "deleted_field": "SalesLoft_Deleted__c",
        **more,
    }


@asynccontextmanager
async def connected(**more: Any) -> AsyncIterator[Connected]:
    """A Salesforce without records, and the back end with more settings."""
    async with Salesforce().running() as standin, open_client(timeout_seconds=20) as client:
        assert isinstance(standin, Salesforce)
        configuration = SalesforceCrm.model_validate(section(standin, **more))
        yield Connected(standin, SalesforceContacts(configuration, client, Users()))


def someone(number: int, **data: Any) -> Event:
    """A person of that number, with an address of their own and no `crm_id` unless it is given."""
    own = {"email_address": f"p{number}@example.com", "crm_id": None}
    return samples.person(data={"id": number, "person_id": number, **own, **data})
