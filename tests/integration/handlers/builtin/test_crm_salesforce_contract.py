"""What we ask of Salesforce, and what our stand-in answers, is what Salesforce publishes."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any

from salesloft_webhooks.handlers.builtin.crm.contacts import bounce_of
from salesloft_webhooks.handlers.builtin.crm.salesforce_activities import DESCRIPTION_LENGTH, TEXT_LENGTH
from salesloft_webhooks.handlers.builtin.crm.salesforce_matching import LONGEST_ADDRESS
from tests.integration.handlers.builtin.salesforce_backend import Connected, connected, someone
from tests.integration.handlers.builtin.test_crm_salesforce_activities import LOG, call, meeting, sent
from tests.support import samples
from tests.support.standins import salesforce_published as published
from tests.support.standins.http import Answer, Request
from tests.support.standins.salesforce_parts import BASE, parts_of
from tests.support.standins.salesforce_records import EXTERNAL_ID, TYPES

Exchange = tuple[Request, Answer]


async def exchanges() -> Sequence[Exchange]:
    """Every kind of request that we make, with what the stand-in answered; parts of others, too."""
    heard = list[Exchange]()
    async with connected(**LOG, owner_field="OwnerId", owners_by_email=True) as crm:
        usual = crm.standin.respond

        def respond(request: Request) -> Answer:
            heard.append((request, usual(request)))
            return heard[-1][1]

        crm.standin.respond = respond
        await _everything(crm)
    async with connected() as simple:
        usual = simple.standin.respond
        simple.standin.respond = respond
        await simple.save(someone(1))
    return [*heard, *(each for exchange in heard for each in _inner(exchange))]


async def _everything(crm: Connected) -> None:
    records = crm.standin.records
    records.add("Contact", LastName="A", **{EXTERNAL_ID: str(samples.PERSON_ID)})
    for number in range(2, 6):
        records.add("Lead", LastName="B", Company="C", Email=f"p{number}@example.com")
    records.convert(next(own for own, each in records.by_id.items() if each.sobject == "Lead"))
    crm.standin.page_size = 2
    await crm.backend.field_problems()
    await crm.save(*(someone(number) for number in range(1, 8)), someone(8, last_name=None))
    await crm.log(sent(), call(), meeting(), samples.email("email.replied", data={"count": 1}))
    await crm.log(sent())
    await crm.backend.mark_bounced(bounce_of(samples.email("email.bounced")))
    del crm.standin.fields["Title"]
    await crm.save(someone(1))
    crm.standin.quota = 0
    await crm.save(someone(1))


def _inner(exchange: Exchange) -> Sequence[Exchange]:
    request, answer = exchange
    parts = parts_of(request)
    if parts == [request] or answer.status != 200:
        return []
    results = answer.body["compositeResponse"]
    return [
        (part, replace(answer, status=result["httpStatusCode"], body=result["body"]))
        for part, result in zip(parts, results, strict=True)
    ]


def _row(request: Request) -> tuple[str | None, str]:
    """The shapes of a request's body and of its answer."""
    for method, pattern, body, answer in published.REQUESTS:
        if request.method == method and re.fullmatch(re.escape(BASE) + pattern, request.path):
            return body, answer
    raise AssertionError(f"{request.method} {request.path} is not published")


async def test_requests_and_answers_have_the_published_shapes() -> None:
    """All of them, refusals included, and each kind of request has been made."""
    seen = set()
    for request, answer in await exchanges():
        if request.path == "/services/oauth2/token":
            assert published.misfits(answer.body, "token") == []
            continue
        body, shape = _row(request)
        seen.add((request.method, request.path.split("?")[0].removeprefix(BASE)))
        if body:
            assert published.misfits(request.json, body) == []
        assert published.misfits(answer.body, shape if answer.status == 200 else "errors") == []
    asked = {f"{method} {re.sub('(01g|SalesLoft_).*', '', path)}" for method, path in seen}
    assert asked >= {
        *("POST /composite", "POST /composite/sobjects", "PATCH /composite/sobjects", "GET /query", "GET /queryAll"),
        *("PATCH /composite/sobjects/Contact/", "PATCH /composite/sobjects/Event/", "GET /query/"),
        "GET /sobjects/Task/describe",
    }


async def test_requests_keep_the_published_limits() -> None:
    """Records of a collection, its runs of one type, requests of a Composite, queries and collections among them."""
    for request, _ in await exchanges():
        if request.path.startswith(f"{BASE}/composite/sobjects"):
            kinds = [each["attributes"]["type"] for each in request.json["records"]]
            assert len(kinds) <= published.RECORDS
            assert len([*groupby(kinds)]) <= published.RUNS
        elif request.path == f"{BASE}/composite":
            parts = parts_of(request)
            heavy = [each for each in parts if re.search("/query|/composite/sobjects", each.path)]
            assert len(parts) <= published.SUBREQUESTS
            assert len(heavy) <= published.QUERIES_AND_COLLECTIONS
            assert len({each["referenceId"] for each in request.json["compositeRequest"]}) == len(parts)


async def test_values_fit_the_published_types_and_lengths() -> None:
    """What is longer than a field is cut before it is sent, and days, times and numbers are written as such."""
    long = "x" * 40_000
    async with connected(**LOG) as crm:
        crm.standin.records.add("Contact", LastName="A", **{EXTERNAL_ID: str(samples.PERSON_ID)})
        await crm.log(
            sent(subject=long, body=long),
            call(disposition=long),
            meeting(title=long, location=long, description=long),
        )
        written = [row for request in crm.standin.writes for row in request.json["records"]]

    assert {row["attributes"]["type"] for row in written} == {"Task", "Event"}
    for row in written:
        known = published.FIELDS[row["attributes"]["type"]]
        for name, (kind, length) in known.items():
            if isinstance(value := row.get(name), str):
                assert length is None or len(value) <= length, name
            assert kind != "int" or isinstance(row.get(name, 0), int)


def test_the_stand_in_and_our_limits_are_those_of_the_reference() -> None:
    """Types of the fields that both know, and the lengths that we cut at."""
    for fields in published.FIELDS.values():
        for name, (kind, _) in fields.items():
            assert TYPES.get(name, "string") == ("string" if kind == "combobox" else kind), name
    assert published.FIELDS["Contact"]["Email"][1] == published.FIELDS["Lead"]["Email"][1] == LONGEST_ADDRESS
    assert published.FIELDS["Task"]["Subject"][1] == published.FIELDS["Event"]["Location"][1] == TEXT_LENGTH
    assert published.FIELDS["Task"]["Description"][1] == DESCRIPTION_LENGTH


def test_a_shape_that_is_not_kept_is_noticed() -> None:
    """A name that is missing, one that nobody knows, and a type."""
    wrong: Any = json.loads('{"records": [{"attributes": {"typ": "Contact"}}], "allOrNone": "no"}')

    assert sorted(published.misfits(wrong, "collection")) == [
        "collection.allOrNone: no bool",
        "collection.records[].attributes: typ is unknown",
        "collection.records[].attributes: type is missing",
    ]
