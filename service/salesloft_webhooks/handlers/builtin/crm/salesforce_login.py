"""Tokens for Salesforce, by the OAuth client credentials flow."""

import asyncio

import httpx2
import msgspec

from salesloft_webhooks.errors import Retry, Unavailable
from salesloft_webhooks.handlers.builtin.configuration.salesforce import SalesforceCrm
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS, api_signal_for, exchange


class Token(msgspec.Struct):
    """What Salesforce answers: the token, and where it is to be used."""

    access_token: str
    instance_url: str


class SalesforceLogin:
    """Fetches tokens and keeps the latest."""

    def __init__(self, configuration: SalesforceCrm, client: httpx2.AsyncClient) -> None:
        self._url = f"{str(configuration.login_url).rstrip('/')}/services/oauth2/token"
        self._form = {
            "grant_type": "client_credentials",
            "client_id": configuration.client_id.get_secret_value(),
            "client_secret": configuration.client_secret.get_secret_value(),
        }
        self._client = client
        self._seconds = configuration.timeout_seconds
        self._lock = asyncio.Lock()
        self._token: Token | None = None

    async def token(self, *, instead_of: Token | None = None) -> Token:
        """A token other than ``instead_of``. Concurrent callers share one request.

        Raises:
            Retry, Unavailable: Salesforce gives none: unreachable, or our credentials are wrong.
        """
        async with self._lock:
            if self._token is None or self._token is instead_of:
                self._token = await self._fetch()
            return self._token

    async def _fetch(self) -> Token:
        async with exchange("salesforce login", self._seconds):
            response = await self._client.post(self._url, data=self._form)
        if response.is_client_error:  # wrong credentials are answered 400: the operator's to mend, no event's fault
            raise Unavailable(f"salesforce login answered {response.status_code}", after=CONFIGURATION_PAUSE_SECONDS)
        if not response.is_success:
            raise api_signal_for("salesforce login", response)
        try:
            return msgspec.json.decode(response.content, type=Token)
        except msgspec.DecodeError as exc:
            raise Retry("salesforce login: not the documented answer") from exc
