"""Salesforce's quota is watched, its version checked, and what it takes of our values is known before the first one."""

from typing import Any

import pytest
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from salesloft_webhooks import Retry, Unavailable
from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import statements
from salesloft_webhooks.telemetry.metrics import WORKER
from tests.integration.handlers.builtin.salesforce_backend import BOTH, connected, someone
from tests.support.standins.http import Answer, StandIn
from tests.support.standins.salesforce_parts import BASE
from tests.support.standins.salesforce_records import EXTERNAL_ID


async def test_the_quota_is_measured_and_warned_of_once() -> None:
    """The share stands in a metric after each answer; the log warns when it comes to 80 %, and not each time."""
    async with connected() as crm:
        crm.standin.quota = 10

        with capture_logs() as logs:
            for number in range(1, 11):
                assert await crm.save(someone(number)) == [None]
            (outcome,) = await crm.save(someone(11))

        assert [each for each in logs if each["event"] == "crm.quota"] == [
            {"event": "crm.quota", "log_level": "warning", "used": 8, "quota": 10}
        ]
        assert b'salesloft_webhooks_crm_quota_used_ratio{crm="salesforce"} 1.0' in generate_latest(WORKER)
        assert isinstance(outcome, Unavailable)
        assert outcome.after_seconds == 300

        crm.standin.quota = 100
        assert await crm.save(someone(11)) == [None]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {"compositeResponse": []}),
        Answer(200, {"compositeResponse": [{"referenceId": "r0", "httpStatusCode": 200, "body": {"records": "?"}}]}),
        Answer(200, {"compositeResponse": [{"referenceId": "r0", "httpStatusCode": 9}]}),
        Answer(200, [1]),
        Answer(500),
    ],
    ids=["too-few", "no-page", "no-status", "no-composite", "broken"],
)
async def test_what_cannot_be_read_is_tried_again(answer: Answer) -> None:
    """An answer to a look-up that is not the documented one ends no event, and nobody is made in the meantime."""
    async with connected(sobject="Lead") as crm:
        await crm.save(someone(1))
        crm.standin.answers.append(answer)

        (outcome,) = await crm.save(someone(2))

        assert isinstance(outcome, Retry)
        assert [*crm.standin.bearing("Lead")] == ["1"]
        assert await crm.save(someone(2)) == [None]


async def test_no_request_carries_more_queries_than_it_may() -> None:
    """Seven are asked in two requests, of which Salesforce takes five each; the answers keep their order."""
    async with connected() as crm:
        addresses = [f"p{number}@example.com" for number in range(7)]
        for address in addresses:
            crm.standin.records.add("Contact", LastName="A", Email=address)
        asked = [each for address in addresses for each in statements("SELECT Email FROM Contact", "Email", [address])]

        found = await crm.backend._session.rows(asked)

        assert [rows[0]["Email"] for rows in found] == addresses
        assert crm.standin.used == 2


async def test_the_token_goes_nowhere_else() -> None:
    """A next page that would lead to another server, as what stands before an @ does, is not asked for."""
    async with connected(sobject="Lead") as crm, StandIn().running() as other:
        await crm.save(someone(1))
        elsewhere = f"@{other.url.removeprefix('http://')}/services/data/"
        page = {"records": [], "done": False, "nextRecordsUrl": elsewhere}
        part = {"referenceId": "r0", "httpStatusCode": 200, "body": page}
        crm.standin.answers.append(Answer(200, {"compositeResponse": [part]}))

        (outcome,) = await crm.save(someone(2))

        assert isinstance(outcome, Retry)
        assert other.requests == []


async def test_part_of_a_request_that_is_refused_is_bisected() -> None:
    """Updates and upserts go together; a value that Salesforce cannot read fails its own record only."""
    async with connected(**BOTH) as crm:
        for number in range(1, 5):
            crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: str(number)})
        usual = crm.standin.respond
        unreadable = [{"errorCode": "JSON_PARSER_ERROR", "message": "Cannot deserialize"}]
        refused = {"referenceId": "r0", "httpStatusCode": 400, "body": unreadable}
        others = [{"referenceId": f"r{n}", "httpStatusCode": 400, "body": unreadable} for n in (1, 2)]

        def respond(request: Any) -> Answer:
            if b"malformed" not in request.body:
                return usual(request)
            if request.path == f"{BASE}/composite":
                return Answer(200, {"compositeResponse": [refused, *others]})
            return Answer(400, unreadable)

        crm.standin.respond = respond

        outcomes = await crm.save(*(someone(n) for n in range(1, 9)), someone(9, title="malformed"))

        assert [each is None for each in outcomes] == [True] * 8 + [False]
        assert sorted(crm.standin.contacts) == [str(n) for n in range(1, 9)]


