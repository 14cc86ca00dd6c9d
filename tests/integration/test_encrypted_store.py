"""Real roles with a key file: nothing of a delivery stands in the store, and its handlers get all of it."""

import json
import time
from itertools import count
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.secret_file import CHECK_SECONDS
from tests.support.idempotency_records import record_of
from tests.support.mounted_secrets import Mounted
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.stored_bytes import keys_with
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess


def test_a_delivery_is_encrypted_and_handled(valkey: Server, tmp_path: Path) -> None:
    """From the first delivery of a new store on; what cannot be read is encrypted, too."""
    file = tmp_path / "body-keys"
    file.write_text(key_line())
    settings = {"BODY_KEY_FILE": str(file), "BODY_COMPRESSION": "zstd"}
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'activity.db'}"}

    with ReceiverProcess(valkey.url, settings) as receiver, valkey.client() as client:
        assert receiver.send(delivery(envelope("e1", event_type="email.sent"))).status == 200
        assert receiver.send(delivery(b'{"Robin":1}')).status == 400
        assert [client.xlen(key) for key in ("sl:{0}:events", "sl:{0}:quarantine")] == [1, 1]
        assert keys_with(valkey.port, b"Robin") == []
        worker = WorkerProcess("activity", valkey.url, settings | database).start()
        try:
            wait_until(lambda: record_of(client, "e1").get("activity") == "done", description="it is handled")
        finally:
            worker.kill()


def test_a_key_is_changed_while_what_the_old_one_encrypted_waits(valkey: Server, tmp_path: Path) -> None:
    """In a Secret as pods have it, as docs/security.md says: no process is started anew, and all is handled."""
    secret, (old, new) = Mounted(tmp_path, tmp_path), (key_line(), key_line())
    old_id, new_id = (line.rpartition(" ")[2] for line in (old, new))
    secret.put("body-keys", {"body-keys": old.encode()})
    settings = {"BODY_KEY_FILE": str(tmp_path / "body-keys" / "body-keys")}
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'activity.db'}"}
    numbers = count()

    def said(*command: str) -> dict[str, Any]:
        done = CliRunner().invoke(application(), [*command], env=settings | {"REDIS_URL": valkey.url})
        assert done.exit_code == ExitCode.OK, done.output
        return dict(json.loads(done.stdout)) if done.stdout.startswith("{") else {}

    def encrypted(key: str) -> bool:
        body = envelope(f"e{next(numbers)}", event_type="email.sent")
        assert receiver.send(delivery(body)).status == 200
        return bool(said("body-keys", "list", "--json")["bodies"].get(key))

    with ReceiverProcess(valkey.url, settings) as receiver, valkey.client() as client:
        worker = WorkerProcess("activity", valkey.url, settings | database).start()
        try:
            said("groups", "pause", "activity", "--for", "10m")
            assert encrypted(old_id)
            secret.put("body-keys", {"body-keys": f"{old}\n{new}".encode()})
            both = time.monotonic() + 2 * CHECK_SECONDS  # both processes look at it once a second
            wait_until(lambda: time.monotonic() > both, description="both have read it")
            secret.put("body-keys", {"body-keys": f"{new}\n{old}".encode()})
            wait_until(lambda: encrypted(new_id), description="the new key encrypts")
            said("groups", "resume", "activity")
            events = [f"e{number}" for number in range(next(numbers))]
            wait_until(
                lambda: all(record_of(client, each).get("activity") == "done" for each in events),
                description="what either key encrypted is handled",
            )
        finally:
            worker.kill()


def test_a_file_that_is_no_key_file_ends_a_role(valkey: Server, tmp_path: Path) -> None:
    """A role that could not decrypt does not start."""
    file = tmp_path / "body-keys"
    file.write_text("no key")
    worker = WorkerProcess("activity", valkey.url, {"BODY_KEY_FILE": str(file)})

    worker.launch()

    assert worker.wait() == ExitCode.USAGE
