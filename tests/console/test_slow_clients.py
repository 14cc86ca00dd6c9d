"""Clients that stop in the middle."""

import socket
from contextlib import ExitStack
from pathlib import Path

import pytest

from salesloft_webhooks.console.lifecycle import CONNECTIONS
from tests.support.console_process import ConsoleProcess
from tests.support.http_client import Connection, request
from tests.support.waiting import wait_until


def test_a_form_that_does_not_come_to_its_end_is_no_fault(console: ConsoleProcess) -> None:
    """Whoever leaves while they send a form is refused like any wrong form; no fault of the console is counted."""
    headers = {
        "Host": console.host,
        "Sec-Fetch-Site": "same-origin",
        "Content-Type": "application/x-www-form-urlencoded",
        "Content-Length": "100",
    }

    def counted(status: str) -> float:
        return console.metric("salesloft_webhooks_console_requests_total", route="/search", code=status)

    refused, faults = counted("400"), counted("500")
    with Connection(console.port) as client:
        client.send(request("POST", "/search", headers, b"text=rob"))

    wait_until(lambda: counted("400") + counted("500") > refused + faults, description="it is answered")
    assert counted("500") == faults


def test_who_holds_connections_keeps_nobody_out(console: ConsoleProcess) -> None:
    """However many come, the console holds no more than it may at once, and a page is answered all the same."""
    files = Path(f"/proc/{console.process.pid}/fd")
    if not files.exists():
        pytest.skip("there is no /proc here")
    before, most = len(list(files.iterdir())), 0
    with ExitStack() as stack:
        for number in range(CONNECTIONS + 300):
            stack.enter_context(socket.create_connection(("127.0.0.1", console.port)))
            if number % 20 == 0:
                most = max(most, len(list(files.iterdir())))

        assert console.json("/groups")

    assert most - before < CONNECTIONS + 100
