"""Each way a delivery or request can end is one row, which everything reads and something uses."""

import ast
from collections.abc import Iterator

import pytest

from salesloft_webhooks.delivery_outcomes import Answer, DeliveryOutcome, HealthAnswer, RequestRefusal
from salesloft_webhooks.errors import RejectionReason, StoreError, UnreadableReason
from salesloft_webhooks.receiver.reference import page
from salesloft_webhooks.telemetry.reference import described
from tests.support.rules_and_dashboards import ROOT

PACKAGE = ROOT / "service/salesloft_webhooks"


def names_of(values: str) -> Iterator[str]:
    """The members of an enum that the package's code names, outside of the enum."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == values:
                yield node.attr


def test_the_page_of_answers_is_generated() -> None:
    """docs/answers.md is what `make docs` writes from the rows."""
    assert (ROOT / "docs/answers.md").read_text("utf-8") == page()


@pytest.mark.parametrize("rows", [DeliveryOutcome, RequestRefusal, HealthAnswer])
def test_a_meaning_begins_with_the_status(rows: type[DeliveryOutcome | RequestRefusal | HealthAnswer]) -> None:
    """What the metrics' page says of an outcome starts with the status its row has."""
    meanings = described(rows)

    for row in rows:
        assert meanings[row].startswith(f"{row.answer.status}: " if row.answer else "No answer: ")


def test_each_failure_of_the_store_has_a_row() -> None:
    """A new kind of StoreError cannot be answered without a row of its own."""
    assert {row.store_error for row in DeliveryOutcome} - {None} == set(StoreError.__subclasses__())


@pytest.mark.parametrize("values", [DeliveryOutcome, RequestRefusal, HealthAnswer, RejectionReason, UnreadableReason])
def test_nothing_is_listed_that_never_happens(
    values: type[DeliveryOutcome | RequestRefusal | HealthAnswer | RejectionReason | UnreadableReason],
) -> None:
    """Each row, and each reason within one, is used somewhere in the code."""
    by_error = {row.name for row in DeliveryOutcome if row.store_error}

    assert {each.name for each in values} - by_error <= set(names_of(values.__name__))


def test_each_reason_belongs_to_a_row() -> None:
    """Whatever can be the reason of an error about a delivery is listed by the row that the error ends in."""
    assert DeliveryOutcome.REJECTED.reasons is RejectionReason
    assert DeliveryOutcome.UNREADABLE.reasons is UnreadableReason


def test_an_answer_asks_for_patience_in_its_own_field() -> None:
    """`Retry-After` is there exactly where the row says so, with the seconds of the setting."""
    plain, patient = Answer(200, {}), Answer(503, {}, retry_after=True, closes=True)

    assert plain.headers(10) == {}
    assert patient.headers(10) == {"retry-after": "10", "connection": "close"}
