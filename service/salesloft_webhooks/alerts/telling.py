"""Tells people: one process of an installation does, as long as it holds the lease.

An address that fails has a task of its own and is tried again after longer and longer waits; neither the next look nor
another address waits for it.
"""

import asyncio
from contextlib import suppress

from salesloft_webhooks.alerts.addresses import Addresses
from salesloft_webhooks.alerts.ledger import Alert, Ledger, followed, read_ledger, taken, written
from salesloft_webhooks.alerts.looking import looked
from salesloft_webhooks.alerts.wording import Wording
from salesloft_webhooks.background import Background, cancel_and_wait, end_if_cancelled, repeat
from salesloft_webhooks.broker import Store, new_consumer_name
from salesloft_webhooks.broker.alert_ledger import AlertLedger
from salesloft_webhooks.errors import ConfigurationError, SalesloftWebhooksError
from salesloft_webhooks.handlers.builtin.notify.channels import AppriseChannel, SendResult
from salesloft_webhooks.last_acts import last_act
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry.alert_telemetry import AlertDelivery, AlertTelemetry

LONGEST_WAIT_SECONDS = 900.0
"""Between two tries of an address that fails."""
SHORTEST_LEASE_SECONDS = 5.0
END_SECONDS = 2.0
"""How long the end of the process waits for what is being sent, and for the lease to be given back."""


class LeaseLost(SalesloftWebhooksError):
    """Another process tells people now."""


class Telling:
    """Looks, decides, writes down and sends, every `UPKEEP_SECONDS`.

    Args:
        store: Where everything stands.
        settings: Who is told, and how often.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._every = store, settings.upkeep_seconds
        self._period_ms = int(settings.alert_period_seconds * 1_000)
        self._kept = AlertLedger(store, new_consumer_name(), max(3 * self._every, SHORTEST_LEASE_SECONDS))
        self._addresses, self._wording = Addresses(settings), Wording(settings.console_url)
        self._telemetry = AlertTelemetry()
        self._ledger: Ledger | None = None
        self._written: Ledger | None = None
        self._background = Background()
        self._writing = asyncio.Lock()
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, int] = {}
        self._next_try: dict[str, float] = {}
        self._unusable = ""

    async def run(self) -> None:
        """Go on until cancelled; no error ends it."""
        async with Background() as background:
            self._background = background
            try:
                await repeat(self.round, every_seconds=self._every, failed=self._failed)
            finally:
                await last_act(self._end(), 3 * END_SECONDS)

    async def round(self) -> None:
        """One look, if it is this process' turn; what is to be sent is sent in the background.

        Raises:
            StoreError: the store cannot be asked.
            LeaseLost: another process has taken over.
        """
        held = await self._kept.hold()
        self._telemetry.leading(leads=held is not None)
        if held is None:
            await self._stop_sending()
            self._ledger = None
            return
        if held.taken or self._ledger is None:
            self._ledger = self._written = read_ledger(held.ledger)
        await self._read_addresses()
        findings, cursors = await looked(self._store, self._ledger.cursors, self._subjects(self._ledger))
        # The ledger of this moment: what was sent during the look has changed it.
        step = followed(self._ledger, findings, cursors, held.now_ms, self._period_ms, self._wording)
        self._ledger = step.ledger
        await self._commit()
        for alert in step.made:
            self._telemetry.raised(alert.kind)
        self._telemetry.dropped(step.dropped)
        self._telemetry.pending(len(step.ledger.alerts))
        self._send()

    @staticmethod
    def _subjects(ledger: Ledger) -> set[str]:
        return {problem.subject for problem in ledger.problems.values()}

    async def _read_addresses(self) -> None:
        try:
            await self._addresses.read()
        except ConfigurationError as exc:
            if self._unusable != str(exc):
                self._telemetry.unusable(str(exc))
            self._unusable = str(exc)
        else:
            self._unusable = ""

    async def _commit(self) -> None:
        async with self._writing:
            ledger = self._ledger
            if ledger is None or ledger == self._written:
                return
            if not await self._kept.commit(written(ledger)):
                self._ledger = None
                raise LeaseLost("another process tells people now")
            self._written = ledger

    def _send(self) -> None:
        now = asyncio.get_running_loop().time()
        for channel in self._addresses.channels:
            running = self._sending.get(channel.name)
            if (running is None or running.done()) and now >= self._next_try.get(channel.name, 0.0):
                self._sending[channel.name] = self._background.start(self._send_to(channel), name="alerts")

    async def _send_to(self, channel: AppriseChannel) -> None:
        """Send what this channel has not got, oldest first, until it refuses one. Raises nothing."""
        try:
            while alert := self._next_for(channel):
                if await channel.send_text(alert.title, alert.body) is not SendResult.TAKEN:
                    self._wait_for(channel)
                    return
                self._telemetry.delivered(channel.name, AlertDelivery.TAKEN)
                self._failures.pop(channel.name, None)
                if self._ledger is not None:
                    names = [each.name for each in self._addresses.channels]
                    self._ledger = taken(self._ledger, alert, channel.name, names)
                    await self._commit()
        except Exception as exc:  # noqa: BLE001 - the next round tries again
            end_if_cancelled(exc)
            self._wait_for(channel)
            self._telemetry.failed(exc)

    def _next_for(self, channel: AppriseChannel) -> Alert | None:
        alerts = self._ledger.alerts if self._ledger else ()
        return next((alert for alert in alerts if channel.name not in alert.taken), None)

    def _wait_for(self, channel: AppriseChannel) -> None:
        failures = self._failures[channel.name] = self._failures.get(channel.name, 0) + 1
        seconds = min(self._every * 2 ** min(failures, 20), LONGEST_WAIT_SECONDS)
        self._next_try[channel.name] = asyncio.get_running_loop().time() + seconds
        self._telemetry.delivered(channel.name, AlertDelivery.REFUSED)

    def _failed(self, error: Exception, _failures: int) -> float:
        if isinstance(error, LeaseLost):
            self._telemetry.leading(leads=False)
        else:
            self._telemetry.failed(error)
        return self._every

    async def _stop_sending(self) -> None:
        await cancel_and_wait(self._sending.values())
        self._sending.clear()

    async def _end(self) -> None:
        """What is being sent gets a moment to end, so that the next process does not send it again."""
        if self._sending:
            await asyncio.wait(self._sending.values(), timeout=END_SECONDS)
        await self._stop_sending()
        with suppress(SalesloftWebhooksError, TimeoutError):
            async with asyncio.timeout(END_SECONDS):
                await self._kept.release()
