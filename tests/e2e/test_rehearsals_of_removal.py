"""docs/operations.md, "Remove a group", rehearsed under load, without a terminal as `kubectl exec` is."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.e2e.commands import groups_in_status, run
from tests.e2e.effects import await_finished, diarist, written
from tests.e2e.load import PATIENCE_SECONDS, load_on, task
from tests.support.http_client import exchange, request
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

BACKLOG = "salesloft_webhooks_group_lag_entries"

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def workers(own_server: Server, tmp_path: Path) -> Iterator[dict[str, WorkerProcess]]:
    """The worker of a group to keep and that of one to remove."""
    own_server.start()
    workers = {name: diarist(own_server, tmp_path / name, name) for name in ("wanted", "unwanted")}
    with ExitStack() as stack:
        for worker in workers.values():
            stack.callback(worker.kill)
            worker.start()
        yield workers


def names_group(receiver: ReceiverProcess, group: str) -> bool:
    """Whether the receiver's metrics know a group."""
    return f'"{group}"' in exchange(receiver.ops_port, request("GET", "/metrics")).body.decode()


def test_a_group_is_removed_and_may_come_back(
    own_server: Server, workers: dict[str, WorkerProcess], tmp_path: Path
) -> None:
    """Refused while its worker lives; then gone from status, metrics and keys; back, it handles what it has not."""
    unwanted, diary = workers["unwanted"], tmp_path / "unwanted"
    url = own_server.url
    with (
        ReceiverProcess(url, {"UPKEEP_SECONDS": "1"}) as receiver,
        load_on(receiver, request=task) as load,
        own_server.client() as redis,
    ):
        assert run(url, "groups", "remove", "unwanted", "--yes").returncode == 1
        assert groups_in_status(url)["unwanted"]["consumers"] == 1
        assert unwanted.stop() == 0
        assert run(url, "groups", "remove", "unwanted").returncode == 2
        assert groups_in_status(url)["unwanted"]["consumers"] == 0
        load.await_more()
        wait_until(
            lambda: receiver.metric(BACKLOG, group="unwanted") > 0,
            seconds=PATIENCE_SECONDS,
            description="its backlog shows",
        )

        assert run(url, "groups", "remove", "unwanted", "--yes").returncode == 0
        assert list(groups_in_status(url)) == ["wanted"]
        assert list(redis.scan_iter("*g:unwanted*", 1000)) == []
        wait_until(
            lambda: not names_group(receiver, "unwanted"), seconds=PATIENCE_SECONDS, description="its metrics are gone"
        )
        before = written(diary)
        load.await_more()

        unwanted.start()
        load.stop()
        await_finished(own_server, "wanted", "unwanted", seconds=PATIENCE_SECONDS)
        stored = {fields["id"] for _, fields in redis.xrange("sl:{0}:events")}

    assert before.keys() < stored
    assert written(tmp_path / "wanted") == written(diary) == dict.fromkeys(stored, 1)
    assert set(load.answers) == {200}
