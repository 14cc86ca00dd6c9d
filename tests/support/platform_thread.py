"""A simulated SalesLoft in a thread of its own, for tests that wait for processes."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

from salesloft_webhooks.simulator.platform import Behaviour, SimulatedPlatform
from salesloft_webhooks.simulator.platform.outgoing_mail import SentMail

T = TypeVar("T")
Record = dict[str, Any]


class PlatformThread:
    """Use as ``with``.

    Args:
        behaviour: How it behaves.
    """

    def __init__(self, behaviour: Behaviour | None = None) -> None:
        self._behaviour = behaviour
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    def __enter__(self) -> Self:
        self._thread.start()
        self.platform = SimulatedPlatform(self._behaviour)
        self._wait_for(self.platform.__aenter__())
        return self

    def __exit__(self, *_: object) -> None:
        self._wait_for(self.platform.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def do(self, work: Callable[[SimulatedPlatform], T]) -> T:
        """What ``work`` makes of the platform, in its thread."""

        async def there() -> T:
            return work(self.platform)

        found: T = self._wait_for(there())
        return found

    def settled(self) -> None:
        """Return when no delivery is under way."""
        self._wait_for(self.platform.deliveries.settled())

    def mail(self) -> SentMail:
        """What becomes of a mail that is sent now."""
        found: SentMail = self._wait_for(self.platform.mail.send(self.platform.load.mail()))
        return found

    def subscriptions(self) -> list[Record]:
        """All that are registered now, as copies."""
        return self.do(lambda platform: [dict(each) for each in platform.subscriptions])

    def add(self, event: str, url: str, token: str, *, enabled: bool = True) -> int:
        """Somebody registers one by hand; its id."""

        def register(platform: SimulatedPlatform) -> int:
            fields = {"event_type": event, "callback_url": url, "callback_token": token}
            record, problems = platform.subscriptions.create(fields)
            assert record is not None, problems
            record["enabled"] = enabled
            return int(record["id"])

        return self.do(register)

    def _wait_for(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=60)
