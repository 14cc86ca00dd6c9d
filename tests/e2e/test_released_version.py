"""An update from the released version, 0.1.0, with real processes of both beside each other."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.broker.store_format import QUIET_SECONDS
from tests.e2e.effects import STREAM, await_finished
from tests.integration.broker.permits_model import counted
from tests.support.http_client import request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, native_headers
from tests.support.released import has_release, unpack_release
from tests.support.role_process import RoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

FORMAT, SEEN, GROUP = "sl:format", "sl:{0}:g:readings:seen", "readings"
WORDS = "a subject of some length, so that derived events share what they say " * 3
QUICK = {"LEASE_SECONDS": "2", "UPKEEP_SECONDS": "1"}

pytestmark = [
    pytest.mark.skipif(not has_release(), reason="the commit of 0.1.0 is not in this clone"),
    pytest.mark.timeout(240),
]


class Update:
    """Pods of both versions on one store.

    Args:
        server: The store.
        folder: For the released sources and what handlers write.
    """

    def __init__(self, server: Server, folder: Path) -> None:
        self._server, self._readings = server, folder / "readings"
        self._released = unpack_release(folder)
        self._number = 0
        self._sent: dict[str, str] = {}
        self.running: list[RoleProcess] = []

    def receiver(self, *, released: bool) -> ReceiverProcess:
        """A receiver that takes deliveries."""
        settings = self._released if released else {"BODY_COMPRESSION": "zstd"}
        receiver = ReceiverProcess(self._server.url, settings)
        self.running.append(receiver)
        return receiver.start()

    def worker(self, *, released: bool, **more: str) -> WorkerProcess:
        """A worker that writes down what it reads."""
        settings = QUICK | {"WORKER_HANDLERS": "tests.e2e.readings:router", "READINGS": str(self._readings)} | more
        worker = WorkerProcess(GROUP, self._server.url, settings | (self._released if released else {}))
        self.running.append(worker)
        return worker.start()

    def send(self, *receivers: ReceiverProcess) -> None:
        """A native email with derived events and an envelope to each, and the envelope once more to the next.

        The ids that 0.1.0 gave to native updates were others (decision 22).
        """
        for first, second in zip(receivers, (*receivers[1:], receivers[0]), strict=True):
            self._number += 1
            event_id, text = f"evt-{self._number}", WORDS + str(self._number)
            self._sent[event_id] = text
            body = envelope(event_id, created_at="2026-03-07T04:26:14.250000-05:00", data={"id": 1, "text": text})
            replies = [first.send(delivery(body)), second.send(delivery(body)), first.send(self._email())]
            assert [reply.status for reply in replies] == [200, 200, 200]

    def _email(self) -> bytes:
        at = "2026-03-06T18:40:21.773801-05:00"
        told = {"id": self._number, "updated_at": at, "sent_at": at, "status": "sent", "recipient": {"id": 9}}
        body = json.dumps({**told, "subject": WORDS, "counts": {"views": 2, "clicks": 1}}).encode()
        return request("POST", PATH, native_headers(body, "email_updated"), body)

    def fields(self) -> list[tuple[str, ...]]:
        """The names of the fields of all entries, as they stand."""
        with self._server.client() as client:
            page: Any = client.execute_command("XRANGE", STREAM, "-", "+")
        return [tuple(fields) for _, fields in page]

    def format(self) -> str | None:
        """What is written; None as long as nobody has raised it."""
        with self._server.client() as client:
            written: Any = client.hget(FORMAT, "written")
        return str(written) if written else None

    def pass_quiet_time(self) -> None:
        """As if the ten minutes in which all must have been ready, and old pods gone, were over."""
        with self._server.client() as client:
            client.hset(FORMAT, "ready_since", int(client.time()[0]) * 1_000 - int(QUIET_SECONDS * 1_000) - 1_000)

    def forget_who_has_left(self, present: WorkerProcess) -> None:
        """As if workers that are no longer there had been seen ten minutes ago; those that are come again."""
        assert present.pid
        with self._server.client() as client:
            for name in client.zrange(SEEN, 0, -1):
                client.zincrby(SEEN, -QUIET_SECONDS * 1_000, name)

    def read(self) -> list[list[Any]]:
        """What handlers wrote down, once they are through."""
        await_finished(self._server, GROUP)
        return [json.loads(line) for line in self._readings.read_text("utf-8").splitlines()]

    def assert_all_was_read(self) -> None:
        """Each event was handled once, and whole."""
        read = self.read()
        ids = Counter(event_id for event_id, *_ in read)
        envelopes = {
            event_id: json.loads(data)["text"] for event_id, *_, data, _ in read if event_id.startswith("evt-")
        }
        assert envelopes == self._sent
        assert set(ids.values()) == {1}
        names = Counter(event_type for _, event_type, *_ in read)
        expected = ("email.updated", "email.sent", "email.opened", "email.clicked", "person.updated")
        assert names == dict.fromkeys(expected, self._number)
        for event_id, event_type, key, source, created_at, data, is_dated in read:
            told = json.loads(data)
            assert is_dated
            assert source == "default"
            if event_type == "person.updated":
                assert (key, created_at) == ("person:1", "2026-03-07T04:26:14.250000-05:00")
            else:
                assert (key, told["subject"], told["counts"]) == ("person:9", WORDS, {"views": 2, "clicks": 1})
                assert event_id.split("/")[:2] == [event_type, str(told["id"])]
                assert created_at == "2026-03-06T18:40:21.773801-05:00"


@pytest.fixture
def update(own_server: Server, tmp_path: Path) -> Iterator[Update]:
    """Nothing runs yet."""
    own_server.start()
    update = Update(own_server, tmp_path)
    yield update
    for role in update.running:
        if not role.dead:
            role.kill()


def test_an_update_from_the_released_version(update: Update) -> None:
    """0.1.0 first, ours beside it, then ours alone: all is stored once and read whole, and nothing 0.1.0 misreads.

    The format stays 1 while 0.1.0 is there, and is raised when it is gone.
    """
    old_receiver, old_worker = update.receiver(released=True), update.worker(released=True)
    update.send(old_receiver)
    update.assert_all_was_read()

    receiver, worker = update.receiver(released=False), update.worker(released=False)
    for _ in range(5):
        update.send(old_receiver, receiver)
    update.pass_quiet_time()
    update.send(receiver, old_receiver)

    assert update.format() is None
    assert all("head" not in fields for fields in update.fields())
    update.assert_all_was_read()

    old_receiver.kill()
    old_worker.kill()
    update.forget_who_has_left(worker)
    wait_until(lambda: _raised(update, receiver), seconds=60, description="the format is raised")
    for _ in range(5):
        update.send(receiver)

    assert update.format() == "2"
    assert {("head", "body")} < set(update.fields())
    update.assert_all_was_read()


def test_a_released_worker_beside_one_that_keeps_limits(update: Update, own_server: Server) -> None:
    """It knows none, and leaves them as they are: everything is handled once, and no permit is held for good."""
    update.worker(released=True)
    receiver, _ = update.receiver(released=False), update.worker(released=False, WORKER_MAX_RUNNING="1")

    for _ in range(10):
        update.send(receiver)
    update.assert_all_was_read()

    with own_server.client() as client:
        wait_until(lambda: counted(client, GROUP) == 0, seconds=20, description="every permit is given back")
        assert " 1 -|||1 -" in str(client.hget(f"sl:{{0}}:g:{GROUP}:clock", "limits"))
        assert client.hget(f"sl:{{0}}:g:{GROUP}:limits:permits", "/total") == "0"


def _raised(update: Update, receiver: ReceiverProcess) -> bool:
    update.pass_quiet_time()
    update.send(receiver)
    return update.format() == "2"
