"""An address goes from one person to another, and nobody is lost, doubled or merged over it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from salesloft_webhooks import Event, Retry
from salesloft_webhooks.handlers.builtin.crm.bisection import FAILURES
from salesloft_webhooks.handlers.builtin.crm.contacts import contact_of
from salesloft_webhooks.handlers.builtin.crm.hubspot import HubSpotContacts
from tests.integration.handlers.builtin.matched import Matching, matching_people, save, someone
from tests.support import samples
from tests.support.standins.http import Answer, Request


@pytest.fixture
async def matching() -> AsyncIterator[Matching]:
    """A running HubSpot without contacts."""
    async with matching_people() as matching:
        yield matching


def partial(number: int, **data: Any) -> Event:
    """An event that says nothing else of a person."""
    return replace(samples.person(), raw_data=msgspec.json.encode({"id": number, "person_id": number, **data}))


async def delete(backend: HubSpotContacts, number: int, email_address: str | None) -> None:
    """As SalesLoft says so."""
    data = {"id": number, "person_id": number, "email_address": email_address, "crm_id": None}
    await backend.save(contact_of(samples.person("person.deleted", data=data)))


def people_of(matching: Matching) -> list[tuple[str | None, str | None, str | None]]:
    """Whose each contact is, its address and title."""
    names = ("salesloft_person_id", "email", "jobtitle")
    contacts = matching.standin.records["contacts"].values()
    return [tuple(each.get(name) for name in names) for each in contacts]  # type: ignore[misc]


@pytest.mark.parametrize("more", [{"deleted_field": "salesloft_deleted"}, {}], ids=["marked", "not-marked"])
async def test_who_is_deleted_and_imported_again_gets_the_contact_back(matching: Matching, more: Any) -> None:
    """SalesLoft gives them another id; the contact is the new one's, and is deleted no more."""
    backend = matching.backend(**more)
    await save(backend, someone(1, title="before"))
    await delete(backend, 1, "p1@example.com")
    await delete(backend, 1, "p1@example.com")

    assert await save(backend, someone(2, email_address="p1@example.com", title="again")) == [None]
    await delete(backend, 1, "p1@example.com")

    assert people_of(matching) == [("2", "p1@example.com", "again")]
    (contact,) = matching.standin.records["contacts"].values()
    assert contact.get("salesloft_deleted", "false") == "false"


async def test_an_event_that_does_not_state_the_address_makes_nobody(matching: Matching) -> None:
    """The contact may be there and be found by the address only: the next event that states it finds it."""
    matching.standin.add(email="p1@example.com")
    backend = matching.backend()

    with capture_logs() as logs:
        assert await save(backend, partial(1, title="CTO")) == [None]
    assert [log["event"] for log in logs] == ["crm.unaddressed"]
    assert await save(backend, someone(1, title="CTO")) == [None]
    assert await save(backend, partial(1, title="CEO")) == [None]

    assert people_of(matching) == [("1", "p1@example.com", "CEO")]


async def test_an_address_that_is_handed_on_reaches_whom_it_is_handed_to(matching: Matching) -> None:
    """In whichever order both events come, or at once: who gets it waits until the other one has left it."""
    backend = matching.backend()
    await save(backend, someone(1, email_address="info@example.com"))
    leaves = someone(1, email_address="one@example.com")
    gets = someone(2, email_address="info@example.com")

    (early,) = await save(backend, gets)
    left, at_once = await save(backend, leaves, gets)
    assert await save(backend, gets) == [None]

    assert (left, type(early), type(at_once)) == (None, Retry, Retry)
    assert [each[:2] for each in people_of(matching)] == [("1", "one@example.com"), ("2", "info@example.com")]


async def test_who_is_known_waits_for_an_address_with_all_else_written(matching: Matching) -> None:
    """The attempt fails, so that the address is tried again; the title is there already."""
    backend = matching.backend()
    await save(backend, someone(1), someone(2))
    wants = someone(1, email_address="p2@example.com", title="moved")

    (first,) = await save(backend, wants)
    assert people_of(matching)[0] == ("1", "p1@example.com", "moved")
    await save(backend, someone(2, email_address="elsewhere@example.com"))

    assert isinstance(first, Retry)
    assert await save(backend, wants) == [None]
    assert people_of(matching)[0][:2] == ("1", "p2@example.com")


async def test_people_who_wait_for_an_address_do_not_pause_the_group(matching: Matching) -> None:
    """It is nobody's fault but theirs: HubSpot has refused nothing."""
    backend = matching.backend()
    await save(backend, someone(1))

    for number in range(2, FAILURES + 4):
        (outcome,) = await save(backend, someone(number, email_address="p1@example.com"))
        assert isinstance(outcome, Retry)


async def test_two_new_people_with_one_address_become_one_contact_and_a_retry(matching: Matching) -> None:
    """Without ids, too, where the second then changes the contact that the first has made."""
    backend = matching.backend(match=["crm_id", "email_address"])
    second = someone(2, email_address="p1@example.com", title="second")

    first, again = await save(backend, someone(1), second)

    assert first is None
    assert isinstance(again, Retry)
    assert await save(backend, second) == [None]
    assert people_of(matching) == [(None, "p1@example.com", "second")]


async def test_a_contact_that_two_workers_give_away_is_missed_by_who_lost_it(matching: Matching) -> None:
    """Both find it free and write their person's id: it is the last one's, and the other's event is not done."""
    own = matching.standin.add(email="info@example.com")
    usual = matching.standin.answer_to

    def overwrite(request: Request) -> Answer:
        answer = usual(request)
        if request.path.endswith("/update"):
            matching.standin.records["contacts"][own]["salesloft_person_id"] = "2"
        return answer

    matching.standin.respond = overwrite
    (lost,) = await save(matching.backend(), someone(1, email_address="info@example.com"))
    matching.standin.respond = usual
    (kept,) = await save(matching.backend(), someone(2, email_address="info@example.com"))

    assert isinstance(lost, Retry)
    assert kept is None
