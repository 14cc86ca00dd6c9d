"""A Slack app of one's own: finds reps by their e-mail address, and writes to them directly.

Its token needs ``chat:write``, ``users:read`` and ``users:read.email``. Slack answers 200 whatever happens, and says in
``ok`` and ``error`` what it was: https://docs.slack.dev/reference/methods/chat.postMessage,
https://docs.slack.dev/reference/methods/users.lookupByEmail. Which scopes the token has stands in a header of each
answer, ``x-oauth-scopes`` (github.com/slackapi/node-slack-sdk, ``packages/web-api/src/WebClient.ts``, ``buildResult``).
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from salesloft_webhooks.errors import Retry, Unavailable
from salesloft_webhooks.handlers.builtin.configuration import SlackApp
from salesloft_webhooks.handlers.builtin.notify.cards import Card
from salesloft_webhooks.handlers.builtin.notify.channels import (
    LIMIT_SECONDS,
    SEND_SECONDS,
    SendResult,
    Sent,
    name_of,
    posted,
    refusal,
)
from salesloft_webhooks.handlers.builtin.notify.sanitizing import plain_line
from salesloft_webhooks.handlers.builtin.notify.slack import slack_message
from salesloft_webhooks.handlers.outbound.http_client import CONFIGURATION_PAUSE_SECONDS, api_signal_for, exchange

SCOPES = frozenset({"chat:write", "users:read", "users:read.email"})
"""What the token is used for."""
KEPT_SECONDS = 3600.0
"""How long a person that was found, or not found, is believed to be the same."""

_MAYBE_SENT = frozenset({"internal_error", "fatal_error", "request_timeout"})
"""Errors after which, as Slack says, a part may have been done."""
_TOKEN_IS_WRONG = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "missing_scope",
        "no_permission",
    }
)


class SlackPeople:
    """The people of a workspace, and a way to write to each.

    Args:
        app: Its token and where Slack is.
        http: Where requests go.
        clock: Seconds that only grow.
    """

    def __init__(self, app: SlackApp, http: httpx2.AsyncClient, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._http, self._clock = app, http, clock
        self._known: dict[str, tuple[float, str | None]] = {}

    async def channel_of(self, email_address: str) -> "DirectMessages | None":
        """Where the person with that e-mail address is written to; None: there is nobody with it.

        Raises:
            Unavailable: Slack cannot be asked, or takes no such token.
            Retry: it answers something else.
        """
        until, user = self._known.get(email_address, (0.0, None))
        if self._clock() >= until:
            user = await self._looked_up(email_address)
            self._known[email_address] = self._clock() + KEPT_SECONDS, user
        return None if user is None else DirectMessages(self._app, user)

    async def missing_scopes(self) -> frozenset[str]:
        """Those of `SCOPES` that the token has not, as far as Slack says which it has; nobody is written to.

        Raises:
            Unavailable: Slack cannot be asked, or takes no such token.
            Retry: it answers something else.
        """
        async with exchange("Slack", SEND_SECONDS):
            answer = await self._http.post(f"{self._app.base_url}/auth.test", headers=_authorization(self._app))
        if not answer.is_success:
            raise api_signal_for("Slack", answer)
        if (said := _said(answer)).get("ok") is not True:
            raise _refused("does not take the app's token", said)
        scopes = answer.headers.get("x-oauth-scopes")
        return frozenset() if scopes is None else SCOPES - {each.strip() for each in scopes.split(",")}

    async def _looked_up(self, email_address: str) -> str | None:
        url = f"{self._app.base_url}/users.lookupByEmail"
        async with exchange("Slack", SEND_SECONDS):
            answer = await self._http.get(url, params={"email": email_address}, headers=_authorization(self._app))
        if not answer.is_success:
            raise api_signal_for("Slack", answer)
        said = _said(answer)
        if said.get("error") in {"users_not_found", "user_not_found"}:
            return None
        user = said.get("user")
        if said.get("ok") is True and isinstance(user, dict) and isinstance(user.get("id"), str):
            return str(user["id"])
        raise _refused("does not look for people by e-mail address", said)


@dataclass(frozen=True)
class DirectMessages:
    """Messages of the app to one person; see `Channel`."""

    app: SlackApp = field(repr=False)
    user: str
    scheme: str = "slack"
    origin: str = ""
    has_cards: bool = True
    sanitize: Callable[[object], str] = plain_line

    @property
    def name(self) -> str:
        """See `Channel`."""
        return name_of(f"slack-app:{self.user}")

    def payload(self, cards: Sequence[Card]) -> dict[str, Any]:
        """The message, with whom it goes to."""
        return {"channel": self.user, **slack_message(cards)}

    async def send(self, cards: Sequence[Card], http: httpx2.AsyncClient | None) -> Sent:
        """See `Channel`."""
        assert http is not None  # noqa: S101 - it was found with one
        answer = await posted(
            http, f"{self.app.base_url}/chat.postMessage", self.payload(cards), _authorization(self.app)
        )
        if isinstance(answer, Sent):
            return answer
        if not answer.is_success:
            return refusal(answer)
        said = _said(answer)
        if said.get("ok") is True:
            return Sent(SendResult.TAKEN)
        if said.get("error") in _MAYBE_SENT:
            return Sent(SendResult.UNKNOWN)
        return Sent(SendResult.REFUSED, LIMIT_SECONDS if said.get("error") == "ratelimited" else 0.0)


def _refused(what: str, said: dict[str, Any]) -> Retry | Unavailable:
    """What an answer means that is none of success. Slack's errors are words of a closed list: they quote nobody."""
    message = f"Slack {what}: {plain_line(said.get('error', 'no answer'))}"
    if said.get("error") in _TOKEN_IS_WRONG:
        return Unavailable(message, after=CONFIGURATION_PAUSE_SECONDS)
    return Retry(message)


def _authorization(app: SlackApp) -> dict[str, str]:
    return {"Authorization": f"Bearer {app.token.get_secret_value()}"}


def _said(answer: httpx2.Response) -> dict[str, Any]:
    try:
        said = answer.json()
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
