"""Who a person is in Salesforce: a Contact, a Lead, what it was converted or merged into; never two."""

from typing import Any

import pytest

from salesloft_webhooks import PermanentError
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from tests.integration.handlers.builtin.salesforce_backend import BOTH, connected, someone
from tests.support import samples
from tests.support.standins.salesforce_records import EXTERNAL_ID


async def test_who_is_there_is_changed_and_who_is_not_is_made() -> None:
    """A Contact by its id, a Lead by crm_id in 15 characters, a Contact by address, and somebody new as a Lead."""
    async with connected(**BOTH, create_as="Lead") as crm:
        records = crm.standin.records
        by_id = records.add("Contact", LastName="A", **{EXTERNAL_ID: "1"})
        by_crm_id = records.add("Lead", LastName="B", Company="C")
        by_address = records.add("Contact", LastName="C", Email="P3@Example.com")

        outcomes = await crm.save(someone(1), someone(2, crm_id=by_crm_id[:15]), someone(3), someone(4))

        assert outcomes == [None] * 4
        persons = {own: each.fields[EXTERNAL_ID] for own, each in records.by_id.items()}
        new = persons.keys() - {by_id, by_crm_id, by_address}
        assert persons == {by_id: "1", by_crm_id: "2", by_address: "3", new.pop(): "4"}
        assert [*crm.standin.bearing("Lead")] == ["2", "4"]
        assert records.by_id[by_crm_id].value("Email") == "p2@example.com"
        assert records.by_id[by_crm_id].value("Company") == "Example Corp"


async def test_an_address_change_makes_nobody_twice() -> None:
    """Who was found by an address bears our id from then on, so the next address does not matter."""
    async with connected(**BOTH) as crm:
        own = crm.standin.records.add("Contact", LastName="A", Email="p1@example.com")
        await crm.save(someone(1))

        await crm.save(someone(1, email_address="married@example.com"))

        assert [*crm.standin.records.by_id] == [own]
        assert crm.standin.contacts["1"]["Email"] == "married@example.com"


async def test_a_contact_comes_before_a_lead() -> None:
    """With both there for the same address the Contact is changed, and the Lead stays as it is."""
    async with connected(**BOTH) as crm:
        lead = crm.standin.records.add("Lead", LastName="A", Company="C", Email="p1@example.com")
        contact = crm.standin.records.add("Contact", LastName="A", Email="p1@example.com")

        await crm.save(someone(1))

        assert crm.standin.records.by_id[contact].value(EXTERNAL_ID) == "1"
        assert crm.standin.records.by_id[lead].fields == {"LastName": "A", "Company": "C", "Email": "p1@example.com"}


@pytest.mark.parametrize("known_by", ["salesloft_id", "crm_id", "email_address"])
async def test_a_converted_lead_leads_to_its_contact(known_by: str) -> None:
    """However the Lead is known, its Contact is changed and bears our id."""
    async with connected(**BOTH, create_as="Lead") as crm:
        records = crm.standin.records
        bears: dict[str, Any] = {"salesloft_id": {EXTERNAL_ID: "1"}, "email_address": {"Email": "p1@example.com"}}
        lead = records.add("Lead", LastName="A", Company="C", **bears.get(known_by, {}))
        contact = records.convert(lead)

        outcomes = await crm.save(someone(1, crm_id=lead if known_by == "crm_id" else None))

        assert outcomes == [None]
        assert [*records.by_id] == [lead, contact]
        assert records.by_id[contact].value(EXTERNAL_ID) == "1"
        assert records.by_id[contact].value("Title") == "Sales Development Representative"


async def test_a_converted_lead_without_a_contact_becomes_one() -> None:
    """The Contact is gone; an upsert of a Lead would find the converted one, so a Contact is made; never a Lead."""
    async with connected(**BOTH, create_as="Lead") as crm:
        lead = crm.standin.records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "1"})
        crm.standin.records.delete(crm.standin.records.convert(lead))

        assert await crm.save(someone(1)) == [None]

        assert [*crm.standin.bearing("Contact")] == ["1"]


async def test_where_only_leads_are_kept_a_converted_one_is_left_alone() -> None:
    """Without Contacts in the configuration nobody is made beside the Contact, and nothing fails."""
    async with connected(sobject="Lead") as crm:
        lead = crm.standin.records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: "1"})
        contact = crm.standin.records.convert(lead)

        assert await crm.save(someone(1), someone(2)) == [None, None]

        assert "Title" not in crm.standin.records.by_id[contact].fields
        assert [*crm.standin.bearing("Lead")] == ["1", "2"]


async def test_a_merge_is_not_undone() -> None:
    """The record that was kept is changed, through a second merge, too; nobody is made beside it."""
    async with connected(**BOTH) as crm:
        records = crm.standin.records
        lost, kept, last = (records.add("Contact", LastName="A") for _ in range(3))
        records.by_id[lost].fields[EXTERNAL_ID] = "1"
        records.merge(kept, lost)
        records.merge(last, kept)

        assert await crm.save(someone(1)) == [None]

        assert len(records.by_id) == 3
        assert records.by_id[last].value(EXTERNAL_ID) == "1"


