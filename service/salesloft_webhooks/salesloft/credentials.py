"""What we prove to SalesLoft who we are with. No repr and no message shows any of it."""

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import httpx2
import msgspec
from pydantic import SecretStr

from salesloft_webhooks.errors import (
    ConfigurationError,
    SalesloftError,
    SalesloftUnauthorized,
    SalesloftUnavailable,
    SalesloftUnreadable,
)
from salesloft_webhooks.salesloft.exchange import TOO_MANY, Answer, NoAnswer, exchange
from salesloft_webhooks.secret_file import SecretFile
from salesloft_webhooks.settings import Settings

LIFE_SHARE = 0.8
"""The part of a token's life after which there is a new one: the rest is for requests under way and clocks."""
DEFAULT_LIFE_SECONDS = 7200.0
"""How long SalesLoft's tokens live where an answer does not say."""

_FIT_FOR_A_HEADER = re.compile(r"[\x21-\x7e]+")


class Credentials(Protocol):
    """Where tokens come from."""

    async def token(self, *, instead_of: str | None = None) -> str:
        """The token for a request that is sent now.

        Args:
            instead_of: The one that was refused; another is wanted.

        Raises:
            SalesloftUnauthorized: there is no other.
            SalesloftUnavailable: none can be had at the moment.
        """


class Secret:
    """A value that stays, or one from a file that may change.

    Raises:
        ConfigurationError: the file is unusable, or the value cannot be what it is meant to be.
    """

    def __init__(self, setting: str, value: SecretStr | None, file: SecretFile | None) -> None:
        self._setting = setting
        self._value = value.get_secret_value() if value else ""
        self._file = file
        if not _FIT_FOR_A_HEADER.fullmatch(self.current()):
            raise ConfigurationError(f"{setting}: holds a blank, a line break or a character beyond ASCII")

    def current(self, *, now: bool = False) -> str:
        """The value as of a second ago at most, or as of ``now``. Never one that no header could carry."""
        if self._file is None:
            return self._value
        self._file.refresh(now=now)
        found = self._file.value.strip()
        if not self._value or _FIT_FOR_A_HEADER.fullmatch(found):
            self._value = found
        return self._value


class ApiToken:
    """An API key, or an access token that something else renews."""

    def __init__(self, secret: Secret) -> None:
        self._secret = secret

    async def token(self, *, instead_of: str | None = None) -> str:
        """See `Credentials`."""
        token = self._secret.current(now=instead_of is not None)
        if token == instead_of:
            raise SalesloftUnauthorized("Unauthorized: SalesLoft does not take the API token")
        return token


class _Issued(msgspec.Struct):
    """What the token endpoint answers."""

    access_token: str
    expires_in: Any = None


class ClientCredentials:
    """Access tokens of a private app. Concurrent callers share one request.

    Args:
        http: The client to ask with.
        url: The token endpoint.
        client_id: The app's id.
        secret: The app's secret.
        seconds: How long one request may take.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        http: httpx2.AsyncClient,
        url: str,
        client_id: str,
        secret: Secret,
        *,
        seconds: float = 30.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._http, self._url, self._seconds = http, url, seconds
        self._client_id, self._secret = client_id, secret
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = ""
        self._renew_at = 0.0

    async def token(self, *, instead_of: str | None = None) -> str:
        """See `Credentials`."""
        async with self._lock:
            if not self._token or self._token == instead_of or self._clock() >= self._renew_at:
                self._token, life = await self._fetch()
                self._renew_at = self._clock() + life * LIFE_SHARE
            return self._token

    async def _fetch(self) -> tuple[str, float]:
        used = self._secret.current(now=True)
        answer = await self._ask(used)
        if answer.status in (400, 401) and (other := self._secret.current(now=True)) != used:
            answer = await self._ask(other)
        if problem := _problem(answer):
            raise problem
        try:
            issued = msgspec.json.decode(answer.body, type=_Issued)
        except msgspec.DecodeError:
            issued = _Issued("")
        if not _FIT_FOR_A_HEADER.fullmatch(issued.access_token):
            raise SalesloftUnreadable("SalesLoft's token endpoint: not the documented answer")
        life = issued.expires_in
        return issued.access_token, float(life) if isinstance(life, int | float) and life > 0 else DEFAULT_LIFE_SECONDS

    async def _ask(self, secret: str) -> Answer:
        form = {"grant_type": "client_credentials", "client_id": self._client_id, "client_secret": secret}
        code = ""
        try:
            return await exchange(self._http, self._http.build_request("POST", self._url, data=form), self._seconds)
        except NoAnswer as exc:
            code = exc.code
        # Not that error itself: a token may be asked for again, and what it is wanted for was not done yet.
        raise SalesloftUnavailable(f"SalesLoft's token endpoint: {code}")


def _problem(answer: Answer) -> SalesloftError | None:
    """What an answer of the token endpoint means that gives no token."""
    said = f"SalesLoft's token endpoint answered {answer.status}"
    if answer.ok:
        return None
    if 400 <= answer.status < 500 and answer.status not in (408, TOO_MANY):
        return SalesloftUnauthorized(f"Unauthorized: {said}: client id or secret are wrong")
    return SalesloftUnavailable(said, after_seconds=answer.retry_after_seconds or 0.0)


def has_credentials(settings: Settings) -> bool:
    """Whether any are set at all, be they usable or not. An id without its secret is none."""
    return any(
        (
            settings.salesloft_api_token,
            settings.salesloft_api_token_file,
            settings.salesloft_client_secret,
            settings.salesloft_client_secret_file,
        )
    )


def credentials_from(settings: Settings, http: httpx2.AsyncClient, seconds: float) -> Credentials:
    """What the settings say; nothing is asked yet.

    Args:
        settings: The settings.
        http: The client to ask for access tokens with.
        seconds: How long that may take.

    Raises:
        ConfigurationError: there are none, too many, or unusable ones.
    """
    token = _secret("SALESLOFT_API_TOKEN", settings.salesloft_api_token, settings.salesloft_api_token_file)
    app = _secret("SALESLOFT_CLIENT_SECRET", settings.salesloft_client_secret, settings.salesloft_client_secret_file)
    if token and (app or settings.salesloft_client_id):
        raise ConfigurationError("SALESLOFT_API_TOKEN and SALESLOFT_CLIENT_ID: set one of the two, not both")
    if token:
        return ApiToken(token)
    if app and settings.salesloft_client_id:
        return ClientCredentials(http, settings.salesloft_token_url, settings.salesloft_client_id, app, seconds=seconds)
    raise ConfigurationError(
        "SalesLoft's API needs SALESLOFT_API_TOKEN or SALESLOFT_API_TOKEN_FILE, "
        "or SALESLOFT_CLIENT_ID and SALESLOFT_CLIENT_SECRET or SALESLOFT_CLIENT_SECRET_FILE"
    )


def _secret(setting: str, value: SecretStr | None, file: Path | None) -> Secret | None:
    if value is not None and file is not None:
        raise ConfigurationError(f"{setting} and {setting}_FILE: set one of the two, not both")
    if value is None and file is None:
        return None
    return Secret(setting, value, SecretFile(f"{setting}_FILE", file) if file else None)
