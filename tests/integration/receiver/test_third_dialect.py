"""A dialect of a test's own, in this one file, received with end to end."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.dialects import DialectKeys, KeyKind, registry
from salesloft_webhooks.dialects.envelope import EnvelopeDialect
from salesloft_webhooks.dialects.protocol import HeaderNames, Proof, Recognition
from salesloft_webhooks.dialects.signatures import HeaderList, equal_to_any, values
from salesloft_webhooks.errors import RejectionReason, SignatureRejected
from tests.support.http_client import Reply, request
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until

HEADER = b"x-shared-secret"
SECRET, NEXT = "a-secret-of-a-test", "the-next-secret-of-a-test"
PROGRAM = (sys.executable, "-c", f"from {__name__} import run_receiver; run_receiver()")
BODY = b'{"event_type": "person.updated", "event_id": "e1", "created_at": "2026-03-07T09:26:14Z", "data": {"id": 7}}'


class SharedSecretDialect(EnvelopeDialect):
    """Envelopes whose sender shows the secret itself: good for a test only."""

    name = "shared-secret"
    key_kinds = (KeyKind("shared_secrets", "shared_secret", "SALESLOFT_SHARED_SECRET"),)
    headers = HeaderNames("X-Shared-Secret")

    def recognise(self, headers: Mapping[bytes, bytes]) -> Recognition:
        """By its one header."""
        return Recognition.COMPLETE if HEADER in headers else Recognition.NONE

    def check_headers(self, headers: HeaderList, now: float, tolerance_seconds: float) -> None:  # noqa: ARG002
        """It must be there."""
        if not values(headers, HEADER):
            raise SignatureRejected(RejectionReason.MISSING_SIGNATURE)

    def verify(
        self, headers: HeaderList, body: bytes, keys: DialectKeys, now: float, tolerance_seconds: float
    ) -> Proof:  # the arguments are the Protocol's
        """One of the secrets."""
        self.check_headers(headers, now, tolerance_seconds)
        index = equal_to_any(values(headers, HEADER)[0], keys["shared_secrets"])
        if index is None or not body:
            raise SignatureRejected(RejectionReason.MISMATCH)
        return Proof(index)

    def secrets(self, keys: DialectKeys, from_headers: str) -> Iterator[bytes]:  # noqa: ARG002
        """The secrets."""
        yield from keys["shared_secrets"]


def run_receiver() -> None:
    """The receiver of a program that has the dialect beside the others."""
    registry.DIALECTS = (*registry.DIALECTS, SharedSecretDialect())
    application()(["receiver"])


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """Where the receiver's key stands."""
    file = tmp_path / "secret"
    file.write_text(SECRET)
    return file


@pytest.fixture
def receiver(valkey: Server, key_file: Path) -> Iterator[ReceiverProcess]:
    """Such a program, whose one source has a key of that dialect alone."""
    source = {"name": "third", "path": "/third", "shared_secret_file": str(key_file)}
    sources = key_file.with_name("sources.json")
    sources.write_text(json.dumps({"sources": [source]}))
    own = {"SALESLOFT_WEBHOOK_SECRET": "", "SALESLOFT_CALLBACK_TOKEN": "", "SOURCES_FILE": str(sources)}
    with ReceiverProcess(valkey.url, own, program=PROGRAM) as process:
        yield process


def post(receiver: ReceiverProcess, secret: str = SECRET, body: bytes = BODY) -> Reply:
    """The answer to a delivery."""
    return receiver.send(request("POST", "/third", {"X-Shared-Secret": secret}, body))


def kept(valkey: Server, stream: str) -> list[dict[str, Any]]:
    """A stream's entries."""
    with valkey.client() as store:
        return [fields for _, fields in store.xrange(f"sl:{{0}}:{stream}")]


def test_its_deliveries_are_received(receiver: ReceiverProcess, valkey: Server) -> None:
    """Over HTTP into the stream, once; with another secret, or in a dialect there is no key for, they are refused."""
    answers = [post(receiver).status, post(receiver).status, post(receiver, "wrong").status]
    foreign = receiver.send(request("POST", "/third", {"X-Salesloft-Timestamp": "1"}, BODY))

    [entry] = kept(valkey, "events")
    assert (answers, foreign.status) == ([200, 200, 401], 401)
    assert (entry["id"], entry["type"], json.loads(entry["body"])["id"]) == ("e1", "person.updated", 7)
    assert receiver.metric("salesloft_webhooks_signature_matches_total", dialect="shared-secret", key="0") == 2
    assert receiver.metric("salesloft_webhooks_signature_failures_total", reason="no_keys") == 1


def test_its_keys_follow_their_file(receiver: ReceiverProcess, key_file: Path) -> None:
    """A rotation needs no restart."""
    key_file.write_text(NEXT)

    wait_until(lambda: post(receiver, NEXT).status == 200, seconds=10, description="the new key is accepted")
    assert post(receiver).status == 401


def test_its_keys_do_not_get_into_quarantine(receiver: ReceiverProcess, valkey: Server) -> None:
    """What cannot be read is kept under its name, without its secret."""
    assert post(receiver, body=b"not JSON but " + SECRET.encode()).status == 400

    [entry] = kept(valkey, "quarantine")
    assert (entry["dialect"], entry["body"]) == ("shared-secret", "not JSON but [redacted]")
