"""Carries out bulk work beside the pages: one console of all, as long as its lease is kept."""

import asyncio
from contextlib import suppress

from salesloft_webhooks.background import repeat
from salesloft_webhooks.broker import Publisher, new_consumer_name
from salesloft_webhooks.broker.administration.follow_up_steps import CancelSteps
from salesloft_webhooks.broker.administration.quarantine_steps import ReprocessSteps
from salesloft_webhooks.broker.administration.replay_steps import ReplaySteps
from salesloft_webhooks.broker.administration.run_execution import Pace, RunExecutor
from salesloft_webhooks.broker.administration.run_records import Run, RunKind
from salesloft_webhooks.broker.administration.run_steps import LetterSteps, Steps
from salesloft_webhooks.console.context import Console
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.last_acts import last_act
from salesloft_webhooks.telemetry import get_logger

AGAIN_SECONDS = 2.0
"""After the store could not be asked."""
RELEASE_SECONDS = 1.0

log = get_logger(__name__)


async def carry_out_runs(console: Console) -> None:
    """Carry out runs until cancelled."""
    settings, store = console.settings, console.store

    def ended(run: Run) -> None:
        console.dead.outdate()
        counts = dict(run.outcomes)
        log.info("console.run_ended", run=run.run_id, act=run.kind, state=run.state, counts=counts, reason=run.reason)

    async with Publisher(store, settings) as publisher:
        letters = LetterSteps(store, settings.idempotency_ttl_seconds)
        steps: dict[RunKind, Steps] = {
            RunKind.REDRIVE: letters,
            RunKind.DISCARD: letters,
            RunKind.REPLAY: ReplaySteps(store, settings.idempotency_ttl_seconds),
            RunKind.REPROCESS: ReprocessSteps(store, publisher),
            RunKind.CANCEL: CancelSteps(store, settings.idempotency_ttl_seconds),
        }
        executor = RunExecutor(store, steps, new_consumer_name(), Pace(settings.console_run_rate), ended)

        async def step() -> None:
            await asyncio.sleep(await executor.round())

        try:
            await repeat(step, failed=_again)
        finally:
            with suppress(StoreError, TimeoutError):
                await last_act(executor.release(), RELEASE_SECONDS)


def _again(error: Exception, _failures: int) -> float:
    if not isinstance(error, StoreError):
        log.error("console.loop_failed", exc_info=error)
    return AGAIN_SECONDS
