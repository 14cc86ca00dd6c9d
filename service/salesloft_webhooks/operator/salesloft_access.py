"""SalesLoft, as each object logs in to it. Opened once for the same login, and anew when that changes."""

import hashlib
from collections.abc import Collection
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.salesloft_budget import SharedBudget
from salesloft_webhooks.operator.specification import Api
from salesloft_webhooks.salesloft import PER_MINUTE, Patience, Salesloft, open_salesloft
from salesloft_webhooks.settings import Settings

PATIENCE = Patience(floor=60, waiting_seconds=5.0)
"""Some of SalesLoft's rate limit is left for others; and an object that has to wait for it holds up no other."""


@dataclass(frozen=True, slots=True)
class _Open:
    """One that is open, for one login."""

    login: str
    salesloft: Salesloft
    stack: AsyncExitStack


class SalesloftAccess:
    """SalesLoft by object, as ``async with``: everything is closed at its end.

    Args:
        settings: What no object says.
        store: Where the rate limit is counted for all processes; while it is away, each counts for itself.
    """

    def __init__(self, settings: Settings, store: Store) -> None:
        self._settings, self._store = settings, store
        self._open: dict[str, _Open] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.keep(())

    async def of(self, uid: str, api: Api, secret: bytes) -> Salesloft:
        """SalesLoft for an object.

        Args:
            uid: The object's.
            api: How it logs in.
            secret: The token, or the app's secret, as it is in its Secret.

        Raises:
            ConfigurationError: the secret cannot be one.
        """
        login = hashlib.sha256(repr(api).encode() + b"\0" + secret).hexdigest()
        found = self._open.get(uid)
        if found is not None and found.login == login:
            return found.salesloft
        async with AsyncExitStack() as stack:
            budget = SharedBudget(self._store, per_minute=PER_MINUTE)
            opened = open_salesloft(self._settings_of(api, secret), budget, PATIENCE)
            salesloft = await stack.enter_async_context(opened)
            await self._close(uid)
            self._open[uid] = _Open(login, salesloft, stack.pop_all())
        return salesloft

    async def keep(self, uids: Collection[str]) -> None:
        """Close what belongs to no object of these any more."""
        for uid in self._open.keys() - set(uids):
            await self._close(uid)

    async def _close(self, uid: str) -> None:
        if (found := self._open.pop(uid, None)) is not None:
            await found.stack.aclose()

    def _settings_of(self, api: Api, secret: bytes) -> Settings:
        text = SecretStr(secret.decode("utf-8", "replace").strip())
        login: dict[str, object] = {"salesloft_api_url": api.base_url, "salesloft_api_token_file": None}
        login |= {"salesloft_client_secret_file": None}
        if api.oauth is None:
            login |= {"salesloft_api_token": text, "salesloft_client_id": None, "salesloft_client_secret": None}
        else:
            login |= {"salesloft_api_token": None, "salesloft_client_id": api.oauth.client_id}
            login |= {"salesloft_client_secret": text, "salesloft_token_url": api.oauth.token_url}
        return self._settings.model_copy(update=login)
