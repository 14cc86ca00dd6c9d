"""A dialect of a test's own, in this one file, received with end to end."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from salesloft_webhooks.dialects import DialectKeys, KeyKind, authentication, redact, registry
from salesloft_webhooks.dialects.envelope import EnvelopeDialect
from salesloft_webhooks.dialects.protocol import HeaderNames, Proof, Recognition
from salesloft_webhooks.dialects.signatures import HeaderList, equal_to_any, values
from salesloft_webhooks.errors import RejectionReason, SignatureRejected
from salesloft_webhooks.receiver.keyring import Keyring, KeySetting
from salesloft_webhooks.receiver.sources import Source

HEADER = b"x-shared-secret"
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


@pytest.fixture
def dialect(monkeypatch: pytest.MonkeyPatch) -> SharedSecretDialect:
    """The dialect, registered beside the others."""
    third = SharedSecretDialect()
    monkeypatch.setattr(registry, "DIALECTS", (*registry.DIALECTS, third))
    return third


def test_registering_it_is_all_it_takes(dialect: SharedSecretDialect, tmp_path: Path) -> None:
    """Its keys follow their file; its deliveries are recognised, proven, read, redacted, and read out of quarantine."""
    file = tmp_path / "secret"
    file.write_bytes(b"a-secret-of-a-test")
    source = Source("s", "/s", 300, Keyring("s", [KeySetting(dialect.key_kinds[0], "SECRET_FILE", file=file)]))
    headers = ((HEADER, b"a-secret-of-a-test"),)

    assert source.form_problem(headers, time.time()) is None
    authentic = source.authenticate(headers, BODY, time.time())

    assert (authentic.dialect, authentic.key_index) == ("shared-secret", 0)
    assert [event.event_id for event in authentic.read()] == ["e1"]
    assert redact(b"a-secret-of-a-test", source.keys) == b"[redacted]"
    assert [event.event_id for event in authentication.read_quarantined("shared-secret", "", BODY)] == ["e1"]
    assert source.form_problem(((b"x-salesloft-timestamp", b"1"),), time.time()) is RejectionReason.NO_KEYS
