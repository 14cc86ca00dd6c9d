"""The keys that an issuer publishes (JWKS, RFC 7517): fetched, kept, and fetched again when a token names another.

An issuer changes its keys by publishing the new one before it signs with it, but not every issuer waits, and nobody
says when. So a key that is not known has the list fetched again, at once, but seldom: else whoever sends nonsense would
have us ask the issuer for each request. While the issuer does not answer, what was fetched last goes on being believed.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import Key, import_key

from salesloft_webhooks.background import Shared
from salesloft_webhooks.telemetry import get_logger

KEPT_SECONDS = 600.0
"""After that the list is fetched again with the next request."""
BELIEVED_SECONDS = 86_400.0
"""Without an answer for so long, nobody knows whether the keys are still the issuer's."""
AGAIN_SECONDS = 10.0
"""Between two attempts at the least."""
MAX_BYTES = 1_048_576

log = get_logger(__name__)


class PublishedKeys:
    """The keys of one issuer.

    Args:
        client: Asks for them.
        url: Where they are.
        clock: Monotonic seconds.
    """

    def __init__(self, client: httpx2.AsyncClient, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._url, self._clock = client, url, clock
        self._keys: tuple[Key, ...] = ()
        self._fetched_at = self._tried_at = -float("inf")
        self._fetching: Shared[str, None] = Shared()

    async def known(self) -> Sequence[Key]:
        """The keys; fetched if that was long ago. None of them while there has never been an answer."""
        if self._clock() - self._fetched_at > KEPT_SECONDS:
            await self.fetch()
        return self._keys if self._clock() - self._fetched_at <= BELIEVED_SECONDS else ()

    async def fetch(self) -> bool:
        """Ask for them, unless that was done a moment ago; whether it was asked. Whoever comes meanwhile waits, too."""
        if "" not in self._fetching and self._clock() - self._tried_at < AGAIN_SECONDS:
            return False
        await self._fetching.result("", self._fetch)
        return True

    async def _fetch(self) -> None:
        self._tried_at = self._clock()
        try:
            answer = await self._client.get(self._url)
            found = _keys_in(answer) if answer.status_code == 200 else ()
            problem = f"status {answer.status_code}" if answer.status_code != 200 else "" if found else "no keys in it"
        except httpx2.HTTPError as exc:
            found, problem = (), type(exc).__name__
        if problem:
            log.warning("console.keys_unavailable", problem=problem, keys_kept=len(self._keys))
            return
        self._keys, self._fetched_at = found, self._clock()


def _keys_in(answer: httpx2.Response) -> tuple[Key, ...]:
    """The keys of an answer that verify signatures; one of a kind that we do not know is left out."""
    if len(answer.content) > MAX_BYTES:
        return ()
    try:
        listed: list[dict[str, Any]] = msgspec.json.decode(answer.content, type=dict[str, Any]).get("keys") or []
    except msgspec.MsgspecError:
        return ()
    return tuple(key for each in listed if (key := _imported(each)) is not None)


def _imported(written: Any) -> Key | None:
    if not isinstance(written, dict) or written.get("use", "sig") != "sig" or written.get("kty") == "oct":
        return None
    try:
        return import_key(written)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
