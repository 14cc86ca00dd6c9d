"""What every role reports about the store."""

from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.telemetry import ReceiverTelemetry, WorkerTelemetry
from tests.unit.telemetry.conftest import Sample


def test_the_backlog_is_what_a_worker_could_run(sample: Sample, name: str) -> None:
    """Backlog = lag + what runs + what is due: the figure to scale by, without future retries and parked entries."""
    stats = GroupStats(
        name,
        lag=100,
        pending=50,
        scheduled=20,
        parked=10,
        unhandled=0,
        due=5,
        dead=3,
        oldest_age_seconds=42.5,
        consumers=2,
        follow_ups=7,
        next_follow_up_seconds=-9.5,
        pause=Pause.MANUAL,
    )

    WorkerTelemetry(name).group_measured(stats)

    figures = {
        "group_backlog_entries": 125.0,
        "group_due_entries": 5.0,
        "group_lag_entries": 100.0,
        "group_pending_entries": 50.0,
        "group_scheduled_entries": 20.0,
        "group_parked_entries": 10.0,
        "group_dead_letters": 3.0,
        "group_oldest_age_seconds": 42.5,
        "group_consumers": 2.0,
        "group_follow_ups_waiting": 7.0,
        "group_follow_ups_overdue_seconds": 9.5,
        "group_paused": 1.0,
    }
    assert {metric: sample(metric, group=name) for metric in figures} == figures


def test_one_part_does_not_hide_the_failure_of_another(sample: Sample, name: str) -> None:
    """Redis counts as usable again only when every part of the process that had failed says so."""
    telemetry = WorkerTelemetry(name)

    telemetry.store_unavailable("NOPERM", "settle 0")
    telemetry.store_available("take 0")
    figure, failure = sample("store_available", role="worker"), telemetry.store_failure(lasting_seconds=0)
    in_grace = telemetry.store_failure(lasting_seconds=60)
    telemetry.store_available("settle 0")
    after = telemetry.store_failure(lasting_seconds=0)

    assert (figure, failure) == (0, "the store cannot be used: NOPERM")
    assert (in_grace, after) == (None, None)
    assert sample("store_available", role="worker") == 1


def test_the_receiver_shows_groups_without_workers(sample: Sample, name: str) -> None:
    """A group scaled to zero still has a backlog, reported by the receiver, until the group is removed."""
    telemetry = ReceiverTelemetry()
    telemetry.group_measured(GroupStats(name, lag=12, oldest_age_seconds=1))
    backlog = sample("group_backlog_entries", group=name)

    telemetry.group_removed(name)

    assert backlog == 12
    assert sample("group_backlog_entries", group=name) is None


def test_partitions_and_their_servers_are_measured(sample: Sample, name: str) -> None:
    """Stream, quarantine and memory of a partition are what was measured; the store is available once it answers."""
    telemetry = WorkerTelemetry(name)

    telemetry.store_available()
    telemetry.partition_measured(PartitionStats(7, 1000, 1, 2**20, 2**30))

    figures = {"stream_entries": 1000, "quarantine_entries": 1}
    figures |= {"store_memory_used_bytes": 2**20, "store_memory_limit_bytes": 2**30}
    assert {metric: sample(metric, partition="7") for metric in figures} == figures
    assert sample("store_available", role="worker") == 1
