"""Nobody gets in unsigned; a forged or malformed request learns nothing and costs the store nothing."""

import hmac
import re
import time
from collections.abc import Callable
from itertools import takewhile

import pytest

from salesloft_webhooks.broker.scripts import script
from tests.support.http_client import request
from tests.support.receiver_process import (
    PATH,
    SECRET,
    ReceiverProcess,
    delivery,
    envelope,
    native_headers,
    signature,
    signed_headers,
)
from tests.support.servers import Server

BODY = envelope("evt-forged")
ABOUT = re.compile("|".join(["evt-forged", *(script(name).digest for name in ("publish", "reserve", "quarantine"))]))
"""What a command to the store has in it when it is about a delivery."""
OF_DELIVERIES = re.compile(r":(event|ids|reserved|quarantine|mark)")
"""Keys that a delivery makes."""


def now() -> str:
    """The present, as a timestamp header: signed at import, a test late in a long run would be out of date."""
    return str(int(time.time()))


def good() -> str:
    """The signature of the present."""
    return signature(BODY, now())


def timestamped(timestamp: str) -> dict[str, str]:
    """Headers whose signature is right for a timestamp that is wrong."""
    return signed_headers(BODY, timestamp=timestamp)


def with_signature(value: str) -> dict[str, str]:
    """Headers with a good timestamp and this signature."""
    return {"X-Salesloft-Timestamp": now(), "X-Salesloft-Signature": value}


FORGERIES: dict[str, Callable[[], dict[str, str]]] = {
    "no headers": dict,
    "no signature": lambda: {"X-Salesloft-Timestamp": now()},
    "no timestamp": lambda: {"X-Salesloft-Signature": good()},
    "timestamp NaN": lambda: timestamped("NaN"),
    "timestamp Infinity": lambda: timestamped("Infinity"),
    "timestamp negative": lambda: timestamped("-1"),
    "timestamp float": lambda: timestamped(f"{now()}.0"),
    "timestamp exponent": lambda: timestamped("1e9"),
    "timestamp huge": lambda: timestamped("9" * 400),
    "timestamp beyond any clock": lambda: timestamped("9" * 20),
    "timestamp non-ASCII digits": lambda: timestamped("\u00b2\u00b3"),
    "timestamp with an underscore": lambda: timestamped(f"{now()[:5]}_{now()[5:]}"),
    "timestamp with a sign": lambda: timestamped(f"+{now()}"),
    "timestamp empty": lambda: timestamped(""),
    "timestamp zero": lambda: timestamped("0"),
    "timestamp expired": lambda: timestamped(str(int(now()) - 3600)),
    "timestamp in the future": lambda: timestamped(str(int(now()) + 3600)),
    "signature empty": lambda: with_signature(""),
    "signature too short": lambda: with_signature(good()[:-1]),
    "signature too long": lambda: with_signature(good() + "0"),
    "signature of the wrong alphabet": lambda: with_signature("g" * 64),
    "signature non-ASCII": lambda: with_signature("\u00e9" * 64),
    "signature with a prefix": lambda: with_signature("sha256=" + good()),
    "signature huge": lambda: with_signature("a" * 10_000),
    "signature of another body": lambda: with_signature(signature(b"{}", now())),
    "signature with another key": lambda: with_signature(signature(BODY, now(), "another-secret")),
    "signature without the timestamp": lambda: with_signature(hmac.digest(SECRET.encode(), BODY, "sha256").hex()),
    "native with the envelope's secret": lambda: native_headers(BODY, "person_updated", SECRET),
    "native with another token": lambda: native_headers(BODY, "person_updated", "another-token"),
    "native with an empty event": lambda: native_headers(BODY, ""),
}


@pytest.mark.parametrize("headers", FORGERIES.values(), ids=FORGERIES.keys())
def test_every_reason_gets_the_same_answer(receiver: ReceiverProcess, headers: Callable[[], dict[str, str]]) -> None:
    """401 with one body and the same headers, whatever was wrong: nothing to learn from."""
    reply = receiver.send(request("POST", PATH, headers(), BODY))

    assert (reply.status, reply.body) == (401, b'{"error":"Invalid signature"}')
    assert reply.headers.keys() == {"content-length", "content-type", "date", "connection"}


def test_an_upper_case_signature_is_accepted(receiver: ReceiverProcess) -> None:
    """The case of the hex digits is documented nowhere, so it is not a reason to lose an event."""
    assert receiver.send(request("POST", PATH, with_signature(good().upper()), BODY)).status == 200


def test_two_signatures_are_one_too_many(receiver: ReceiverProcess) -> None:
    """A second header, even beside a good one, is refused: proxies disagree on which of them counts."""
    raw = request("POST", PATH, with_signature(good()), BODY)

    reply = receiver.send(raw.replace(b"\r\nHost", b"\r\nX-Salesloft-Signature: " + b"0" * 64 + b"\r\nHost", 1))
    second = receiver.send(
        raw.replace(b"Host: test\r\n", b"Host: test\r\nX-Salesloft-Signature: " + b"0" * 64 + b"\r\n")
    )

    assert (reply.status, second.status) == (401, 401)


def test_the_store_is_not_asked_about_unauthenticated_clients(receiver: ReceiverProcess, valkey: Server) -> None:
    """However many forgeries come: no script of a delivery runs and no key appears, they only count as a metric.

    Told apart by what is asked: the receiver's own watch asks the store as well, every second, and it writes the number
    of partitions down again once the store was emptied.
    """
    with valkey.client() as store, store.monitor() as monitor:
        before = receiver.metric("salesloft_webhooks_signature_failures_total", reason="mismatch")
        for headers in FORGERIES.values():
            receiver.send(request("POST", PATH, headers(), BODY))
        keys = list(store.scan_iter())
        accepted = receiver.send(delivery(envelope("evt-genuine")))  # where listening may end

        heard = (str(each["command"]) for each in monitor.listen())
        asked = [words for words in takewhile(lambda words: "evt-genuine" not in words, heard) if ABOUT.search(words)]

    assert accepted.status == 200
    assert asked == []
    assert not any(OF_DELIVERIES.search(key) for key in keys)
    assert receiver.metric("salesloft_webhooks_signature_failures_total", reason="mismatch") > before
