"""Before the first event: what the handlers work with is asked whether it is there.

A wrong setting or a database that is down would otherwise be found out by events. The worker is registered by then,
so the stream keeps its events; it takes none, says why at `/readyz`, and tries until it may.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from salesloft_webhooks.errors import ConfigurationError, Unavailable
from salesloft_webhooks.handlers.running_group import RunningGroup
from salesloft_webhooks.telemetry import get_logger
from salesloft_webhooks.worker.described_errors import describe

CHECK_SECONDS = 25.0
"""How long one check may take: below the time after which a process without progress is restarted."""
RECHECK_SECONDS = 5.0
"""Longest wait until the next one."""

log = get_logger(__name__)


class Readiness:
    """Whether the group's resources can do their work.

    Attributes:
        problem: Why not; None: they can.
    """

    def __init__(self, running: RunningGroup) -> None:
        self.problem: str | None = "the handlers' resources are not checked yet"
        self._running = running

    async def reached(self, stop: asyncio.Event, record_heartbeat: Callable[[], None]) -> bool:
        """Check until the resources are ready, or ``stop`` is set; whether they are.

        Args:
            stop: Ends it.
            record_heartbeat: Called before and after each check: waiting is progress too.

        Raises:
            ConfigurationError: a check says that it cannot succeed.
        """
        stopped = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                record_heartbeat()
                seconds = await self._check(stopped)
                record_heartbeat()
                if self.problem is None:
                    return True
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), seconds)
        finally:
            stopped.cancel()
        return False

    async def _check(self, stopped: "asyncio.Task[bool]") -> float:
        """Ask once; how long to wait before the next time."""
        checking = asyncio.create_task(self._running.check_ready())
        try:
            await asyncio.wait([checking, stopped], timeout=CHECK_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not checking.done():
                self.problem = f"the handlers' resources gave no answer within {CHECK_SECONDS:g} s"
                return 0.0
            checking.result()
        except ConfigurationError:
            raise
        except Exception as exc:  # noqa: BLE001 - a check of somebody's own may raise anything: it is not ready
            problem = str(exc) if isinstance(exc, Unavailable) else describe(exc)
            if problem != self.problem:
                log.warning("worker.unready", reason=problem)
            self.problem = problem
            return min(exc.after_seconds, RECHECK_SECONDS) if isinstance(exc, Unavailable) else RECHECK_SECONDS
        finally:
            checking.cancel()
        self.problem = None
        return 0.0