async def test_a_record_of_another_person_is_not_written_over() -> None:
    """Merged into somebody else's, or sent there by crm_id: a dead letter says so; by address a record of one's own."""
    async with connected(**BOTH) as crm:
        records = crm.standin.records
        others = records.add("Contact", LastName="A", Email="p3@example.com", **{EXTERNAL_ID: "9"})
        lost = records.add("Contact", LastName="A", **{EXTERNAL_ID: "1"})
        records.merge(others, lost)

        outcomes = await crm.save(someone(1), someone(2, crm_id=others), someone(3))

        assert [type(each) for each in outcomes] == [PermanentError, PermanentError, type(None)]
        assert "bears the id of another person" in str(outcomes[0])
        assert "Title" not in records.by_id[others].fields
        assert sorted(crm.standin.contacts) == ["3", "9"]


async def test_a_person_account_is_left_to_people_and_holds_up_nobody() -> None:
    """Its Contact cannot be written, which would pause the group for a field: a dead letter says what it is instead."""
    async with connected(**BOTH) as crm:
        crm.standin.fields["IsPersonAccount"] = False
        account = crm.standin.records.add("Contact", LastName="A", Email="p1@example.com", IsPersonAccount=True)

        outcomes = await crm.save(someone(1), someone(2))

        assert [type(each) for each in outcomes] == [PermanentError, type(None)]
        assert "Person Account" in str(outcomes[0])
        assert "Title" not in crm.standin.records.by_id[account].fields
        assert sorted(crm.standin.contacts) == ["2"]


async def test_two_people_with_one_address_do_not_share_a_record() -> None:
    """Both come at once and one Contact has the address: it becomes the first one's, the second gets their own."""
    async with connected(**BOTH) as crm:
        own = crm.standin.records.add("Contact", LastName="A", Email="shared@example.com")

        outcomes = await crm.save(*(someone(n, email_address="shared@example.com") for n in (1, 2)))

        assert outcomes == [None, None]
        assert crm.standin.records.by_id[own].value(EXTERNAL_ID) == "1"
        assert sorted(crm.standin.contacts) == ["1", "2"]


@pytest.mark.parametrize(("setting", "there", "bears"), [("refuse", 2, 0), ("oldest", 2, 1), ("create", 3, 1)])
async def test_several_with_one_address_are_what_the_setting_says(setting: str, there: int, bears: int) -> None:
    """A dead letter that says how many, the one made first, or another one."""
    async with connected(**BOTH, on_several=setting) as crm:
        first, _ = (crm.standin.records.add("Contact", LastName="A", Email="p1@example.com") for _ in range(2))

        (outcome,) = await crm.save(someone(1))

        assert len(crm.standin.records.by_id) == there
        assert len(crm.standin.contacts) == bears
        assert (outcome is None) is (setting != "refuse")
        if setting == "refuse":
            assert isinstance(outcome, PermanentError)
            assert "2 records (Contact) have the person's e-mail address" in str(outcome)
        if setting == "oldest":
            assert crm.standin.records.by_id[first].value(EXTERNAL_ID) == "1"


async def test_bounces_and_deletions_find_the_same_records_and_make_nobody() -> None:
    """A Lead is marked, a stranger is not made, and nobody's record is marked for somebody else."""
    async with connected(**BOTH) as crm:
        records = crm.standin.records
        lead = records.add("Lead", LastName="A", Company="C", **{EXTERNAL_ID: str(samples.PERSON_ID)})
        others = records.add("Contact", LastName="A", **{EXTERNAL_ID: "9"})

        await crm.backend.mark_bounced(bounce_of(samples.email("email.bounced")))
        await crm.backend.save(contact_of(samples.person("person.deleted")))
        await crm.backend.save(
            contact_of(samples.person("person.deleted", data={"id": 7, "person_id": 7, "crm_id": others}))
        )

        assert records.by_id[lead].value("SalesLoft_Bounced_Address__c") == "robin.sample@example.com"
        assert records.by_id[lead].value("SalesLoft_Deleted__c") is True
        assert "SalesLoft_Deleted__c" not in records.by_id[others].fields
        assert len(records.by_id) == 2


async def test_a_batch_costs_two_requests_once_all_are_known() -> None:
    """200 people of both kinds: one request finds them, one changes them; an address stands in no request's address."""
    async with connected(**BOTH) as crm:
        for number in range(1, 201):
            sobject = "Contact" if number % 2 else "Lead"
            crm.standin.records.add(sobject, LastName="A", Company="C", **{EXTERNAL_ID: str(number)})
        await crm.save(someone(1))
        used = crm.standin.used

        assert await crm.save(*(someone(number) for number in range(1, 201))) == [None] * 200

        assert crm.standin.used - used == 2
        assert not any("example.com" in request.path for request in crm.standin.requests)


async def test_all_pages_of_an_answer_are_read() -> None:
    """Salesforce may answer with fewer rows than there are: the tenth person is on the last page."""
    async with connected(**BOTH) as crm:
        crm.standin.page_size = 3
        for number in range(1, 11):
            crm.standin.records.add("Contact", LastName="A", Email=f"p{number}@example.com")

        await crm.save(*(someone(number) for number in range(1, 11)))

        assert len(crm.standin.records.by_id) == 10
        assert crm.standin.contacts["10"]["Email"] == "p10@example.com"
