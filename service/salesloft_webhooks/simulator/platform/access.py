"""Who may ask: API keys and access tokens, and the apps that get theirs by client credentials."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass
class _Token:
    forbidden: tuple[str, ...]
    ends: float


class Access:
    """The tokens that are valid.

    Args:
        token_seconds: How long the access token of an app lives.
        clock: Seconds.
    """

    def __init__(self, token_seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = token_seconds
        self._clock = clock
        self._tokens: dict[str, _Token] = {}
        self._apps: dict[str, str] = {}
        self.issued = 0

    def allow(self, token: str, *, forbidden: tuple[str, ...] = ()) -> None:
        """Take a token; ``forbidden`` are beginnings of paths for which its scope is too small."""
        self._tokens[token] = _Token(forbidden, float("inf"))

    def revoke(self, token: str) -> None:
        """Take it no more."""
        self._tokens.pop(token, None)

    def register(self, client_id: str, client_secret: str) -> None:
        """An app that may ask for access tokens; again with another secret: only that one from now on."""
        self._apps[client_id] = client_secret

    def known(self, token: str) -> bool:
        """Whether it is valid now."""
        found = self._tokens.get(token)
        return found is not None and self._clock() < found.ends

    def may(self, token: str, path: str) -> bool:
        """Whether its scope is large enough."""
        return not path.startswith(self._tokens[token].forbidden or ("\0",))

    def issue(self, fields: Mapping[str, str]) -> tuple[int, dict[str, object]]:
        """What the token endpoint answers: status and body."""
        if fields.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type", "error_description": "grant_type is not supported"}
        client_id, client_secret = fields.get("client_id", ""), fields.get("client_secret", "")
        if not client_id or self._apps.get(client_id) != client_secret:
            return 401, {"error": "invalid_client", "error_description": "Client authentication failed"}
        token = secrets.token_hex(32)
        now = self._clock()
        self._tokens[token] = _Token((), now + self._seconds)
        self.issued += 1
        return 200, {
            "access_token": token,
            "token_type": "bearer",
            "expires_in": int(self._seconds),
            "scope": fields.get("scope", "public:all"),
            "created_at": int(now),
        }
