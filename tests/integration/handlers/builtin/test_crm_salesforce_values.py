"""Owners, types and clearing in Salesforce."""

from salesloft_webhooks.handlers.builtin.configuration.crm import SalesforceCrm
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.salesforce import SalesforceContacts
from salesloft_webhooks.outgoing_http import open_client
from tests.support import samples
from tests.support.standins import salesforce
from tests.support.standins.salesforce import Salesforce


async def test_owners_types_and_clearing_reach_salesforce() -> None:
    """The owner by the table; a day as ISO 8601, numbers and yes and no as they are; an emptied field as null."""
    async with Salesforce().running() as standin, open_client(timeout_seconds=5) as client:
        assert isinstance(standin, Salesforce)
        standin.fields |= dict.fromkeys(("OwnerId", "Joined__c", "Score__c", "Hot__c", "Tags__c"), True)
        section = {
            "backend": "salesforce",
            "login_url": standin.url,
            "client_id": salesforce.CLIENT_ID,
            "client_secret": salesforce.CLIENT_SECRET,
            "fields": {
                "last_name": "LastName",
                "title": {"to": "Title", "clear": True},
                "custom_fields.joined": {"to": "Joined__c", "type": "date"},
                "custom_fields.score": {"to": "Score__c", "type": "number"},
                "hot_lead": {"to": "Hot__c", "type": "boolean"},
                "tags": {"to": "Tags__c", "type": "choices"},
            },
            "owner_field": "OwnerId",
            "owners": {samples.USER_ID: "005000000000001"},
        }
        backend = SalesforceContacts(SalesforceCrm.model_validate(section), client)
        data = {"custom_fields": {"joined": "2026-03-07", "score": "17"}, "hot_lead": True, "tags": ["a", "b"]}

        assert await backend.field_problems() == []
        await backend.save(contact_of(samples.person(data={**data, "title": None})))

    assert standin.contacts[str(samples.PERSON_ID)] == {
        "SalesLoft_Person_Id__c": str(samples.PERSON_ID),
        "LastName": "Sample",
        "Title": None,
        "Joined__c": "2026-03-07",
        "Score__c": 17,
        "Hot__c": True,
        "Tags__c": "a;b",
        "OwnerId": "005000000000001",
    }
