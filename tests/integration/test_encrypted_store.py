"""Real roles with a key file: nothing of a delivery stands in the store, and its handlers get all of it."""

from pathlib import Path

from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.cli.exit_codes import ExitCode
from tests.support.idempotency_records import record_of
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


def test_a_file_that_is_no_key_file_ends_a_role(valkey: Server, tmp_path: Path) -> None:
    """A role that could not decrypt does not start."""
    file = tmp_path / "body-keys"
    file.write_text("no key")
    worker = WorkerProcess("activity", valkey.url, {"BODY_KEY_FILE": str(file)})

    worker.launch()

    assert worker.wait() == ExitCode.USAGE
