"""What the section of Salesforce may say, and what it means together."""

from typing import Any

import pytest
from pydantic import ValidationError

from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm

SECTION = {"backend": "salesforce", "login_url": "https://x.my.salesforce.com", "client_id": "i", "client_secret": "s"}


def loaded(**more: Any) -> SalesforceCrm:
    """The section with more in it."""
    return SalesforceCrm.model_validate(SECTION | more)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"api_version": "30.0"}, "retired by Salesforce: 31.0 or later is needed"),
        ({"api_version": "67"}, "String should match pattern"),
        ({"sobject": ["Contact", "Contact"]}, "an object is named twice"),
        ({"sobject": ["Contact", "Account"]}, "Input should be 'Contact' or 'Lead'"),
        ({"sobject": []}, "at least 1 item"),
        ({"match": ["crm_id", "email_address"]}, "match: salesloft_id comes first"),
        ({"match": ["email_address", "salesloft_id"]}, "match: salesloft_id comes first"),
        ({"create_as": "Lead"}, "create_as is none of sobject"),
        ({"sobject": "Person__c", "match": ["salesloft_id", "crm_id"]}, "for Contacts and Leads"),
        ({"sobject": "Person__c", "log": ["email.sent"]}, "for Contacts and Leads"),
        ({"log": ["person.*"]}, "nothing that can be logged"),
        ({"owners": {1: "005"}}, "owners are for owner_field, or for what is logged"),
        ({"owners_by_email": True}, "owners are for owner_field, or for what is logged"),
        ({"external_id_field": "x' OR"}, "String should match pattern"),
        ({"activity_id_field": "x, Id"}, "String should match pattern"),
        ({"quota_warning": 0}, "greater than 0"),
    ],
)
def test_what_cannot_work_is_refused(more: dict[str, Any], said: str) -> None:
    """When the file is read, and with what is wrong."""
    with pytest.raises(ValidationError) as caught:
        loaded(**more)

    assert said in str(caught.value)


def test_a_file_of_before_means_what_it_meant() -> None:
    """One object, one id, one request for a batch, nothing logged."""
    before = loaded(sobject="Contact", api_version="62.0", external_id_field="X__c")

    assert before.sobjects == ("Contact",)
    assert before.creates == "Contact"
    assert not before.looks_up
    assert before.log == ()
    assert loaded(sobject="Person__c").sobjects == ("Person__c",)


@pytest.mark.parametrize(
    "more",
    [{"sobject": ["Contact", "Lead"]}, {"sobject": "Lead"}, {"match": ["salesloft_id", "email_address"]}],
    ids=["both", "leads", "another-way"],
)
def test_people_are_looked_up_where_an_upsert_would_not_find_them(more: dict[str, Any]) -> None:
    """A Lead may be converted, a person be the other object, or known by something else."""
    assert loaded(**more).looks_up


def test_leads_get_the_company_that_they_must_have() -> None:
    """Unless the file says otherwise; Contacts get what the file says."""
    both = {"sobject": ["Lead", "Contact"]}

    assert loaded(**both).fields_of("Lead") == {"company": "Company", **loaded().fields}
    assert loaded(**both, fields={"company": "Firm__c"}).fields_of("Lead") == {"company": "Firm__c"}
    assert loaded(**both, lead_fields={"title": "Title"}).fields_of("Lead") == {"title": "Title"}
    assert loaded(**both, lead_fields={"title": "Title"}).fields_of("Contact") == loaded().fields
    assert loaded(**both).creates == "Lead"
