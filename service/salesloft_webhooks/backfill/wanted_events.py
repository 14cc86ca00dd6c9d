"""Which events are published: those that SalesLoft would have sent to us, for there was a subscription of them.

A subscription that somebody has deleted by mistake must not end the backfill of its events, for just then they are
missed: what was subscribed within the last days counts.
"""

import time
from collections.abc import Callable, Collection

from salesloft_webhooks.backfill.coverage import Resource
from salesloft_webhooks.dialects.names import DOTTED
from salesloft_webhooks.errors import SalesloftForbidden, SalesloftNotFound, SalesloftUnavailable
from salesloft_webhooks.event_patterns import matches
from salesloft_webhooks.salesloft import Salesloft
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry import get_logger

ASK_SECONDS = 600.0

log = get_logger(__name__)


class WantedEvents:
    """Which events of a resource are published.

    Attributes:
        disabled: SalesLoft's names of the events whose subscriptions are all disabled, when it was asked last.

    Args:
        salesloft: Who knows the subscriptions.
        settings: Patterns instead of that, and where our subscriptions go.
        clock: Unix seconds.
    """

    def __init__(self, salesloft: Salesloft, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._salesloft, self._settings, self._clock = salesloft, settings, clock
        self._asked = 0.0
        self._everything = False
        self._seen: dict[str, float] = {}
        self.disabled = frozenset[str]()

    def remember(self, names: str) -> None:
        """What an earlier process had seen, as `remembered` writes it."""
        for each in names.split():
            name, _, at = each.partition("@")
            if at.isdigit():
                self._seen.setdefault(name, float(at))

    @property
    def remembered(self) -> str:
        """SalesLoft's names of the events that are subscribed, and when that was last seen."""
        return " ".join(f"{name}@{at:.0f}" for name, at in sorted(self._seen.items()))

    async def ask(self) -> bool:
        """Find out what is subscribed, unless that is known; whether `disabled` is new.

        Raises:
            SalesloftError: SalesLoft cannot be asked.
        """
        now = self._clock()
        if self._settings.backfill_events or now - self._asked < ASK_SECONDS:
            return False
        try:
            found = await self._salesloft.subscriptions.all()
        except (SalesloftForbidden, SalesloftNotFound) as exc:
            if not self._everything:
                log.warning("backfill.subscriptions_unknown", reason=str(exc))
            self._everything = True
        except SalesloftUnavailable:
            if not self._seen:
                raise
            return False  # what was subscribed some minutes ago is good enough; asked again in the next round
        else:
            self._everything = False
            ours = [each for each in found if self._is_ours(each.callback_url)]
            enabled = {each.event_type for each in ours if each.enabled}
            self._seen |= dict.fromkeys(enabled, now)
            self.disabled = frozenset(each.event_type for each in ours) - enabled
        self._asked = now
        return not self._everything

    def of(self, kind: Resource) -> Collection[str]:
        """SalesLoft's names of the events of a resource that are published."""
        return frozenset(name for name in kind.event_names if self._is_wanted(name))

    def _is_wanted(self, name: str) -> bool:
        if self._settings.backfill_events:
            return matches(DOTTED[name], self._settings.backfill_events)
        memory = self._settings.idempotency_ttl_seconds
        return self._everything or self._clock() - self._seen.get(name, 0.0) < memory

    def _is_ours(self, address: str) -> bool:
        return address.partition("?")[0].rstrip("/").endswith(self._settings.source_path.rstrip("/"))
