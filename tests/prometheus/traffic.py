"""What a live pipeline is sent: everything that its figures tell apart."""

import json
import threading
from typing import Any

from tests.support.console_process import ConsoleProcess
from tests.support.http_client import request
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, native_headers

FOREIGN: dict[str, Any] = {"Sec-Fetch-Site": "cross-site"}
"""What a form of another site is sent with, and refused for."""


def link_swap(number: int) -> bytes:
    """A question about one link."""
    return json.dumps({"links": [f"https://example.com/{number}"]}).encode()


def post(receiver: ReceiverProcess, console: ConsoleProcess, stop: threading.Event) -> None:
    """Traffic of every kind until stopped: good, repeated, forged, unreadable, link swaps; people who look and act."""
    number = 0
    while not stop.wait(0.02):
        number += 1
        kind = ("updated", "created", "created", "created", "deleted")[number % 5]
        receiver.send(delivery(envelope(f"e{number}", event_type=f"person.{kind}")))
        receiver.send(delivery(envelope(f"e{number - number % 2}")))
        receiver.send(request("POST", "/webhooks/salesloft", native_headers(b"{}", "person_updated", "forged"), b"{}"))
        if number % 10 == 0:
            receiver.send(delivery(b"not json"))
            receiver.send(request("POST", PATH, native_headers(swap := link_swap(number), "link_swap"), swap))
        if number % 50 == 0:
            console.get("/")
            console.post("/groups/demo/resume", None, **FOREIGN)
            console.post("/groups/demo/resume")
