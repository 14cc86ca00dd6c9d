"""Statements of SOQL hold whatever is looked for, within Salesforce's limits; ids survive systems that fold case."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.handlers.builtin.crm.salesforce_soql import ENCODED_LIMIT, encoded, record_id, statements
from tests.support.standins import salesforce_soql
from tests.support.standins.salesforce_records import FIELDS, Records

TEXTS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


@given(st.lists(TEXTS, min_size=1, max_size=5), TEXTS)
def test_a_text_is_found_whatever_is_in_it(sought: list[str], other: str) -> None:
    """Quotes, backslashes and line breaks look for themselves, and end no literal."""
    records = Records()
    for each in {*sought, other}:
        records.add("Contact", Email=each)

    (statement,) = statements("SELECT Id, Email FROM Contact", "Email", sought)
    found = salesforce_soql.rows(records, statement, deleted=False, known=set(FIELDS["Contact"]))

    assert {each["Email"].lower() for each in found} == {each.lower() for each in sought}


@given(st.lists(st.text(max_size=300), max_size=200))
def test_no_statement_is_too_long_and_nothing_is_forgotten(values: list[str]) -> None:
    """Long lists become several statements, with every value in one of them."""
    made = list(statements("SELECT Id FROM Contact", "Email", values))

    assert all(len(encoded(each)) <= ENCODED_LIMIT for each in made)
    assert sum(each.count("','") + 1 for each in made) >= len(set(values))


@pytest.mark.parametrize(
    ("written", "full"),
    [
        ("0036000000QKv5T", "0036000000QKv5TAAT"),
        ("0036000000QKv5TAAT", "0036000000QKv5TAAT"),
        ("0036000000QKV5TAAT", "0036000000QKv5TAAT"),
        ("0036000000qkv5taat", "0036000000QKv5TAAT"),
        ("80120000000TESTAAE", "80120000000tEstAAE"),
        ("00558000001N0Ke", "00558000001N0KeAAK"),
        ("0036000000QKv5", None),
        ("0036000000QKv5T ", None),
        ("0036000000QKv5'", None),
        ("0036000000QKv5TAA9", None),
        ("0036000000QKv5T9AT", None),
        ("0036000000QKv5TBAT", None),
        ("003\uff16000000QKv5T", None),
        ("", None),
    ],
)
def test_ids_come_in_15_and_in_18_characters(written: str, full: str | None) -> None:
    """As Salesforce's page of LongSfid, the module sfid and a public converter have them; what is no id is none."""
    assert record_id(written) == full
