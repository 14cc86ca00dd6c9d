"""docs/warehouse.md, "After a loss of the store", as it stands there: every group gets what it had not handled."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from tests.support.documents import blocks
from tests.support.idempotency_records import known_records
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

EVENTS, PERSONS = 60, 5
BEFORE, AGAIN = 20, 10
"""Events that the group `crm` has handled before the loss, and that SalesLoft sends again after it."""
IDS = [f"e{number:02}" for number in range(EVENTS)]
STREAM = "sl:{0}:events"
ADDRESS = "s3://acme-events/salesloft"


def noted(file: Path) -> list[str]:
    """The ids that a handler had."""
    return [line.split()[1] for line in file.read_text().splitlines()] if file.exists() else []


def noting(group: str, server: Server, file: Path) -> WorkerProcess:
    """A worker that notes what its group gets."""
    settings = {"WORKER_HANDLERS": "tests.e2e.noting_handlers:router", "NOTED_IN": str(file), "LEASE_SECONDS": "1"}
    return WorkerProcess(group, server.url, settings).start()


def send(receiver: ReceiverProcess, number: int) -> None:
    """The event of that number, as SalesLoft sends it."""
    body = envelope(IDS[number], event_type="person.updated", data={"id": number % PERSONS + 1})
    assert receiver.send(delivery(body)).status == 200


def is_settled(server: Server) -> bool:
    """Whether no group has anything left to do."""
    with server.client() as redis:
        newest = redis.xinfo_stream(STREAM)["last-generated-id"]
        groups = redis.xinfo_groups(STREAM)
    return len(groups) == 3 and all((group["last-delivered-id"], group["pending"]) == (newest, 0) for group in groups)


def is_kept(server: Server) -> bool:
    """Whether all is in the warehouse."""
    with server.client() as redis:
        return sum(record.get("warehouse") == "done" for record in known_records(redis).values()) == EVENTS


def lose(server: Server, empty: Path) -> None:
    """A new server is at the address, which knows nothing."""
    server.stop(kill=True)
    server.directory = empty
    empty.mkdir()
    server.start()


def pasted(server: Server, archive: Path, began: str, lost: str) -> "subprocess.CompletedProcess[str]":
    """The page's commands, with the reader's own address and times."""
    (block,) = (each.text for each in blocks("docs/warehouse.md", "sh") if "lost=" in each.text)
    lines = [f"since={began}", f"lost={lost}"]
    lines += [line for line in block.splitlines() if not line.startswith(("since=", "lost="))]
    script = "\n".join(lines).replace(ADDRESS, str(archive))
    assert script.count(str(archive)) == 2
    environment = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "REDIS_URL": server.url}
    return subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.timeout(240)
def test_the_page_leads_through_a_loss(own_server: Server, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Both groups end with all events; a group handles again only what it had handled, before or since."""
    server, archive = own_server.start(), tmp_path / "warehouse"
    archive.mkdir()
    files = {group: tmp_path / f"{group}.noted" for group in ("crm", "activity")}
    section = {"url": archive.as_uri(), "max_events": 10, "max_wait_seconds": 0.1}
    (tmp_path / "handlers.yaml").write_text(yaml.safe_dump({"warehouse": section}))
    keeping = WorkerProcess("warehouse", server.url, {"HANDLERS_FILE": str(tmp_path / "handlers.yaml")}).start()
    activity, crm = noting("activity", server, files["activity"]), noting("crm", server, files["crm"])
    for process in (keeping, activity, crm):
        request.addfinalizer(process.kill)
    began = datetime.now(UTC).isoformat()
    with ReceiverProcess(server.url, {}) as receiver:
        for number in range(EVENTS):
            if number == BEFORE:
                wait_until(lambda: len(noted(files["crm"])) == BEFORE, seconds=30, description="crm has the first")
                crm.kill()
            send(receiver, number)
        wait_until(lambda: is_kept(server), seconds=60, description="all is in the warehouse")
        wait_until(lambda: set(noted(files["activity"])) == set(IDS), seconds=30, description="activity has all")
        lost = datetime.now(UTC).isoformat()

        lose(server, tmp_path / "empty")
        crm = noting("crm", server, files["crm"])
        request.addfinalizer(crm.kill)
        wait_until(lambda: receiver.probe("/readyz") == 200, seconds=60, description="the receiver is back")
        for number in range(EVENTS - AGAIN, EVENTS):
            send(receiver, number)
        wait_until(lambda: is_settled(server), seconds=60, description="all groups are back")
        ended = pasted(server, archive, began, lost)

        assert ended.returncode == 0, ended.stdout + ended.stderr
        wait_until(lambda: is_settled(server), seconds=60, description="what was replayed is handled")
        had = {group: noted(file) for group, file in files.items()}
        for number in range(EVENTS):
            send(receiver, number)
        wait_until(lambda: is_settled(server), seconds=60, description="what is delivered later is dealt with")

    assert {group: set(ids) for group, ids in had.items()} == {"crm": set(IDS), "activity": set(IDS)}
    assert {group: noted(file) for group, file in files.items()} == had
    repeated = {each for each in had["crm"] if had["crm"].count(each) > 1}
    assert repeated <= {*IDS[:BEFORE], *IDS[-AGAIN:]}
