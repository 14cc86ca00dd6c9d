"""A proxy signs people in (oauth2-proxy, IAP, Pomerium) and says who they are: with a token, or a secret of ours."""

import hmac
import time
from collections.abc import Callable

from starlette.requests import Request

from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.console.sign_in.identity_token import Expected, KeyUnknown, identity_in
from salesloft_webhooks.console.sign_in.published_keys import PublishedKeys
from salesloft_webhooks.console.sign_in.role_file import Identity, RoleFile, person_of
from salesloft_webhooks.console.sign_in.watched_file import WatchedFile
from salesloft_webhooks.secret_file import SecretFile

SECRET_HEADER = "x-console-proxy-secret"  # noqa: S105 - where it stands, not what it is

Roles = WatchedFile[RoleFile]


class ProxySignIn:
    """Somebody is whom the signed token names that the proxy hands on.

    Args:
        keys: Of the issuer.
        expected: What a token must say.
        header: Where it stands.
        roles: Who may do what.
        clock: Unix time.
    """

    challenge = "Bearer"

    def __init__(
        self,
        keys: PublishedKeys,
        expected: Expected,
        header: str,
        roles: Roles,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._keys, self._expected, self._header = keys, expected, header
        self._roles, self._clock = roles, clock

    async def person(self, request: Request) -> Person:
        """See `SignIn`."""
        token = _only(request, self._header)
        if token[:7].lower() == "bearer ":
            token = token[7:].strip()
        if not token:
            raise NotSignedIn(f"The proxy hands on no token in the header {self._header}")
        return person_of(await self._identity(token), self._roles.content)

    async def _identity(self, token: str) -> Identity:
        try:
            return identity_in(token, await self._keys.known(), self._expected, self._clock())
        except KeyUnknown:
            if not await self._keys.fetch():
                raise
        return identity_in(token, await self._keys.known(), self._expected, self._clock())

    def carries_own_proof(self, request: Request) -> bool:  # noqa: ARG002 - the same for each
        """See `SignIn`: the proxy adds the token to whatever a browser sends with the proxy's cookie."""
        return False


class SecretSignIn:
    """Somebody is whom a proxy names that shows our secret; for proxies that hand on no token.

    One header has the name. If another one counted where that is missing, a client could send it, and see to it that
    the first one is missing: by sending it, too, to a proxy that adds its own.

    Args:
        secret: The secret.
        roles: Who may do what.
        name_header: What has the name.
        groups_header: What has the groups; empty: there are none.
    """

    challenge = "Bearer"

    def __init__(self, secret: SecretFile, roles: Roles, name_header: str, groups_header: str) -> None:
        self._secret, self._roles = secret, roles
        self._name_header, self._groups_header = name_header, groups_header

    async def person(self, request: Request) -> Person:
        """See `SignIn`."""
        self._secret.refresh()
        shown = _only(request, SECRET_HEADER)
        if not hmac.compare_digest(shown.encode(), self._secret.value.encode()):
            raise NotSignedIn(f"Only the proxy may ask: it shows its secret in the header {SECRET_HEADER}")
        if not (name := _only(request, self._name_header)):
            raise NotSignedIn(f"The proxy says nobody's name, or several, in the header {self._name_header}")
        said = _only(request, self._groups_header) if self._groups_header else ""
        groups = (each.strip() for each in said.split(","))
        return person_of(Identity(name, frozenset(filter(None, groups))), self._roles.content)

    def carries_own_proof(self, request: Request) -> bool:  # noqa: ARG002 - the same for each
        """See `SignIn`: the proxy adds the secret to whatever a browser sends with the proxy's cookie."""
        return False


def _only(request: Request, header: str) -> str:
    """The value of a header that stands there once. Twice, one of them is not the proxy's."""
    found = request.headers.getlist(header)
    return found[0].strip() if len(found) == 1 else ""
