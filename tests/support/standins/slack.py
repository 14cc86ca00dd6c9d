"""Slack, as far as an app sees it that writes to people: https://docs.slack.dev/reference/methods."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.standins.http import Answer, Request, StandIn

TOKEN = "xoxb-an-invented-token"


@dataclass
class Slack(StandIn):
    """A workspace.

    Attributes:
        people: E-mail address -> user id.
        scopes: Those of the token; None: it does not say.
        error: Answered to every request instead, if any.
    """

    people: Mapping[str, str] = field(default_factory=dict)
    scopes: str | None = "chat:write,users:read,users:read.email"
    error: str = ""

    def __post_init__(self) -> None:
        """Answer as Slack does: with 200, and what it was in the body."""
        self.respond = self._answer

    @property
    def messages(self) -> list[tuple[str, dict[str, Any]]]:
        """To whom, and what."""
        posted = [each.json for each in self.requests if each.path == "/chat.postMessage"]
        return [(each["channel"], each) for each in posted]

    def _answer(self, request: Request) -> Answer:
        if self.error:
            return Answer(200, {"ok": False, "error": self.error})
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(200, {"ok": False, "error": "invalid_auth"})
        parts = urlsplit(request.path)
        if parts.path == "/auth.test":
            headers = {} if self.scopes is None else {"X-OAuth-Scopes": self.scopes}
            return Answer(200, {"ok": True, "user_id": "U1"}, headers)
        if parts.path == "/users.lookupByEmail":
            (address,) = parse_qs(parts.query)["email"]
            if address not in self.people:
                return Answer(200, {"ok": False, "error": "users_not_found"})
            return Answer(200, {"ok": True, "user": {"id": self.people[address]}})
        return Answer(200, {"ok": True, "ts": "1"})
