"""What an operator reports, and what it says no more."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from salesloft_webhooks.telemetry import (
    OperatorTelemetry,
    ReconcileResult,
    SubscriptionChange,
    WatchEnd,
    render_metrics,
)
from salesloft_webhooks.telemetry.metrics import OPERATOR
from salesloft_webhooks.telemetry.operator_telemetry import STATES
from tests.unit.telemetry.conftest import Sample

KIND, GROUP = "SalesloftSubscription", "ConsumerGroup"
NOW, EARLIER = 1_800_000_000.0, 1_799_999_000.0


@pytest.fixture
def telemetry() -> Iterator[OperatorTelemetry]:
    """That of a leader at the time `NOW`; what it has said about objects ends with the test."""
    made = OperatorTelemetry(KIND, others=[GROUP], watched=["Secret"], clock=lambda: NOW)
    made.leading(leads=True)
    yield made
    made.leading(leads=False)


def about(name: str) -> set[str]:
    """The metrics that have a series of an object."""
    samples = [sample for family in OPERATOR.collect() for sample in family.samples]
    return {sample.name for sample in samples if sample.labels.get("object") == name}


def speak_of(telemetry: OperatorTelemetry, name: str) -> None:
    """Say everything that can be said about an object."""
    telemetry.existing(KIND, [name])
    telemetry.synced(name, desired=4, active=3, disabled=1, foreign=2)
    telemetry.rotation(name, "Draining", datetime.fromtimestamp(EARLIER, UTC))
    telemetry.reconciled(KIND, name, ReconcileResult.PROGRESSING, 0.2)


@pytest.mark.usefixtures("telemetry")
def test_every_metric_is_there_from_the_start(sample: Sample) -> None:
    """What is counted begins with 0, so that the first of a kind is an increase; the page has it."""
    for kind in (KIND, GROUP):
        assert all(sample("operator_reconciles_total", kind=kind, result=each) is not None for each in ReconcileResult)
        assert sample("operator_status_writes_total", kind=kind) is not None
    for kind in (KIND, GROUP, "Secret"):
        assert all(sample("operator_watch_restarts_total", kind=kind, why=each) is not None for each in WatchEnd)
    assert all(sample("operator_subscription_changes_total", change=each) is not None for each in SubscriptionChange)
    assert b"salesloft_webhooks_operator_leader 1.0\n" in render_metrics()[0]


def test_a_comparison_says_what_was_found(telemetry: OperatorTelemetry, sample: Sample, name: str) -> None:
    """The counts by state, and the time."""
    telemetry.synced(name, desired=4, active=3, disabled=1, foreign=2)

    counts = [sample("operator_subscriptions", object=name, state=state) for state in STATES]
    assert dict(zip(STATES, counts, strict=True)) == {"desired": 4, "active": 3, "disabled": 1, "foreign": 2}
    assert sample("operator_last_sync_timestamp_seconds", object=name) == NOW


def test_what_is_not_known_is_not_guessed(sample: Sample, name: str) -> None:
    """Where SalesLoft never answered there are no counts, and its time is the first attempt's, also at the second."""
    times = iter((EARLIER, NOW, NOW))
    telemetry = OperatorTelemetry(KIND, clock=lambda: next(times))

    for _ in range(2):
        telemetry.not_synced(name, last=None)

    assert about(name) == {"salesloft_webhooks_operator_last_sync_timestamp_seconds"}
    assert sample("operator_last_sync_timestamp_seconds", object=name) == EARLIER
    telemetry.leading(leads=False)


def test_a_look_that_comes_to_no_answer_is_seen_to_be_missing(sample: Sample, name: str) -> None:
    """A process that has said nothing of an object says since when it tries; what it has said is not moved."""
    times = iter((EARLIER, NOW))
    telemetry = OperatorTelemetry(KIND, clock=lambda: next(times))

    for _ in range(2):
        telemetry.trying(name, last=None)
    since = sample("operator_last_sync_timestamp_seconds", object=name)
    telemetry.synced(name, desired=1, active=1, disabled=0, foreign=0)
    telemetry.trying(name, last=datetime.fromtimestamp(EARLIER, UTC))

    assert since == EARLIER
    assert sample("operator_last_sync_timestamp_seconds", object=name) == NOW
    telemetry.leading(leads=False)


def test_a_new_leader_goes_on_from_what_the_status_says(
    telemetry: OperatorTelemetry, sample: Sample, name: str
) -> None:
    """A change of leader makes nobody's last comparison younger."""
    telemetry.not_synced(name, last=datetime.fromtimestamp(EARLIER, UTC))

    assert sample("operator_last_sync_timestamp_seconds", object=name) == EARLIER


