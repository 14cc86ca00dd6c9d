"""Answers of CRMs, whatever is in them, become verdicts, and repeat nothing that may be about a person."""

import json
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import HandlerSignal, Retry, Unavailable
from salesloft_webhooks.handlers.builtin.crm import hubspot_answers, salesforce_answers
from salesloft_webhooks.handlers.builtin.crm.bisection import Refused
from salesloft_webhooks.handlers.builtin.crm.field_mapping import FieldMapping
from salesloft_webhooks.handlers.builtin.crm.merging import Record
from salesloft_webhooks.handlers.builtin.crm.salesforce_fields import problems_of_activity, problems_of_fields
from tests.support.standins.hubspot import invalid, refused

MAPPING = FieldMapping({"title": "jobtitle"}, bounced="bounced", deleted=None)
RECORDS = [Record("robin@example.com", 1, {"jobtitle": "x"}), Record("kim@example.com", 1, {"jobtitle": "y"})]
STATUSES = st.sampled_from([200, 201, 207, 300, 302, 400, 401, 403, 404, 409, 410, 413, 429, 477, 500, 503])
NAMES = st.sampled_from(
    [
        *("status", "results", "errors", "context", "objectWriteTraceId", "id", "ids", "category", "message", "code"),
        *("properties", "email", "success", "statusCode", "errorCode", "fields", "requiredGranularScopes"),
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["COMPLETE", "0", "1", "CONFLICT", "²", "robin@x.org"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)


def answer(status: int, body: Any) -> httpx2.Response:
    """An answer with that JSON."""
    return httpx2.Response(status, content=json.dumps(body).encode())


@given(STATUSES, VALUES)
def test_hubspots_answers_become_verdicts(status: int, body: Any) -> None:
    """One for each record, or one for all; never a crash."""
    try:
        hubspot_answers.raise_for(answer(status, body), MAPPING)
        verdicts = hubspot_answers.verdicts(answer(status, body), RECORDS, MAPPING)
    except (Refused, Retry, Unavailable) as signal:
        verdicts = [signal] * 2

    assert len(verdicts) == 2
    assert all(each is None or isinstance(each, HandlerSignal | Refused) for each in verdicts)
    assert "robin" not in " ".join(map(str, verdicts))


@given(STATUSES, VALUES)
def test_salesforces_answers_become_verdicts(status: int, body: Any) -> None:
    """One for each record, or one for all; never a crash."""
    reader = salesforce_answers.Reader(MAPPING, on_duplicate="refuse", external_id="SalesLoft_Person_Id__c")
    try:
        salesforce_answers.expired(answer(status, body))
        salesforce_answers.fields_of(answer(status, body))
        reader.raise_for(answer(status, body))
        verdicts = reader.verdicts(answer(status, body), 2)
    except (Refused, Retry, Unavailable) as signal:
        verdicts = [signal] * 2

    assert len(verdicts) == 2
    assert "robin" not in " ".join(map(str, verdicts))


@given(VALUES)
def test_whatever_salesforce_describes_is_judged(described: Any) -> None:
    """Fields of any shape come to problems or to none; never a crash."""
    body = {"fields": [{"name": "title", "type": described, "picklistValues": described, "unique": described}]}
    known = salesforce_answers.fields_of(answer(200, body))

    found = problems_of_fields(known, ["title"], ["title"], external_id="title", unique=True)
    of_task = problems_of_activity({"Status": known["title"]}, "Status", "Completed")

    assert all(isinstance(each, str) for each in (*found, *of_task))


@pytest.mark.parametrize(
    "body",
    [
        refused(invalid("jobtitle", "PROPERTY_DOESNT_EXIST", 'Property "jobtitle" does not exist')),
        {"category": "VALIDATION_ERROR", "errors": [{"code": "PROPERTY_DOESNT_EXIST", "message": '"jobtitle"'}]},
        {
            "category": "VALIDATION_ERROR",
            "errors": [{"code": "PROPERTY_DOESNT_EXIST", "message": "?", "context": {"propertyName": ["jobtitle"]}}],
        },
    ],
    ids=["in-the-message", "as-a-code", "in-the-context"],
)
def test_the_property_is_named_wherever_hubspot_names_it(body: Any) -> None:
    """The documentation has three places; of the text nothing but configured names is repeated."""
    with pytest.raises(Unavailable) as caught:
        hubspot_answers.raise_for(answer(400, body), MAPPING)

    assert str(caught.value) == "hubspot: PROPERTY_DOESNT_EXIST VALIDATION_ERROR (jobtitle)"


def test_errors_are_found_by_trace_id_or_address() -> None:
    """HubSpot names the inputs of an error by whichever it likes."""
    for context in ({"objectWriteTraceId": ["1"]}, {"ids": ["Kim@example.com"]}, {"id": "kim@example.com"}):
        body = {"results": [{"properties": {"email": "robin@example.com"}}]}
        error = refused(invalid("email", "INVALID_EMAIL", "?"), context=context)

        first, second = hubspot_answers.verdicts(answer(207, body | {"errors": [error]}), RECORDS, MAPPING)

        assert first is None
        assert str(second) == "hubspot: INVALID_EMAIL VALIDATION_ERROR"


def test_hubspots_ids_are_not_taken_for_salesloft_ids() -> None:
    """Both are numbers: a contact that was taken must not answer for the person who has its number."""
    records = [Record("101", 1, {}), Record("102", 1, {})]
    taken = {"id": "102", "properties": {"salesloft_person_id": "101"}}

    answered = answer(207, {"results": [taken], "errors": []})
    by_person = hubspot_answers.verdicts(answered, records, MAPPING, keyed_by="salesloft_person_id")
    by_contact = hubspot_answers.verdicts(answered, records, MAPPING, keyed_by=None)

    assert [each is None for each in by_person] == [True, False]
    assert [each is None for each in by_contact] == [False, True]


def test_a_scope_that_is_missing_is_said() -> None:
    """A 403 that has a reason says it."""
    with pytest.raises(Unavailable, match="MISSING_SCOPES"):
        hubspot_answers.raise_for(answer(403, {"status": "error", "category": "MISSING_SCOPES"}), MAPPING)
