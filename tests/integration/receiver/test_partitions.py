"""Several partitions and receivers that are killed: every id is stored once, whatever its entity, and none is lost."""

import json
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tests.support.http_client import request
from tests.support.receiver_process import PATH, ReceiverProcess, native_headers
from tests.support.servers import Server

PARTITIONS = 4
EMAILS = range(1, 13)
DEATHS = 5
PATIENCE_SECONDS = 60.0


def report(email: int, views: int, recipient: int) -> bytes:
    """What SalesLoft sends when an email was opened; its recipient is whoever it is now."""
    body = json.dumps(
        {
            "id": email,
            "updated_at": f"2026-03-07T09:26:14.{views:06}Z",
            "recipient": {"id": recipient},
            "counts": {"views": views},
        }
    ).encode()
    return request("POST", PATH, native_headers(body, "email_updated"), body)


def send_until_stored(receivers: list[ReceiverProcess], raw: bytes) -> None:
    """Like a patient sender: again until somebody says 200, for an answer that was lost as well."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if random.choice(receivers).send(raw).status == 200:
                return
        except (OSError, ValueError, AssertionError):
            pass
        time.sleep(0.05)
    raise AssertionError("nobody took it")


def test_receivers_are_killed_while_entities_change(valkey: Server) -> None:
    """Each email is opened once a count although its recipient changes each time and receivers die in between."""
    settings = {"PARTITIONS": str(PARTITIONS), "STORE_TIMEOUT_SECONDS": "1"}
    receivers = [ReceiverProcess(valkey.url, dict(settings)).start() for _ in range(2)]
    over = threading.Event()

    def kill_and_restart() -> None:
        for death in range(DEATHS):
            time.sleep(0.3)
            receivers[death % 2].kill()
            receivers[death % 2].start()

    def tell(email: int) -> int:
        views = 0
        while not over.is_set():
            views += 1
            send_until_stored(receivers, report(email, views, random.randrange(1, 100)))
        return views

    try:
        with ThreadPoolExecutor(len(EMAILS)) as threads:
            senders = {email: threads.submit(tell, email) for email in EMAILS}
            try:
                kill_and_restart()
            finally:
                over.set()
            views = {email: sender.result() for email, sender in senders.items()}
    finally:
        for receiver in receivers:
            receiver.kill()

    with valkey.client() as store:
        stored = Counter(
            fields["id"] for number in range(PARTITIONS) for _, fields in store.xrange(f"sl:{{{number}}}:events")
        )
    expected = {f"email.opened/{email}/{count}" for email in EMAILS for count in range(1, views[email] + 1)}
    assert {event_id for event_id in stored if event_id.startswith("email.opened/")} == expected
    assert len([event_id for event_id in stored if event_id.startswith("email.updated/")]) == sum(views.values())
    assert set(stored.values()) == {1}