def test_what_was_last_known_is_kept_while_salesloft_is_away(
    telemetry: OperatorTelemetry, sample: Sample, name: str
) -> None:
    """An alert about missing subscriptions does not end because SalesLoft cannot be asked."""
    telemetry.synced(name, desired=4, active=3, disabled=0, foreign=0)

    telemetry.not_synced(name, last=datetime.fromtimestamp(NOW, UTC))

    assert sample("operator_subscriptions", object=name, state="active") == 3


def test_an_object_is_in_one_phase(telemetry: OperatorTelemetry, sample: Sample, name: str) -> None:
    """The phase before has no series any more, and a change that has ended has no beginning."""
    telemetry.rotation(name, "Spreading", datetime.fromtimestamp(EARLIER, UTC))
    assert sample("operator_rotation_since_timestamp_seconds", object=name) == EARLIER

    telemetry.rotation(name, "Idle", None)

    assert sample("operator_rotation_phase", object=name, phase="Spreading") is None
    assert sample("operator_rotation_phase", object=name, phase="Idle") == 1
    assert sample("operator_rotation_since_timestamp_seconds", object=name) is None


def test_an_object_that_is_gone_has_no_series(telemetry: OperatorTelemetry, name: str) -> None:
    """With the first list without it everything about it ends; others and groups of the same name are left alone."""
    speak_of(telemetry, name)
    assert len(about(name)) == 4
    telemetry.existing(GROUP, [name])

    telemetry.existing(GROUP, [])
    assert len(about(name)) == 4

    telemetry.existing(KIND, [])
    assert about(name) == set()


def test_who_does_not_lead_says_nothing_about_objects(telemetry: OperatorTelemetry, sample: Sample, name: str) -> None:
    """One that has lost its lease contradicts nobody; what it has done stays counted."""
    speak_of(telemetry, name)
    counted = sample("operator_reconciles_total", kind=KIND, result="progressing")

    telemetry.leading(leads=False)

    assert sample("operator_leader") == 0
    assert about(name) == set()
    assert counted
    assert sample("operator_reconciles_total", kind=KIND, result="progressing") == counted


def test_a_look_that_outlives_the_lease_says_nothing(telemetry: OperatorTelemetry, name: str) -> None:
    """It was under way when the lease was lost, and what it says about its object is dropped."""
    telemetry.leading(leads=False)

    speak_of(telemetry, name)
    telemetry.not_synced(name, last=None)

    assert about(name) == set()


@pytest.mark.parametrize("result", [ReconcileResult.SETTLED, ReconcileResult.BLOCKED, ReconcileResult.FAILED])
def test_a_look_is_counted_and_timed(
    telemetry: OperatorTelemetry, sample: Sample, name: str, result: ReconcileResult
) -> None:
    """By kind and result, whatever is logged of it."""
    before = sample("operator_reconciles_total", kind=GROUP, result=result)
    timed = sample("operator_reconcile_seconds_count", kind=GROUP) or 0

    for _ in range(2):
        telemetry.reconciled(GROUP, name, result, 0.2, "CredentialsRefused")

    assert before is not None
    assert sample("operator_reconciles_total", kind=GROUP, result=result) == before + 2
    assert sample("operator_reconcile_seconds_count", kind=GROUP) == timed + 2


@pytest.mark.parametrize("change", [SubscriptionChange.CREATED, SubscriptionChange.ENABLED, SubscriptionChange.DELETED])
def test_changes_are_counted(
    telemetry: OperatorTelemetry, sample: Sample, name: str, change: SubscriptionChange
) -> None:
    """Each change that SalesLoft has confirmed, by what it was."""
    before = sample("operator_subscription_changes_total", change=change)

    telemetry.changed(name, change, "person_created")

    assert before is not None
    assert sample("operator_subscription_changes_total", change=change) == before + 1


@pytest.mark.parametrize("why", [WatchEnd.ENDED, WatchEnd.EXPIRED, WatchEnd.FAILED, WatchEnd.SILENT])
def test_what_is_asked_of_the_api_server_is_counted(
    telemetry: OperatorTelemetry, sample: Sample, why: WatchEnd
) -> None:
    """Statuses written, and watches begun again by why."""
    watches = sample("operator_watch_restarts_total", kind="Secret", why=why)
    writes = sample("operator_status_writes_total", kind=GROUP)

    telemetry.watch_restarted("Secret", why)
    telemetry.status_written(GROUP)

    assert (watches, writes) != (None, None)
    assert sample("operator_watch_restarts_total", kind="Secret", why=why) == (watches or 0) + 1
    assert sample("operator_status_writes_total", kind=GROUP) == (writes or 0) + 1
