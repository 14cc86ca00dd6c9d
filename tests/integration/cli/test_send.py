"""`send` against a real receiver and its store."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.receiver_process import KEYS, ReceiverProcess
from tests.support.servers import Server


@pytest.fixture
def receiver(valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver with keys of every dialect."""
    with ReceiverProcess(valkey.url, KEYS["standard-webhooks"]) as process:
        yield process


def send(receiver: ReceiverProcess, dialect: str, *arguments: str, stdin: str = "") -> dict[str, Any]:
    """What the command reports, with keys of that dialect alone; it succeeds."""
    command = [sys.executable, "-m", "salesloft_webhooks", "send", f"--dialect={dialect}", "--json", *arguments]
    address = f"http://127.0.0.1:{receiver.port}/webhooks/salesloft"
    result = subprocess.run(
        [*command, address],
        env=os.environ | KEYS[dialect],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (result.returncode, result.stderr) == (0, "")
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.mark.parametrize("dialect", KEYS)
def test_a_mixture_is_answered_as_expected(receiver: ReceiverProcess, dialect: str) -> None:
    """Genuine ones and duplicates are taken, forgeries refused, and every one of them in the dialect asked for."""
    mixture = ("--count=100", "--duplicates=0.2", "--forgeries=0.2", "--seed=3")

    sent = send(receiver, dialect, *mixture)["sent"]

    taken = sent["genuine"] + sent["duplicate"]
    matches = "salesloft_webhooks_signature_matches_total"
    assert sent.keys() == {"genuine", "duplicate", "forgery"}
    assert [receiver.metric(matches, dialect=each) for each in KEYS] == [taken * (each == dialect) for each in KEYS]


@pytest.mark.parametrize("dialect", [name for name in KEYS if name != "native"])
def test_an_event_of_ones_own_is_stored(receiver: ReceiverProcess, valkey: Server, dialect: str) -> None:
    """Under the id that was given, which in Standard Webhooks is the message's."""
    own = ("--event=person.updated", "--event-id=evt-1", "--data=-")

    send(receiver, dialect, *own, stdin='{"id": 7}')

    with valkey.client() as store:
        [(_, entry)] = store.xrange("sl:{0}:events")
    assert (entry["id"], entry["type"], entry["key"]) == ("evt-1", "person.updated", "person:7")
