"""A lane that is filled while its head runs, and runs in it that last."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from salesloft_webhooks.settings import Ordering
from salesloft_webhooks.worker import attempt_rules, lane_run
from tests.support.waiting import eventually
from tests.support.worker_pipeline import Pipeline

IDS = [f"e{number:03}" for number in range(100)]
ENTITY: dict[str, Any] = {"worker_ordering": Ordering.ENTITY, "lease_seconds": 60}
LANE = "sl:{0}:g:mine:lane:person:1"


def let_runs_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of a test is busy, and handlers that are fast elsewhere may wait there."""
    monkeypatch.setattr(lane_run, "RUN_SECONDS", 5.0)
    monkeypatch.setattr(attempt_rules, "FAST_SECONDS", 5.0)


async def fill(running: Pipeline, proceed: asyncio.Event, ids: Sequence[str] = IDS) -> None:
    """Let a lane fill up behind its head, then let the handlers go on."""
    await running.publish(*ids, key="person:1")
    await eventually(lambda: running.redis.llen(LANE) == len(ids), "the lane is filled")
    proceed.set()
