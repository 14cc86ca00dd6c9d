"""docs/operations.md, "A full disk", rehearsed: Valkey on a disk of its own that fills up under load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.crowd import restarted_when_dead
from tests.e2e.effects import STREAM, await_finished, recorded
from tests.e2e.load import PATIENCE_SECONDS, Load, load_on
from tests.e2e.pods import Pipeline
from tests.support.full_disks import Disk, small_disk
from tests.support.servers import Server
from tests.support.waiting import wait_until

LEFT_BYTES = 32_768
"""What the filler leaves for deliveries: about a second of them."""

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A disk of 16 MB."""
    with small_disk(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture
def server(own_server: Server, disk: Disk) -> Iterator[Server]:
    """The embedded server of the chart (`appendfsync always`) on that disk."""
    own_server.directory = disk.folder
    yield own_server
    own_server.stop(kill=True)


def assert_kept(pipeline: Pipeline, load: Load) -> None:
    """What was answered 200 is in the store and was handled."""
    await_finished(pipeline.server, "activity")
    with pipeline.server.client() as redis:
        stored = {fields["id"] for _, fields in redis.xrange(STREAM)}
    assert set(load.accepted) <= stored
    assert set(load.accepted) <= set(recorded(pipeline.database))


def test_a_server_that_ends_on_a_full_disk(server: Server, disk: Disk, pipeline: Pipeline) -> None:
    """With `appendfsync always` it ends whenever it is started, until there is room: 503 meanwhile, nothing is lost."""
    server.start()
    pipeline.start(server.url)
    before = pipeline.pids
    with restarted_when_dead([server]) as restarts, load_on(*pipeline.receivers) as load:
        disk.fill(leave_bytes=LEFT_BYTES)
        load.await_more(503, count=3)
        wait_until(lambda: len(restarts) >= 3, seconds=PATIENCE_SECONDS, description="it ends again and again")
        disk.enlarge(32)
        load.await_more()
        pipeline.await_available(1)
        load.stop()
        assert_kept(pipeline, load)

    assert set(load.answers) == {200, 503}
    assert pipeline.pids == before


def test_a_server_that_refuses_writes_on_a_full_disk(server: Server, disk: Disk, pipeline: Pipeline) -> None:
    """With `appendfsync everysec` it lives on and refuses: 503, unready and why, and well when there is room again."""
    server.options["appendfsync"] = "everysec"
    server.start()
    pipeline.start(server.url)
    before = [server.pid, *pipeline.pids]
    with load_on(*pipeline.receivers) as load:
        disk.fill(leave_bytes=LEFT_BYTES)
        load.await_more(503, count=3)
        wait_until(
            lambda: all("refuses writes" in answer or "MISCONF" in answer for answer in pipeline.readiness()),
            seconds=PATIENCE_SECONDS,
            description="the receivers are unready and say why",
        )
        (disk.folder / "filler").unlink()
        load.await_more()
        pipeline.await_available(1)
        wait_until(
            lambda: pipeline.readiness() == ["ok\n"] * 2, seconds=PATIENCE_SECONDS, description="they are ready again"
        )
    assert_kept(pipeline, load)

    assert set(load.answers) == {200, 503}
    assert [server.pid, *pipeline.pids] == before
