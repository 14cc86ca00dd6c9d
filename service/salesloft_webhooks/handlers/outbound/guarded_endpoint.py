"""Posting to an endpoint of the user's own, of which nothing is known but that 2xx means taken.

Whatever else it answers is tried again: a 401 is a key being rotated, a 404 a deployment, a 302 a login page, a 413 a
proxy's new limit, and no attempt of the same event can tell. `Breaker` finds out whose fault it is.
"""

from collections.abc import Awaitable, Callable

import httpx2

from salesloft_webhooks.errors import Retry, Unavailable
from salesloft_webhooks.handlers.outbound.breaker import Breaker
from salesloft_webhooks.handlers.outbound.http_client import exchange, signal_for

GONE_PAUSE_SECONDS = 86_400.0
"""How long a 410 pauses the group: the endpoint asks for no more. A person ends it earlier with `groups resume`."""


class GuardedEndpoint:
    """Sends requests to one endpoint, and raises what their answers mean.

    Args:
        system: Its name in messages.
        breaker: Judges its refusals.
        timeout_seconds: Of one request with its answer.
    """

    def __init__(self, system: str, breaker: Breaker, *, timeout_seconds: float) -> None:
        self._system = system
        self._breaker = breaker
        self._seconds = timeout_seconds

    async def deliver(self, key: str, send: Callable[[], Awaitable[httpx2.Response]]) -> None:
        """Return when the endpoint has answered 2xx.

        Args:
            key: What is delivered, the same in each attempt.
            send: Makes the request.

        Raises:
            Retry: It was refused, perhaps for its own sake.
            Unavailable: The endpoint takes nothing now.
        """
        try:
            async with exchange(self._system, self._seconds):
                response = await send()
        except Unavailable as problem:
            self._breaker.opened(problem)
            raise
        except Retry as problem:
            if (verdict := self._breaker.failed(key, problem)) is problem:
                raise
            raise verdict from problem
        if response.is_success:
            self._breaker.succeeded(key)
            return
        raise self._refusal(key, response)

    def _refusal(self, key: str, response: httpx2.Response) -> Retry | Unavailable:
        if response.status_code == httpx2.codes.GONE:
            gone = f"{self._system} answered 410: the endpoint wants no more; end the pause with `groups resume`"
            return self._breaker.failed(key, Unavailable(gone, after=GONE_PAUSE_SECONDS))
        signal = signal_for(self._system, response)
        if response.status_code == httpx2.codes.TOO_MANY_REQUESTS and isinstance(signal, Unavailable):
            return self._breaker.opened(signal)
        return self._breaker.failed(key, signal)
