"""Tokens of a file, shown by a script and by a browser's own dialogue, to a real console."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server
from tests.support.waiting import wait_until

TOKEN, NEXT = "a-long-and-random-token", "another-long-and-random-token"


def line(token: str) -> str:
    """Of the file: a token of robin's, who may look."""
    return f"robin:view:{sha256(token.encode()).hexdigest()}\n"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A file with one token."""
    path = tmp_path / "tokens"
    path.write_text(line(TOKEN), "utf-8")
    return path


@pytest.fixture
def closed(valkey: Server, tokens: Path) -> Iterator[ConsoleProcess]:
    """A console that asks for a token."""
    with ConsoleProcess(valkey.url, {"CONSOLE_AUTH": "token", "CONSOLE_TOKENS_FILE": str(tokens)}) as running:
        yield running


def test_a_browser_asks_for_name_and_token(closed: ConsoleProcess, browser: Browser) -> None:
    """With them every page and every piece of one is there; without them a program is told how to sign in."""
    credentials = {"username": "robin", "password": TOKEN}
    context = browser.new_context(base_url=closed.url, http_credentials=credentials)  # type: ignore[arg-type]
    page = context.new_page()
    with page.expect_response("**/store-state") as asked:
        page.goto("/audit")

    expect(page.locator(".person")).to_contain_text("robin")
    assert asked.value.status == 200
    refused = closed.get("/audit")
    assert refused.status == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")
    context.close()


def test_a_token_is_changed_without_a_restart(closed: ConsoleProcess, tokens: Path) -> None:
    """A new one counts within a second or two, and the old one no more."""
    assert closed.get("/api/v1/audit", Authorization=f"Bearer {TOKEN}").status == 200

    tokens.write_text(line(NEXT), "utf-8")

    wait_until(
        lambda: closed.get("/api/v1/audit", Authorization=f"Bearer {NEXT}").status == 200,
        description="the new token counts",
    )
    assert closed.get("/api/v1/audit", Authorization=f"Bearer {TOKEN}").status == 401
