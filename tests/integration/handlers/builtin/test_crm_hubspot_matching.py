"""People are found in HubSpot by SalesLoft's id, HubSpot's, or address; an address change makes no second one."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from salesloft_webhooks import Retry
from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of, contact_of
from tests.integration.handlers.builtin.matched import Matching, matching_people, save, someone
from tests.support import samples
from tests.support.standins.http import Answer, Request

NOBODY: tuple[tuple[int, str | None], ...] = ((3, None), (4, "999"))
"""People without an address, and what SalesLoft has for HubSpot's id of them."""


@pytest.fixture
async def matching() -> AsyncIterator[Matching]:
    """A running HubSpot without contacts."""
    async with matching_people() as matching:
        yield matching


async def test_an_address_change_moves_no_contact_into_two(matching: Matching) -> None:
    """The contact is found by SalesLoft's id and gets the new address."""
    backend = matching.backend()
    await save(backend, someone(1))

    assert await save(backend, someone(1, email_address="New@example.com", title="moved")) == [None]

    (contact,) = matching.standin.records["contacts"].values()
    assert (contact["email"], contact["salesloft_person_id"], contact["jobtitle"]) == ("new@example.com", "1", "moved")


async def test_a_contact_found_by_its_id_or_address_becomes_the_persons(matching: Matching) -> None:
    """By HubSpot's id first, whatever the address says; what the event says nothing of stays."""
    by_id = matching.standin.add(email="elsewhere@example.com", company="kept", hobby="x")
    by_address = matching.standin.add(email="p2@example.com")

    await save(matching.backend(), someone(1, crm_id=by_id, person_company_name=None), someone(2))

    contacts = matching.standin.records["contacts"]
    assert contacts[by_id]["salesloft_person_id"] == "1"
    assert contacts[by_id]["email"] == "p1@example.com"
    assert (contacts[by_id]["company"], contacts[by_id]["hobby"]) == ("kept", "x")
    assert contacts[by_address]["salesloft_person_id"] == "2"
    assert len(contacts) == 2


async def test_the_id_of_another_crm_is_not_taken_for_hubspots(matching: Matching) -> None:
    """SalesLoft may be connected to Salesforce: its ids are no numbers, and nobody is asked for them."""
    assert await save(matching.backend(), someone(1, crm_id="003i000001mnhpD")) == [None]

    assert list(matching.standin.contacts) == ["p1@example.com"]
    reads = [request.json for request in matching.standin.requests if request.path.endswith("/read")]
    assert [read["idProperty"] for read in reads] == ["salesloft_person_id", "email"]


async def test_a_further_address_finds_the_contact_and_stays_as_it_is(matching: Matching) -> None:
    """HubSpot knows a contact by each of its addresses; the first one is somebody's choice there."""
    own = matching.standin.add(email="first@example.com", hs_additional_emails="p1@example.com;p9@example.com")

    await save(matching.backend(), someone(1))

    contact = matching.standin.records["contacts"][own]
    assert (contact["email"], contact["salesloft_person_id"]) == ("first@example.com", "1")


async def test_a_contact_that_was_merged_is_found_as_the_one_that_is_left(matching: Matching) -> None:
    """SalesLoft still has the id of the one that is gone."""
    gone = matching.standin.add(email="old@example.com")
    left = matching.standin.add(email="left@example.com")
    matching.standin.merge(gone, left)

    await save(matching.backend(), someone(1, crm_id=gone, email_address="newest@example.com"))

    contact = matching.standin.records["contacts"][left]
    assert (contact["salesloft_person_id"], contact["email"]) == ("1", "newest@example.com")
    assert len(matching.standin.records["contacts"]) == 1


async def test_two_people_with_one_address_do_not_overwrite_each_other(matching: Matching) -> None:
    """The first keeps the contact; the second waits for them to leave it, also when both come at once."""
    backend = matching.backend()

    with capture_logs() as logs:
        first = await save(backend, someone(1), someone(2, email_address="p1@example.com", title="other"))
        again = await save(backend, someone(2, email_address="P1@example.com", title="other"))

    assert first[0] is None
    assert [str(each) for each in (first[1], *again)] == [
        "hubspot: the contact of person 1 of SalesLoft's has that address"
    ] * 2
    (contact,) = matching.standin.records["contacts"].values()
    assert (contact["salesloft_person_id"], contact["jobtitle"]) == ("1", "Sales Development Representative")
    assert [log["person_ids"] for log in logs if log["event"] == "crm.address_taken"] == [[2], [2]]


