"""What is reported of an attempt, or of a group, becomes metrics."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from salesloft_webhooks.errors import PermanentError, Unavailable
from salesloft_webhooks.events import Event
from salesloft_webhooks.telemetry import AttemptSpan, WorkerTelemetry
from salesloft_webhooks.telemetry.labels import MAX_ERROR_LABELS, MAX_TASK_LABELS, AttemptOutcome, DeadLetterReason
from tests.unit.telemetry.conftest import Sample

ENDS: dict[AttemptOutcome, Callable[[AttemptSpan], None]] = {
    AttemptOutcome.DONE: lambda span: span.done(),
    AttemptOutcome.RETRIED: lambda span: span.retried(ValueError(), after_seconds=1),
    AttemptOutcome.DEAD: lambda span: span.dead(ValueError(), reason="permanent"),
    AttemptOutcome.RELEASED: lambda span: span.released(),
    AttemptOutcome.PAUSED: lambda span: span.paused(ValueError(), after_seconds=1),
    AttemptOutcome.SNOOZED: lambda span: span.snoozed(after_seconds=1),
    AttemptOutcome.FILTERED: lambda span: span.filtered(),
    AttemptOutcome.DEBOUNCED: lambda span: span.debounced(),
    AttemptOutcome.HELD_UP: lambda span: span.held_up("sync", "rate", after_seconds=1),
    AttemptOutcome.LOST: lambda _: None,
}


@pytest.mark.parametrize("outcome", AttemptOutcome)
def test_each_end_counts_one_attempt_and_its_time(
    outcome: AttemptOutcome, event: Event, sample: Sample, name: str
) -> None:
    """An attempt is counted and timed once, under how it ended and nothing else; not timed where no handler ran."""
    with WorkerTelemetry(name).attempt(event) as span:
        ENDS[outcome](span)

    counted = {
        each: sample("attempts_total", group=name, event_type="person.updated", outcome=each) for each in AttemptOutcome
    }
    assert counted == {each: float(each is outcome) for each in AttemptOutcome}
    timed = sample("attempt_duration_seconds_count", group=name, event_type="person.updated")
    assert timed == (outcome is not AttemptOutcome.HELD_UP)


def test_a_crashed_attempt_is_lost_and_the_exception_propagates(event: Event, sample: Sample, name: str) -> None:
    """An exception that nobody turned into a verb neither disappears nor counts as handled."""
    telemetry = WorkerTelemetry(name)

    with pytest.raises(RuntimeError), telemetry.attempt(event):
        raise RuntimeError

    assert sample("attempts_total", group=name, event_type="person.updated", outcome="lost") == 1


def test_dead_letters_count_by_reason(event: Event, sample: Sample, name: str) -> None:
    """A dead letter counts under its reason, also one that never ran; the reasons start at zero."""
    telemetry = WorkerTelemetry(name)

    with telemetry.attempt(event) as span:
        span.dead(ValueError(), reason="exhausted")
    telemetry.poisoned("person.updated")
    telemetry.unhandled_expired(["person.updated"] * 3)

    counted = {
        reason: sample("dead_letters_total", group=name, event_type="person.updated", reason=reason)
        for reason in DeadLetterReason
    }
    assert counted == {"exhausted": 1.0, "permanent": 0.0, "poison": 1.0, "no_handler": 3.0}


def test_an_unknown_reason_is_a_defect_not_a_label(event: Event, name: str) -> None:
    """A reason outside the closed set raises instead of making a time series."""
    with WorkerTelemetry(name).attempt(event) as span:
        with pytest.raises(ValueError, match="whim"):
            span.dead(ValueError(), reason="whim")
        span.released()


def test_what_was_raised_is_counted_by_its_type(event: Event, sample: Sample, name: str) -> None:
    """Why a group is paused or retries is a label: the error's type, or its cause's where it says only what follows."""
    telemetry = WorkerTelemetry(name)
    down = Unavailable("no answer")
    down.__cause__ = ConnectionError("refused")

    with telemetry.attempt(event) as span:
        span.paused(down, after_seconds=5)
    with telemetry.attempt(event) as span:
        span.retried(KeyError("id"), after_seconds=5)
    with telemetry.attempt(event) as span:
        span.dead(PermanentError("no"), reason="permanent")

    counted = {
        outcome: sample("attempt_errors_total", group=name, outcome=outcome, error=error)
        for outcome, error in (
            ("paused", "ConnectionError"),
            ("retried", "KeyError"),
            ("dead", "salesloft_webhooks.errors.PermanentError"),
        )
    }
    assert counted == {"paused": 1, "retried": 1, "dead": 1}


def test_the_log_has_the_line_of_whoever_wrote_the_handler(event: Event, name: str) -> None:
    """Beside the error's type; what has passed nobody's code has none."""
    with pytest.raises(OSError, match="no") as raised:
        raise OSError("no")

    with capture_logs() as logs:
        for error in (raised.value, OSError("never raised")):
            with WorkerTelemetry(name).attempt(event) as span:
                span.retried(error, after_seconds=1)

    first, second = (log for log in logs if log.get("error") == "OSError")
    assert first["line"].startswith("tests/unit/telemetry/test_attempt_span.py:")
    assert "line" not in second


def test_errors_without_number_share_one_label(event: Event, sample: Sample, name: str) -> None:
    """A handler that makes a class per error costs a bounded number of time series."""
    telemetry = WorkerTelemetry(name)

    for number in range(MAX_ERROR_LABELS + 10):
        with telemetry.attempt(event) as span:
            span.retried(type(f"Error{number}", (Exception,), {"__module__": "builtins"})(), after_seconds=1)

    assert sample("attempt_errors_total", group=name, outcome="retried", error="other") == 10


def test_tasks_have_labels_of_their_own_up_to_a_bound(event: Event, sample: Sample, name: str) -> None:
    """Named tasks are told apart by their names; one with a name of its own each time shares a label."""
    telemetry = WorkerTelemetry(name)

    for number in range(MAX_TASK_LABELS + 10):
        with telemetry.attempt(replace(event, event_type=f"follow_up/task{number}")) as span:
            span.done()
    telemetry.poisoned("follow_up/task1")

    assert sample("attempts_total", group=name, event_type="follow_up/task1", outcome="done") == 1
    assert sample("attempts_total", group=name, event_type="other", outcome="done") == 10
    assert sample("dead_letters_total", group=name, event_type="follow_up/task1", reason="poison") == 1


def test_invented_event_types_share_one_label(event: Event, sample: Sample, name: str) -> None:
    """Whatever types are in the stream, a group has one set of time series for those nobody knows."""
    telemetry = WorkerTelemetry(name)

    for number in range(100):
        with telemetry.attempt(replace(event, event_type=f"invented.{number}")) as span:
            span.done()
        telemetry.lease_lost(f"invented.{number}")

    assert sample("attempts_total", group=name, event_type="other", outcome="done") == 100
    assert sample("leases_lost_total", group=name, event_type="other") == 100
    assert sample("attempts_total", group=name, event_type="invented.1", outcome="done") is None


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [
        pytest.param(timedelta(seconds=60), 60, 70, id="a-minute-old"),
        pytest.param(timedelta(seconds=-60), 0, 0, id="the-server-clock-is-ahead"),
    ],
)
def test_age_runs_from_stored_to_done(
    age: timedelta, least: float, most: float, event: Event, sample: Sample, name: str
) -> None:
    """What a user waits is measured when the event is done; a clock that is ahead never makes it negative."""
    with WorkerTelemetry(name).attempt(replace(event, received_at=datetime.now(UTC) - age)) as span:
        span.done()

    measured = sample("event_age_seconds_sum", group=name)
    assert measured is not None
    assert least <= measured <= most
    assert sample("event_age_seconds_count", group=name) == 1
