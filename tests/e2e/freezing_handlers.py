"""Handlers of a worker that freezes itself, where ``FREEZE_AT`` says, right before a handler would begin."""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from salesloft_webhooks import Event, Router
from salesloft_webhooks.broker import Settlement
from salesloft_webhooks.handlers.batch_handler import BatchHandlerCalls
from salesloft_webhooks.handlers.execution import StillLeased
from salesloft_webhooks.handlers.processes import HandlerProcesses
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.telemetry import WorkerTelemetry
from salesloft_webhooks.worker.attempt import Attempt

DIARY, WORKER, FREEZE_AT = Path(os.environ["DIARY"]), os.environ["WORKER"], os.environ.get("FREEZE_AT", "")
MOMENT_SECONDS = 0.2
router: Router[None] = Router()


def write(event: Event, handler: str) -> None:
    """Say who does what."""
    with DIARY.open("a") as diary:
        diary.write(f"{WORKER} {event.event_id} {handler}\n")


def freeze() -> None:
    """Until somebody lets it go on."""
    os.kill(os.getpid(), signal.SIGSTOP)


@router.on("call.*")
async def first(event: Event) -> None:
    """Have something to do; another handler has its turn then."""
    write(event, "first")
    if FREEZE_AT == "between":
        freeze()


@router.on("call.*")
async def second(event: Event) -> None:
    """Have something to do as well."""
    write(event, "second")


@router.on_batch("person.*", max_size=10, max_wait=2 * MOMENT_SECONDS)
async def together(events: Sequence[Event]) -> None:
    """Have several."""
    for event in events:
        write(event, "together")


@router.on("note.*", in_process=True)
def elsewhere(event: Event) -> None:
    """Take a while in a process, of which there is one."""
    write(event, "elsewhere")
    time.sleep(5 * MOMENT_SECONDS)


async def begin(attempt: Attempt, running: RunningGroup, telemetry: WorkerTelemetry) -> Settlement | None:
    """Freeze in its first step."""
    freeze()
    return await _begin(attempt, running, telemetry)


async def handle(calls: BatchHandlerCalls, event: Event, still_leased: StillLeased) -> None:
    """Freeze while it waits for company."""
    asyncio.get_running_loop().call_later(MOMENT_SECONDS, freeze)
    await _handle(calls, event, still_leased)


async def run(processes: HandlerProcesses, call: Any, still_leased: StillLeased) -> object:
    """Freeze while the second waits for the process that has the first."""
    if processes._places.locked():
        while not DIARY.read_text():  # noqa: ASYNC110, ASYNC240 - another process writes it
            await asyncio.sleep(MOMENT_SECONDS / 10)
        asyncio.get_running_loop().call_soon(freeze)
    return await _run(processes, call, still_leased)


_begin, _handle, _run = Attempt._run, BatchHandlerCalls.handle, HandlerProcesses.run
if FREEZE_AT == "start":
    Attempt._run = begin  # type: ignore[method-assign, assignment]
elif FREEZE_AT == "company":
    BatchHandlerCalls.handle = handle  # type: ignore[method-assign, assignment]
elif FREEZE_AT == "process":
    HandlerProcesses.run = run  # type: ignore[method-assign, assignment]
