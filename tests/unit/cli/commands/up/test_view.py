"""The view shows the whole pipeline, on a terminal and as a line, also when half of it does not answer."""

import io
from dataclasses import replace

from rich.console import Console

from salesloft_webhooks.broker.administration.stats import GroupStats, PartitionStats, Stats
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.cli.commands.up import view
from salesloft_webhooks.cli.commands.up.snapshot import GroupSnapshot, SalesloftSnapshot, Snapshot

CRM = GroupStats("crm", lag=7, running=3, scheduled=2, dead=1, pause=Pause.BREAKER, pause_seconds=12.0)
STATS = Stats((CRM,), (PartitionStats(0, 1_234, 5, 2**21, 0),))


def snapshot(stats: Stats | None = STATS) -> Snapshot:
    """A state of the pipeline with one group."""
    group = GroupSnapshot("crm", CRM if stats else None, 900.0, 12.0, 45.6, 0.012, 1.5)
    deliveries = {"stored": 1_000.0, "duplicate": 100.0, "rejected": 60.0, "store_full": 4.0, "too_slow": 2.0}
    return Snapshot(deliveries, 50.04, {"expired": 20.0, "mismatch": 40.0}, 0.0034, 0.25, stats, [group])


def shown(content: Snapshot) -> str:
    """The text a terminal shows."""
    console = Console(file=io.StringIO(), width=130)
    console.print(view.live(content, [], 3_723.0))
    output = console.file
    assert isinstance(output, io.StringIO)
    return output.getvalue()


def test_every_stage_has_its_numbers() -> None:
    """Deliveries by outcome with reasons and pace, the stream, and each group's backlog, work and trouble."""
    text = shown(snapshot())

    rows = {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines() if line.strip()}
    assert "01:02:03" in text
    assert rows["RECEIVED"] == "1,166 50.0 per second, answered in 3.4 ms (p50), 250 ms (p99)"
    assert rows["refused"] == "60 expired 20, mismatch 40"
    assert rows["put"].startswith("off 4 ")
    assert rows["other"] == "2 too slow 2"
    assert rows["duplicates"].startswith("100 ")
    assert rows["stored"].startswith("1,000 ")
    assert rows["STREAM"] == "1,234 entries, quarantine: 5, memory: 2.0 MiB, no limit"
    assert rows["crm"] == "7 3 2 1 900 45.6 12 12 ms 1.5 s paused 12 s"


def test_what_salesloft_says_is_shown_beside() -> None:
    """What was subscribed to, happened, was delivered, heard by nobody and lost; nothing where there is none."""
    salesloft = SalesloftSnapshot(subscriptions=30, changes=1_234, reached=1_200, unsubscribed=30, lost=4)
    words = "30 subscribed; 1,234 changes: 1,200 delivered, 30 unsubscribed, 4 lost"

    assert f"SALESLOFT   {words}" in shown(replace(snapshot(), salesloft=salesloft))
    assert view.line(replace(snapshot(), salesloft=salesloft), 61.0).endswith(f"| SALESLOFT   {words}")
    assert "SALESLOFT" not in shown(snapshot())


def test_a_long_name_takes_nothing_from_the_numbers() -> None:
    """On 80 columns the group's name is folded; every number beside it is whole."""
    stats = GroupStats("crm", lag=123_456, running=50, scheduled=1_234, dead=12_345)
    group = GroupSnapshot("forward-" + "endpoint-" * 3, stats, 1_234_567.0, 12_345.0, 1_234.5, 0.123, 12.3)
    console = Console(file=io.StringIO(), width=80)

    console.print(view.live(replace(snapshot(), groups=[group]), [], 1.0))

    assert isinstance(console.file, io.StringIO)
    assert "123,456 50 1,234 12,345 1,234,567 1,234.5 12,345 123 ms 12.3 s" in " ".join(console.file.getvalue().split())


def test_a_store_that_does_not_answer_is_said() -> None:
    """What is unknown is shown as unknown, the rest stays."""
    text = shown(snapshot(None))

    assert "the store does not answer" in text
    assert " ".join(text.split("crm")[1].split()[:5]) == "? ? ? ? 900"


def test_the_plain_line_tells_the_same() -> None:
    """One line holds what a log needs."""
    assert view.line(snapshot(), 61.0) == (
        "00:01:01 received 1,166 (50.0/s, p99 250 ms): stored 1,000, duplicates 100, refused 60, unreadable 0, "
        "put off 4 | crm: handled 900 (45.6/s), waiting 7, retry later 2, dead 1"
    )


def test_the_plain_line_survives_a_store_that_does_not_answer() -> None:
    """The receiver's half is still told."""
    assert view.line(snapshot(None), 0.0).endswith("| crm: handled 900 (45.6/s)")
