"""What an answer to SalesLoft's question is worth."""

import json

import pytest
from typer.testing import CliRunner

from salesloft_webhooks.cli.application import application
from salesloft_webhooks.cli.commands.link_swap.question import judged
from tests.support.servers import free_port

OLD, OTHER, NEW = "https://example.com/a", "https://example.com/b", "https://t.example/1"


def links(**more: object) -> bytes:
    """An answer with each link that was asked for."""
    return json.dumps({"links": {OLD: NEW, OTHER: OTHER, **more}}).encode()


def test_an_answer_that_salesloft_can_use() -> None:
    """200 with each link; how many lead elsewhere is counted."""
    reply = judged(200, links(), [OLD, OTHER], 0.1)

    assert (reply.problem, reply.swapped, reply.links) == ("", 1, {OLD: NEW, OTHER: OTHER})


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        pytest.param(400, b'{"error": "link_swap is not supported"}', "400: link_swap is not supported", id="400"),
        pytest.param(502, b"<html>", "answered 502", id="proxy"),
        pytest.param(200, b"<html>", "the answer is not", id="html"),
        pytest.param(200, b'{"received": true}', "the answer is not", id="stored"),
        pytest.param(200, b'{"links": {"a": 1}}', "the answer is not", id="no-text"),
        pytest.param(200, b"[" * 100_000, "the answer is not", id="nested"),
        pytest.param(200, b'{"links": {}}', "2 of 2 links are not answered", id="empty"),
        pytest.param(200, links(**{"https://other.test": NEW}), "1 links are answered that nobody", id="another"),
    ],
)
def test_an_answer_of_no_use_is_told_by_what_is_wrong(status: int, body: bytes, problem: str) -> None:
    """Whatever is in the way of a mail is said."""
    assert problem in judged(status, body, [OLD, OTHER], 0.1).problem


def test_nobody_there_has_an_exit_code_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """3, as with `send`."""
    monkeypatch.setenv("SALESLOFT_CALLBACK_TOKEN", "an-invented-token-of-some-length")
    address = f"http://127.0.0.1:{free_port()}/"

    result = CliRunner().invoke(application(), ["link-swap", "try", address, "--json"])

    assert result.exit_code == 3
    assert json.loads(result.stdout)["status"] is None


def test_without_a_key_of_salesloft_s_own_dialect_it_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    """A relay asks nothing, so a relay's key does not help."""
    monkeypatch.setenv("SALESLOFT_WEBHOOK_SECRET", "an-invented-secret-of-some-length")

    result = CliRunner().invoke(application(), ["link-swap", "try"])

    assert result.exit_code == 2
    assert "native" in result.stderr