async def test_a_rule_that_warns_is_overruled_in_each_part_of_a_request() -> None:
    """Somebody who is changed and somebody who is made go together; both overrule the rule where that is configured."""
    async with connected(**BOTH, on_duplicate="save") as crm:
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: "1"})
        crm.standin.duplicates.add("Sample")

        assert await crm.save(someone(1), someone(2)) == [None, None]

        assert crm.standin.requests[-1].path == f"{BASE}/composite"
        assert sorted(crm.standin.contacts) == ["1", "2"]


async def test_values_of_every_type_are_written_and_emptied() -> None:
    """A day, a time, yes and no, a number, choices; a field that is to be cleared is emptied by null."""
    fields = {
        "last_name": "LastName",
        "title": {"to": "Title", "clear": True},
        "custom_fields.Renewal": {"to": "Renewal__c", "type": "date"},
        "last_contacted_at": {"to": "Contacted__c", "type": "datetime"},
        "do_not_contact": {"to": "Quiet__c", "type": "boolean"},
        "custom_fields.Seats": {"to": "Seats__c", "type": "number"},
        "tags": {"to": "Tags__c", "type": "choices"},
    }
    types = {"Renewal__c": "date", "Contacted__c": "datetime", "Quiet__c": "boolean", "Seats__c": "double"}
    async with connected(fields=fields, deleted_field=None, bounced_field=None) as crm:
        crm.standin.types |= types | {"Tags__c": "multipicklist"}
        crm.standin.fields |= dict.fromkeys(crm.standin.types, True)
        custom = {"Renewal": "2027-01-31", "Seats": "12.5"}
        more = {"last_contacted_at": "2026-03-07T04:26:14-05:00", "do_not_contact": True, "tags": ["a", "b"]}

        assert await crm.backend.field_problems() == []
        assert await crm.save(someone(1, custom_fields=custom, **more)) == [None]
        assert crm.standin.contacts["1"] == {
            EXTERNAL_ID: "1",
            "LastName": "Sample",
            "Title": "Sales Development Representative",
            "Renewal__c": "2027-01-31",
            "Contacted__c": "2026-03-07T09:26:14.000Z",
            "Quiet__c": True,
            "Seats__c": 12.5,
            "Tags__c": "a;b",
        }

        assert await crm.save(someone(1, title=None)) == [None]
        assert "Title" not in crm.standin.contacts["1"]


async def test_a_type_that_does_not_fit_is_named_before_the_first_event() -> None:
    """What Salesforce describes is held against what is configured, for Contacts and Leads."""
    fields = {"last_name": "LastName", "do_not_contact": "Quiet__c", "tags": {"to": "Seats__c", "type": "choices"}}
    async with connected(**BOTH, fields=fields) as crm:
        crm.standin.types |= {"Quiet__c": "boolean", "Seats__c": "double"}
        crm.standin.fields |= {"Quiet__c": True, "Seats__c": True}

        problems = await crm.backend.field_problems()

        assert problems == [
            f"{sobject}: {problem}"
            for sobject in ("Contact", "Lead")
            for problem in (
                "field Quiet__c is a boolean, which takes type: boolean",
                "field Seats__c is a double, which takes type: number",
            )
        ]


async def test_the_owner_is_a_user_by_table_or_by_address() -> None:
    """The table comes first; the address finds an active user; nobody found leaves the owner as it is."""
    more: dict[str, Any] = {"owner_field": "OwnerId", "owners": {1: "0055g00000TABLE"}, "owners_by_email": True}
    async with connected(**more) as crm:
        user = crm.standin.records.add("User", Email="REP-2@example.com", IsActive=True, UserType="Standard")

        await crm.save(*(someone(number, owner={"id": number}) for number in (1, 2, 3)))

        owners = {key: each.get("OwnerId") for key, each in crm.standin.contacts.items()}
        assert owners == {"1": "0055g00000TABLE", "2": user, "3": None}
