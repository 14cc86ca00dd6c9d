"""Owners, types and clearing in HubSpot; what it lacks, and what it lets us do in a day."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from salesloft_webhooks import Retry, Unavailable
from salesloft_webhooks.telemetry.metrics import WORKER
from tests.integration.handlers.builtin.matched import Matching, matching_people, save, someone
from tests.support.standins.http import Answer, Request


@pytest.fixture
async def matching() -> AsyncIterator[Matching]:
    """A running HubSpot without contacts."""
    async with matching_people() as matching:
        yield matching


async def test_owners_types_and_clearing_reach_hubspot(matching: Matching) -> None:
    """The owner by the rep's address; a day as ISO 8601; an emptied field as empty text."""
    matching.standin.owners["rep@example.com"] = "700"
    fields = {
        "title": {"to": "jobtitle", "clear": True},
        "custom_fields.joined": {"to": "joined_on", "type": "date"},
        "tags": {"to": "hobby", "type": "choices"},
    }
    backend = matching.backend(fields=fields, owner_field="hubspot_owner_id", owners_by_email=True)

    for title in ("Rep", None):
        custom = {"joined": "2026-03-07T22:00:00-05:00"}
        await save(backend, someone(1, title=title, custom_fields=custom, tags=["a", "b"]))

    contact = matching.standin.contacts["p1@example.com"]
    assert (contact["jobtitle"], contact["joined_on"], contact["hobby"]) == ("", "2026-03-07", "a;b")
    assert contact["hubspot_owner_id"] == "700"
    assert sum("/crm/owners/" in request.path for request in matching.standin.requests) == 1, "it is remembered"


async def test_the_day_s_quota_is_measured_and_warned_of_once(matching: Matching) -> None:
    """The share stands in a metric after each answer that says it; the log warns when little is left, not each time."""
    usual = matching.standin.answer_to
    left = iter(("2000", "900", "899", "", "soon", "0", "20000"))
    seen = []

    def count(request: Request) -> Answer:
        limits = {"X-HubSpot-RateLimit-Daily": "10000", "X-HubSpot-RateLimit-Daily-Remaining": next(left)}
        return replace(usual(request), headers=limits)

    matching.standin.respond = count
    backend = matching.backend(match=["email_address"])
    with capture_logs() as logs:
        for number in range(1, 8):
            assert await save(backend, someone(number)) == [None]
            (line,) = (
                each
                for each in generate_latest(WORKER).decode().splitlines()
                if each.startswith('salesloft_webhooks_crm_quota_used_ratio{crm="hubspot"}')
            )
            seen.append(float(line.split()[1]))

    assert seen == [0.8, 0.91, 0.9101, 0.9101, 0.9101, 1.0, 0.0]
    assert logs == [{"event": "crm.quota", "log_level": "warning", "used": 9100, "quota": 10_000}]


async def test_an_id_field_that_tells_nobody_apart_is_named(matching: Matching) -> None:
    """One that does not require unique values, and one of an engagement that is not there."""
    matching.standin.unique["contacts"].discard("salesloft_person_id")
    matching.standin.unique["calls"].clear()

    problems = await matching.backend(log=["call.completed"]).field_problems()

    assert problems == [
        "property salesloft_person_id of contacts does not require unique values",
        "property salesloft_activity_id of calls does not exist",
    ]


async def test_a_token_that_may_not_read_owners_is_said_before_the_first_event(matching: Matching) -> None:
    """Its refusal would pause the group with the first person, contacts included."""
    usual = matching.standin.answer_to
    error = {"message": "?", "context": {"requiredGranularScopes": ["crm.objects.owners.read"]}}
    refusal = {"status": "error", "category": "MISSING_SCOPES", "message": "?", "correlationId": "1", "errors": [error]}

    def refuse(request: Request) -> Answer:
        return Answer(403, refusal) if "/crm/owners/" in request.path else usual(request)

    backend = matching.backend(owner_field="hubspot_owner_id", owners_by_email=True)
    assert await backend.field_problems() == []
    matching.standin.respond = refuse
    with pytest.raises(Unavailable, match=r"crm\.objects\.owners\.read"):
        await backend.field_problems()


async def test_only_the_active_owner_with_that_very_address_is_one(matching: Matching) -> None:
    """Whatever else HubSpot lists for the address; nobody is nobody, and nonsense is asked again later."""
    backend = matching.backend()
    known = {"type": "PERSON", "createdAt": "", "updatedAt": ""}
    others = [
        {"id": "1", "email": "somebody@example.com", "archived": False, **known},
        {"id": "2", "email": "rep@example.com", "archived": True, **known},
    ]
    right = {"id": "3", "email": "Rep@example.com", "archived": False, **known}
    matching.standin.answers.extend(
        [Answer(200, {"results": [*others, right]}), Answer(200, {"results": others}), Answer(200, ["?"])]
    )

    assert await backend.owner_of("rep@example.com") == "3"
    assert await backend.owner_of("rep@example.com") is None
    with pytest.raises(Retry):
        await backend.owner_of("rep@example.com")
