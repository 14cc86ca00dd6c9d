"""Workers as processes of their own: one tells, one more goes on when it is killed, and no log shows an address."""

import asyncio
from functools import partial
from pathlib import Path

import pytest

from salesloft_webhooks.alerts.ledger import read_ledger
from salesloft_webhooks.broker.alert_ledger import written_ledger
from tests.integration.alerts.conftest import SECRET, Chat
from tests.support.broker_driver import Driven
from tests.support.waiting import eventually
from tests.support.worker_process import WorkerProcess

LEADER = "salesloft_webhooks_alerts_leader"


def worker(driven: Driven, urls: Path) -> WorkerProcess:
    """One that tells whoever stands in a file; it says all there is to say."""
    settings = {
        "WORKER_HANDLERS": "tests.integration.alerts.failing_handlers:router",
        "ALERT_URLS_FILE": str(urls),
        "UPKEEP_SECONDS": "0.3",
        "LOG_LEVEL": "debug",
    }
    return WorkerProcess("failing", driven.server.url, settings)


async def test_when_the_one_that_tells_is_killed_another_goes_on(
    driven: Driven, chat: Chat, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Each class of dead letters is told once, and how to see them; metrics say by whom, the logs nothing secret."""
    urls = tmp_path / "urls"
    urls.write_text(f"{chat.address}\njson://127.0.0.1:1/{SECRET}\n")
    workers = [worker(driven, urls), worker(driven, urls)]
    try:
        for each in workers:
            each.launch()
        for each in workers:
            await asyncio.to_thread(each.wait_until_ready, "a worker")
        await eventually(lambda: written_ledger(driven.store), "one of them has looked once")
        (first,) = await asyncio.to_thread(leaders, workers)
        await driven.publish("e1", "e2", event_type="person.created")
        await eventually(lambda: taken_by_one(driven), "the chat has taken it, and that is written down")

        await asyncio.to_thread(first.kill)
        await driven.publish("e3", event_type="person.updated")
        await eventually(lambda: len(chat.told) == 2, "the other one tells, when the lease has ended")
        (left,) = [each for each in workers if not each.dead]
        # The chat has heard of it a moment before the other address is tried.
        counter = partial(left.metric, "salesloft_webhooks_alert_deliveries_total", delivery="refused")
        await eventually(lambda: asyncio.to_thread(counter), "the other address has refused it")
    finally:
        for each in workers:
            each.kill()

    assert chat.told == ["dead letters of failing"] * 2
    assert "salesloft-webhooks dead list --group failing" in chat.texts[0]
    said = "".join(capfd.readouterr())
    assert "alert.raised" in said
    assert "alert.refused" in said
    assert SECRET not in said


def leaders(workers: list[WorkerProcess]) -> list[WorkerProcess]:
    """Those that say that they tell."""
    return [each for each in workers if each.metric(LEADER)]


async def taken_by_one(driven: Driven) -> bool:
    """Whether it is known that one of the two addresses has the alert."""
    return [len(alert.taken) for alert in read_ledger(await written_ledger(driven.store)).alerts] == [1]
