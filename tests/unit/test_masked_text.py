"""Errors lose addresses and long numbers before they are kept or shown, and nothing else."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.masked_text import HIDDEN, masked_text

LOCAL_PARTS = st.text("abcXYZüñ0123456789._%+'-!#$&*^`{}~", min_size=1, max_size=30).filter(
    lambda part: part.strip("'")
)
DOMAINS = st.sampled_from(["crm.example", "mail.crm.example", "ümlaut.example", "localhost"])
AROUND = st.text(st.characters(codec="utf-8", exclude_characters="@•0123456789"), max_size=20)
SEPARATORS = st.sampled_from([" ", "<", '"', "(", ",", ";", ": ", "\n", "'"])


@given(AROUND, SEPARATORS, LOCAL_PARTS, DOMAINS, AROUND)
def test_whoever_an_address_names_is_masked(before: str, separator: str, local: str, domain: str, after: str) -> None:
    """Whatever stands around it and whatever it consists of: nothing of the local part is left, the domain is."""
    text = f"{before}{separator}{local}@{domain} {after}"

    masked = masked_text(text)

    assert f"{HIDDEN}@{domain}" in masked
    assert f"{local}@" not in masked


@given(st.text(max_size=300))
def test_masking_again_changes_nothing(text: str) -> None:
    """What is masked before it is stored may be masked once more before it is shown."""
    assert masked_text(masked_text(text)) == masked_text(text)


@given(st.text(max_size=300))
def test_no_long_number_is_left(text: str) -> None:
    """Seven digits in a row say which account or which telephone."""
    assert re.search(r"\d{7}", masked_text(text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "HTTPStatusError: 503 from https://crm.example:8443/people?page=2",
        "TimeoutError: 2026-11-29T12:50:11+00:00, attempt 3 of 8 took 12.5 s",
        'IntegrityError: duplicate key value violates unique constraint "reps_pkey"',
        "KeyError: 'owner'",
    ],
)
def test_what_helps_to_mend_it_stays(text: str) -> None:
    """Statuses, addresses of servers, dates, durations and names of fields are what an error is read for."""
    assert masked_text(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("no rep for ada.lovelace@crm.example", "no rep for •••@crm.example"),
        ("GET /people?email=ada%2Bx%40crm.example", "GET /people?email=•••%40crm.example"),
        ("call +49 170 5550-199 first", "call ••• first"),
        ("account 9912345678 is closed", "account ••• is closed"),
    ],
)
def test_examples(text: str, masked: str) -> None:
    """Addresses also as they stand in URLs, numbers also as people write them."""
    assert masked_text(text) == masked
