"""Speaking HTTP to the systems of others, and reading their answers in one way.

No answer alone proves an event to be at fault, so none of them ends one at once:

=======================  ==========================================================================================
2xx                      done
429, 502, 503            `Unavailable`: the system says so of itself; the group pauses, no attempt is counted
no connection            `Unavailable`: it has nothing to do with this event
anything else            `Retry` from an endpoint of the user's own (`GuardedEndpoint` says whose fault it is); from a
                         vendor's API 408, 409, 423, 425 and 5xx, while what speaks of the address, the credentials or
                         the version (3xx, 401, 403, 404, 405, 410, ...) is `Unavailable`: the operator's to mend
=======================  ==========================================================================================

`Retry-After` is honoured wherever it stands. Messages carry the status, never the body: it may
quote the person.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from salesloft_webhooks.errors import Retry, Unavailable
from salesloft_webhooks.outgoing_http import retry_after_seconds

PAUSE_SECONDS = 10.0
"""How long a group pauses when the other side does not say."""

CONFIGURATION_PAUSE_SECONDS = 60.0
"""How long a group pauses for what only the operator can mend: long enough to say it rarely, short enough to notice."""

_UNAVAILABLE = frozenset({429, 502, 503})
_TRANSIENT = frozenset({408, 409, 423, 425})


@asynccontextmanager
async def exchange(system: str, seconds: float) -> AsyncIterator[None]:
    """One request to ``system`` and its answer, in ``seconds`` at most, however slowly it trickles in.

    Raises:
        Unavailable: no connection can be made.
        Retry: it broke, took too long, or the answer was no HTTP.
    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as exc:
        raise Unavailable(f"{system}: {type(exc).__name__}", after=PAUSE_SECONDS) from exc
    except (httpx2.RequestError, httpx2.InvalidURL, TimeoutError) as exc:
        raise Retry(f"{system}: {type(exc).__name__}") from exc


def signal_for(system: str, response: httpx2.Response) -> Retry | Unavailable:
    """What an answer other than 2xx means from an endpoint of which nothing is known; see the module's table."""
    message, after = f"{system} answered {response.status_code}", retry_after_seconds(response)
    if response.status_code in _UNAVAILABLE:
        return Unavailable(message, after=PAUSE_SECONDS if after is None else after)
    # At least: a Retry-After of a second, each time, would use up all attempts within a minute.
    return Retry(message, after=after, at_least=True)


def api_signal_for(system: str, response: httpx2.Response) -> Retry | Unavailable:
    """What an answer other than 2xx means from a vendor's API, whose addresses are known; see the module's table."""
    status, after = response.status_code, retry_after_seconds(response)
    if status in _UNAVAILABLE or status in _TRANSIENT or status >= 500:
        return signal_for(system, response)
    pause = CONFIGURATION_PAUSE_SECONDS if after is None else after
    return Unavailable(f"{system} answered {status}: credentials, address or version are wrong", after=pause)
