"""What people come for, told as they would do it on a pipeline under load: each click and each second is counted."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

HANDLERS = """
from pathlib import Path
from salesloft_webhooks import Event, PermanentError, Router
router = Router()
STAGES = {stages!r}

@router.on("person.updated", "email.replied")
async def upsert(event: Event) -> None:
    if event.data.get("stage") not in STAGES:
        raise PermanentError("no such stage in the CRM: " + str(event.data.get("stage")))
    with Path({handled!r}).open("a") as file:
        file.write(event.event_id + "\\n")
"""
TOLD = """
from salesloft_webhooks import Event, Router
router = Router()

@router.on("email.replied")
async def tell(event: Event) -> None:
    pass
"""
CAUSE = "no such stage in the CRM"
BROKEN = 250
"""Deliveries that the broken handler gives up on; more than a hundred are asked about twice."""
ADDRESS = "Kim.Reply@example.com"
REPLY = envelope(
    "the-reply", event_type="email.replied", data={"id": 1, "stage": "new", "person_id": 4711, "email_address": ADDRESS}
)


@dataclass
class Person:
    """Somebody with a pointer and a watch. To type something, one has to click on its place first."""

    page: Page
    clicks: int = 0
    began: float = field(default_factory=time.monotonic)

    def click(self, what: Locator) -> None:
        """One click."""
        self.clicks += 1
        what.click()

    def type(self, where: Locator, text: str) -> None:
        """One click, then keys."""
        self.click(where)
        self.page.keyboard.type(text)

    @property
    def seconds(self) -> float:
        """Since the page was asked for."""
        return time.monotonic() - self.began


@contextmanager
def load(receiver: ReceiverProcess) -> Iterator[None]:
    """Deliveries that have nothing to do with the story, one after another, until it ends."""
    ended = threading.Event()

    def send() -> None:
        for number in count():
            if ended.wait(0.01):
                return
            data = {"id": number % 50, "stage": "old"}
            assert receiver.send(delivery(envelope(f"load-{number}", data=data))).status == 200

    sending = threading.Thread(target=send)
    sending.start()
    try:
        yield
    finally:
        ended.set()
        sending.join()


@contextmanager
def crm(valkey: Server, folder: Path, name: str, *stages: str) -> Iterator[WorkerProcess]:
    """A worker of `crm`, of a version whose handler knows these stages; `folder/handled` has what it handled."""
    source = HANDLERS.format(stages=stages, handled=str(folder / "handled"))
    (folder / f"{name}.py").write_text(source)
    with worker(valkey, folder, name, "crm") as running:
        yield running


@contextmanager
def worker(valkey: Server, folder: Path, module: str, group: str) -> Iterator[WorkerProcess]:
    """A worker of a group with the handlers of a module in the folder."""
    running = WorkerProcess(group, valkey.url, {"WORKER_HANDLERS": f"{module}:router", "PYTHONPATH": str(folder)})
    try:
        yield running.start()
    finally:
        running.kill()


def dead(valkey: Server) -> int:
    """How many letters `crm` has."""
    with valkey.client() as client:
        return int(client.xlen("sl:{0}:g:crm:dead"))


@pytest.fixture
def pipeline(valkey: Server, receiver: ReceiverProcess, console: ConsoleProcess) -> Iterator[ReceiverProcess]:
    """A receiver that is being delivered to."""
    with load(receiver):
        yield receiver


def test_from_the_alert_to_everything_redriven(
    pipeline: ReceiverProcess, valkey: Server, tmp_path: Path, page: Page
) -> None:
    """From the alert's link to the cause, a mended handler, one redrive and all: within 2 minutes and 10 clicks."""
    with crm(valkey, tmp_path, "broken", "old"):
        for number in range(BROKEN):
            pipeline.send(delivery(envelope(f"lost-{number}", data={"id": 1_000 + number, "stage": "new"})))
        wait_until(lambda: dead(valkey) == BROKEN, seconds=20, description="the handler gave up on all of them")
        on_call = Person(page)
        page.goto("/dead?group=crm")
        cause = page.locator("#errors tbody tr").first
        expect(cause).to_contain_text(f"PermanentError: {CAUSE}")
        on_call.click(cause.get_by_role("link"))
        on_call.click(page.locator("main table").nth(1).get_by_role("link").first)
        expect(page.locator("main")).to_contain_text(CAUSE)
        on_call.clicks += 1
        page.go_back()
    with crm(valkey, tmp_path, "mended", "old", "new"):
        on_call.click(page.get_by_role("button", name="Try one first"))
        expect(page.locator("#tried")).to_contain_text("It is handled.")
        on_call.click(page.get_by_role("link", name="Redrive the rest …"))
        rest = BROKEN - 1
        on_call.type(page.get_by_label(f"Type {rest} to confirm"), str(rest))
        on_call.click(page.get_by_role("button", name=f"Redrive {rest} letters to crm"))
        expect(page.locator("#run")).to_contain_text("done")

        assert on_call.clicks < 10
        assert on_call.seconds < 120
        assert dead(valkey) == 0
        expected = {f"lost-{number}" for number in range(BROKEN)}
        handled = tmp_path / "handled"
        wait_until(
            lambda: expected <= set(handled.read_text().splitlines()), seconds=15, description="all of it is handled"
        )


def test_did_the_reply_arrive_and_was_the_rep_told(
    pipeline: ReceiverProcess, valkey: Server, tmp_path: Path, page: Page
) -> None:
    """All that is known is the person's address: one search answers both, within 20 seconds."""
    (tmp_path / "told.py").write_text(TOLD)
    with worker(valkey, tmp_path, "told", "notify"):
        pipeline.send(delivery(REPLY))
        rev_ops = Person(page)
        page.goto("/")
        rev_ops.type(page.get_by_role("searchbox"), ADDRESS.lower())
        page.keyboard.press("Enter")
        row = page.locator("#found tr").filter(has_text="email.replied")
        expect(row).to_contain_text("notify ✓ done")

        assert rev_ops.clicks == 1
        assert rev_ops.seconds < 20


def test_why_did_the_reply_not_reach_the_crm(
    pipeline: ReceiverProcess, valkey: Server, tmp_path: Path, page: Page
) -> None:
    """All that is known is the person's id: from the first page to the reason in three clicks."""
    with crm(valkey, tmp_path, "broken", "old"):
        pipeline.send(delivery(REPLY))
        wait_until(lambda: dead(valkey) == 1, seconds=10, description="the handler gave up on it")
        rev_ops = Person(page)
        page.goto("/")
        rev_ops.type(page.get_by_role("searchbox"), "4711")
        page.keyboard.press("Enter")
        row = page.locator("main tbody tr").filter(has_text="email.replied")
        expect(row).to_contain_text("crm ✗ dead")
        rev_ops.click(row.get_by_role("link", name="the-reply"))
        expect(page.locator("main")).to_contain_text(f"PermanentError: {CAUSE}")

        assert rev_ops.clicks <= 3
        assert rev_ops.seconds < 20
