"""Rows of the warehouse's table."""

import pytest

from salesloft_webhooks.handlers.builtin.warehouse.event_table import row_of
from tests.support import samples


@pytest.mark.parametrize(
    ("data", "account_id"),
    [
        ({"account": {"id": 9}}, 9),
        ({"account": {"id": "9"}}, 9),
        ({"account": 9}, 9),
        ({"account": {}, "account_id": 9}, 9),
        ({"account": "Acme"}, None),
    ],
)
def test_the_account_is_read_as_person_and_rep_are(data: dict[str, object], account_id: int | None) -> None:
    """In a reference, a plain field or the flat form, as a number or as text."""
    assert row_of(samples.person(data=data))["account_id"] == account_id


def test_what_was_parsed_is_not_kept() -> None:
    """The body as it came is all that an event of a batch holds on to."""
    event = samples.person()

    row_of(event)

    assert "data" not in vars(event)
