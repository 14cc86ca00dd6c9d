"""`alerts`: whether people can be told is known before there is anything to tell."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from salesloft_webhooks.alerts.ledger import Alert, Ledger, Problem, written
from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.telemetry import AlertKind
from tests.integration.cli.administered import Console
from tests.support.servers import Server

SECRET = "an-invented-token-of-a-chat"


class Chat(BaseHTTPRequestHandler):
    """A service that takes everything."""

    got: list[dict[str, str]]

    def do_POST(self) -> None:
        """Take it."""
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def chat() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """Its address, and what it got."""
    got: list[dict[str, str]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Taking", (Chat,), {"got": got}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"json://127.0.0.1:{server.server_port}/{SECRET}", got
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_test_goes_to_every_address_and_says_which_took_it(
    console: Console, chat: tuple[str, list[dict[str, str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Services are named and addresses are not; one that refuses makes it exit code 4, all of them 1."""
    address, got = chat
    broken = f"json://127.0.0.1:1/{SECRET}"
    monkeypatch.setenv("ALERT_URLS", f"{address},{broken}")
    monkeypatch.setenv("CONSOLE_URL", "https://console.example.com/")

    some = console.run("alerts", "test")
    monkeypatch.setenv("ALERT_URLS", broken)
    none = console.run("alerts", "test", "--json")

    assert (some.exit_code, none.exit_code) == (ExitCode.PARTLY, ExitCode.FAILED)
    assert [line.split() for line in some.stdout.splitlines()[1:]] == [["1", "json", "taken"], ["2", "json", "refused"]]
    assert json.loads(none.stdout) == [{"address": 1, "service": "json", "result": "refused"}]
    assert "https://console.example.com" in got[0]["message"]
    assert SECRET not in some.output + none.output


@pytest.mark.parametrize("urls", ["", f"nonsense://{SECRET}"], ids=["nobody", "not understood"])
def test_what_cannot_be_told_is_said_without_the_address(
    console: Console, monkeypatch: pytest.MonkeyPatch, urls: str
) -> None:
    """A setting that is missing or wrong is exit code 2."""
    monkeypatch.setenv("ALERT_URLS", urls)

    result = console.run("alerts", "test")

    assert (result.exit_code, "ALERT_URLS" in result.stderr) == (ExitCode.USAGE, True)
    assert SECRET not in result.output


def test_the_status_says_what_people_were_told_of(console: Console, valkey: Server) -> None:
    """And how many alerts wait for an address."""
    assert console.read("alerts", "status") == {"problems": [], "pending": 0}
    problem = Problem(AlertKind.PAUSED, "crm", 1_766_000_000_000, 1_766_000_000_000)
    alert = Alert(AlertKind.PAUSED, 1_766_000_000_000, "crm is paused", "")
    with valkey.client() as client:
        client.hset("sl:alerts", "ledger", written(Ledger(problems={"one": problem}, alerts=(alert,))))

    document, text = console.read("alerts", "status"), console.run("alerts", "status")

    assert document["pending"] == 1
    assert document["problems"][0] | {"told": ""} == {
        "kind": "paused",
        "subject": "crm",
        "seen": "2025-12-17T19:33:20+00:00",
        "told": "",
    }
    assert "paused" in text.stdout
    assert "1 alerts wait" in text.stderr
