"""A wrong setting that appears while a worker runs pauses, and nobody dies: a real worker, a real store."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import structlog
import yaml

from salesloft_webhooks.broker.administration.stats import measure
from salesloft_webhooks.broker.administration.stored_pause import Pause
from salesloft_webhooks.broker.connection.store import open_store
from salesloft_webhooks.handlers.builtin.crm import hubspot_answers, salesforce_answers
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing.pipeline import Pipeline, pipeline
from tests.support.standins import hubspot, salesforce
from tests.support.standins.hubspot import HubSpot
from tests.support.standins.salesforce import Salesforce

PEOPLE = 100


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses of half a second, and no traceback in the log for each of hundreds of attempts."""
    for module, name in (
        (hubspot_answers, "CONFIGURATION_PAUSE_SECONDS"),
        (salesforce_answers, "LIMIT_PAUSE_SECONDS"),
    ):
        monkeypatch.setattr(module, name, 0.5)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()


@asynccontextmanager
async def syncing(section: dict[str, Any], folder: Path) -> AsyncIterator[Pipeline]:
    """A whole pipeline with the `crm` group, two attempts allowed."""
    file = folder / "handlers.yaml"
    file.write_text(yaml.safe_dump({"crm": section}))
    (router,) = load_group("crm", (), Settings.load(handlers_file=file, max_attempts=2)).routers
    async with pipeline(router, group="crm", max_attempts=2, handlers_file=file, worker_ordering="entity") as running:
        yield running


async def deliver(running: Pipeline) -> None:
    """A hundred people."""
    for number in range(1, PEOPLE + 1):
        person = {"id": number, "email_address": f"p{number}@example.com", "last_name": "Sample", "title": "Rep"}
        await running.deliver("person.created", {**person, "updated_at": "2026-03-07T04:26:14Z"})


async def paused(running: Pipeline) -> None:
    """Return when the group is seen to be paused."""
    async with open_store(running.settings) as store:
        for _ in range(500):
            if any(group.pause is Pause.BREAKER for group in (await measure(store)).groups):
                return
            await asyncio.sleep(0.02)
    raise AssertionError("the group was never paused")


async def test_a_property_removed_at_hubspot_kills_nobody(tmp_path: Path) -> None:
    """A hundred people wait while it is missing and are all saved when it is back."""
    async with HubSpot().running() as standin:
        assert isinstance(standin, HubSpot)
        section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": standin.url}
        async with syncing(section, tmp_path) as running:
            del standin.properties["jobtitle"]
            await deliver(running)
            await paused(running)
            standin.properties["jobtitle"] = False
            await running.settled(seconds=60)

            assert await running.dead_letters() == []
        assert len(standin.contacts) == PEOPLE


async def test_a_full_salesforce_kills_nobody(tmp_path: Path) -> None:
    """A hundred people wait while its storage is used up and are all saved when there is room."""
    async with Salesforce().running() as standin:
        assert isinstance(standin, Salesforce)
        login = {"client_id": salesforce.CLIENT_ID, "client_secret": salesforce.CLIENT_SECRET}
        async with syncing({"backend": "salesforce", "login_url": standin.url, **login}, tmp_path) as running:
            standin.failing = "STORAGE_LIMIT_EXCEEDED"
            await deliver(running)
            await paused(running)
            standin.failing = ""
            await running.settled(seconds=60)

            assert await running.dead_letters() == []
        assert len(standin.contacts) == PEOPLE