async def test_an_address_that_is_another_contacts_is_left_out_of_a_change(matching: Matching) -> None:
    """All else is written: HubSpot would refuse the whole change. Nobody in SalesLoft could leave that address."""
    backend = matching.backend()
    await save(backend, someone(1))
    matching.standin.add(email="p2@example.com")

    assert await save(backend, someone(1, email_address="p2@example.com", title="new")) == [None]

    contact = matching.standin.contacts["p1@example.com"]
    assert (contact["salesloft_person_id"], contact["jobtitle"]) == ("1", "new")


async def test_a_person_without_an_address_is_kept_by_the_id(matching: Matching) -> None:
    """And bounces and deletions find them; neither makes anybody."""
    backend = matching.backend(deleted_field="salesloft_deleted", bounced_field="salesloft_bounced_address")
    await save(backend, someone(1, email_address=None), someone(2))
    gone = samples.person("person.deleted", data={"id": 1, "person_id": 1, "email_address": None, "crm_id": None})
    unknown = samples.person("person.deleted", data={"id": 9, "person_id": 9, "email_address": None, "crm_id": None})

    await asyncio.gather(backend.save(contact_of(gone)), backend.save(contact_of(unknown)))
    bounced = {"person_id": 2, "recipient": {"id": 2}, "recipient_email_address": "was@example.com"}
    await backend.mark_bounced(bounce_of(samples.email("email.bounced", data=bounced)))

    deleted, bounced_at = matching.standin.records["contacts"].values()
    assert deleted["salesloft_deleted"] == "true"
    assert bounced_at["salesloft_bounced_address"] == "was@example.com"


async def test_without_an_id_field_contacts_are_found_by_the_others(matching: Matching) -> None:
    """No property of one's own is needed then; those who have nothing to be found by are left out."""
    own = matching.standin.add(email="elsewhere@example.com")
    backend = matching.backend(match=["crm_id", "email_address"])

    people = (someone(1, crm_id=own), someone(2), *(someone(n, crm_id=c, email_address=None) for n, c in NOBODY))
    assert await save(backend, *people) == [None] * 4

    assert sorted(matching.standin.contacts) == ["p1@example.com", "p2@example.com"]


@pytest.mark.parametrize("answer", [Answer(200, ["?"]), Answer(200, {"results": None}), Answer(204)])
async def test_an_answer_that_lists_nothing_does_not_pass_for_nobody(matching: Matching, answer: Answer) -> None:
    """Whoever is known would be made once more."""
    backend = matching.backend(match=["crm_id", "email_address"])
    matching.standin.answers.append(answer)

    (outcome,) = await save(backend, someone(1))

    assert isinstance(outcome, Retry)
    assert matching.standin.writes == []


async def test_a_contact_made_meanwhile_is_found_the_next_time(matching: Matching) -> None:
    """Somebody enters the person between the look-up and the request: that is a conflict, and no dead letter."""
    backend = matching.backend()
    usual = matching.standin.answer_to

    def enter(request: Request) -> Answer:
        if request.path.endswith("/upsert"):
            matching.standin.add(email="p1@example.com", hobby="entered by hand")
            matching.standin.respond = usual
        return usual(request)

    matching.standin.respond = enter
    (first,) = await save(backend, someone(1))
    (second,) = await save(backend, someone(1))

    assert isinstance(first, Retry)
    assert second is None
    (contact,) = matching.standin.records["contacts"].values()
    assert (contact["salesloft_person_id"], contact["hobby"]) == ("1", "entered by hand")


async def test_a_hundred_known_people_take_two_requests(matching: Matching) -> None:
    """A look-up and a change; each way that is not needed is not asked."""
    backend = matching.backend()
    people = [someone(number) for number in range(1, 101)]
    await save(backend, *people)
    matching.standin.requests.clear()

    assert await save(backend, *people) == [None] * 100

    assert [request.path.rpartition("/")[2] for request in matching.standin.requests] == ["read", "update"]
