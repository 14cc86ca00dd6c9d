"""Whoever was deleted on either side is there once afterwards, and nobody is made of half an event."""

import json
from dataclasses import replace

import pytest

from salesloft_webhooks import Event
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from tests.integration.handlers.builtin.salesforce_backend import BOTH, connected, someone
from tests.support import samples
from tests.support.standins.salesforce_records import EXTERNAL_ID


def deleted(number: int, email_address: str) -> Event:
    """The end of a person in SalesLoft."""
    return samples.person(
        "person.deleted",
        data={"id": number, "person_id": number, "email_address": email_address, "crm_id": None},
    )


def partial(number: int, **data: str) -> Event:
    """An update that carries nothing but an id and what is given."""
    stated = {"id": number, "person_id": number, "updated_at": "2026-03-07T09:00:00Z", **data}
    return replace(someone(number), raw_data=json.dumps(stated).encode())


@pytest.mark.parametrize("create_as", ["Lead", "Contact"])
@pytest.mark.parametrize("bears", ["1", "77"])
async def test_a_lead_in_the_recycle_bin_is_not_a_converted_one(create_as: str, bears: str) -> None:
    """Whoever was deleted in Salesforce is made anew as what is configured, whosever the deleted Lead was."""
    async with connected(**BOTH, create_as=create_as) as crm:
        records = crm.standin.records
        records.delete(records.add("Lead", LastName="A", Company="C", Email="p1@example.com", **{EXTERNAL_ID: bears}))

        assert await crm.save(someone(1)) == [None]

        assert [*crm.standin.bearing(create_as)] == ["1"]


async def test_where_only_leads_are_kept_a_deleted_one_is_made_anew() -> None:
    """As an upsert by the id does; only a conversion leaves the person out."""
    async with connected(sobject="Lead") as crm:
        records = crm.standin.records
        records.delete(records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "1"}))

        assert await crm.save(someone(1)) == [None]

        assert [*crm.standin.bearing("Lead")] == ["1"]


async def test_a_converted_lead_of_another_person_makes_nobody_a_contact() -> None:
    """Their address leads to it, and it says nothing of where this person is."""
    async with connected(**BOTH, create_as="Lead") as crm:
        records = crm.standin.records
        lead = records.add("Lead", LastName="A", Company="C", Email="p1@example.com", **{EXTERNAL_ID: "77"})
        records.delete(records.convert(lead))

        assert await crm.save(someone(1)) == [None]

        assert [*crm.standin.bearing("Lead")] == ["77", "1"]
        assert not crm.standin.contacts


async def test_a_converted_lead_in_the_recycle_bin_still_leads_to_its_contact() -> None:
    """Deleting the Lead afterwards does not undo the conversion."""
    async with connected(**BOTH, create_as="Lead") as crm:
        records = crm.standin.records
        lead = records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "1"})
        contact = records.convert(lead)
        records.delete(lead)

        assert await crm.save(someone(1)) == [None]

        assert records.by_id[contact].value(EXTERNAL_ID) == "1"
        assert len(records.by_id) == 2


@pytest.mark.parametrize("more", [{}, {"deleted_field": None}], ids=["marked", "unmarked"])
async def test_who_is_imported_anew_gets_their_record_back(more: dict[str, None]) -> None:
    """A deletion gives our id up, also when it comes twice; the same address under a new id is no second record."""
    async with connected(**BOTH, **more) as crm:
        await crm.save(someone(1, email_address="x@example.com"))
        for _ in range(2):
            await crm.backend.save(contact_of(deleted(1, "x@example.com")))
        assert not crm.standin.contacts

        assert await crm.save(someone(2, email_address="x@example.com")) == [None]

        (record,) = crm.standin.records.by_id.values()
        assert record.value(EXTERNAL_ID) == "2"
        assert record.value("SalesLoft_Deleted__c") is (None if more else False)


async def test_without_another_way_to_be_found_a_deleted_person_keeps_the_id() -> None:
    """An upsert by the id alone would make them twice without it."""
    async with connected() as crm:
        await crm.save(someone(1))

        await crm.backend.save(contact_of(deleted(1, "p1@example.com")))

        assert crm.standin.contacts["1"]["SalesLoft_Deleted__c"] is True


async def test_an_event_without_the_address_makes_nobody() -> None:
    """They may be there by it: the next whole event finds them; whoever is known by the id is changed at once."""
    async with connected(**BOTH) as crm:
        records = crm.standin.records
        theirs = records.add("Contact", LastName="A", Email="p1@example.com")
        known = records.add("Contact", LastName="B", **{EXTERNAL_ID: "2"})
        news = [partial(number, last_name="Sample", title="CTO") for number in (1, 2)]

        assert await crm.save(*news) == [None, None]
        assert [*records.by_id] == [theirs, known]
        assert records.by_id[known].value("Title") == "CTO"
        assert await crm.save(someone(1)) == [None]

        assert records.by_id[theirs].value(EXTERNAL_ID) == "1"
        assert len(records.by_id) == 2


async def test_who_states_to_have_no_address_is_made() -> None:
    """Then there is none that could find them."""
    async with connected(**BOTH) as crm:
        assert await crm.save(someone(1, email_address=None)) == [None]

        assert [*crm.standin.contacts] == ["1"]
