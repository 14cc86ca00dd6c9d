"""Who asks: found out anew for each request, from what the request carries. The console keeps no session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from starlette.requests import Request

from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.sign_in.identity_token import Expected
from salesloft_webhooks.console.sign_in.loopback import LoopbackSignIn
from salesloft_webhooks.console.sign_in.proxied import ProxySignIn, SecretSignIn
from salesloft_webhooks.console.sign_in.published_keys import PublishedKeys
from salesloft_webhooks.console.sign_in.role_file import SETTING as ROLES_SETTING
from salesloft_webhooks.console.sign_in.role_file import read_role_file
from salesloft_webhooks.console.sign_in.token_file import SETTING as TOKENS_SETTING
from salesloft_webhooks.console.sign_in.token_file import TokenSignIn
from salesloft_webhooks.console.sign_in.watched_file import WatchedFile
from salesloft_webhooks.console_settings import ConsoleAuth
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.outgoing_http import open_client
from salesloft_webhooks.secret_file import SecretFile
from salesloft_webhooks.settings import Settings

__all__ = ["SignIn", "open_sign_in"]

ISSUER_SECONDS = 2.0
"""An issuer that takes longer to say its keys has not said them: somebody waits for a page."""


class SignIn(Protocol):
    """One way of finding it out.

    Attributes:
        challenge: What a 401 asks for, as ``WWW-Authenticate`` has it.
    """

    challenge: str

    async def person(self, request: Request) -> Person:
        """Who asks.

        Raises:
            NotSignedIn: that is not proven.
            NotAllowed: it is, and they have no role.
        """

    def carries_own_proof(self, request: Request) -> bool:
        """Whether the request has a proof that no browser adds by itself: then no other site can have had it sent."""


@asynccontextmanager
async def open_sign_in(settings: Settings) -> AsyncIterator[SignIn]:
    """The way that the settings choose.

    Raises:
        ConfigurationError: they choose none, or one that would let in whoever comes, or a file cannot be used.
    """
    match settings.console_auth:
        case None:
            raise ConfigurationError(
                "CONSOLE_AUTH is not set: say how the console knows who asks (docs/console.md); for this machine only, "
                "CONSOLE_AUTH=none with HOST=127.0.0.1"
            )
        case ConsoleAuth.NONE:
            yield LoopbackSignIn(settings.host)
        case ConsoleAuth.TOKEN:
            if settings.console_tokens_file is None:
                raise ConfigurationError(f"CONSOLE_AUTH=token needs {TOKENS_SETTING}")
            yield TokenSignIn(settings.console_tokens_file)
        case ConsoleAuth.PROXY:
            async with _behind_proxy(settings) as sign_in:
                yield sign_in


@asynccontextmanager
async def _behind_proxy(settings: Settings) -> AsyncIterator[SignIn]:
    if settings.console_roles_file is None:
        raise ConfigurationError(f"CONSOLE_AUTH=proxy needs {ROLES_SETTING}")
    roles = WatchedFile(ROLES_SETTING, settings.console_roles_file, read_role_file)
    url, secret = settings.console_jwks_url, settings.console_proxy_secret_file
    if bool(url) is bool(secret):
        raise ConfigurationError(
            "CONSOLE_AUTH=proxy needs CONSOLE_JWKS_URL, or CONSOLE_PROXY_SECRET_FILE where the proxy hands on no "
            "token: one of them, else whoever reaches the port could say any name"
        )
    if secret:
        shown = SecretFile("CONSOLE_PROXY_SECRET_FILE", secret)
        yield SecretSignIn(shown, roles, settings.console_name_header, settings.console_groups_header or "")
        return
    if not (settings.console_issuer and settings.console_audience):
        raise ConfigurationError("CONSOLE_JWKS_URL needs CONSOLE_ISSUER and CONSOLE_AUDIENCE: whose tokens, for whom")
    expected = Expected(settings.console_issuer, settings.console_audience, settings.console_groups_claim)
    async with open_client(timeout_seconds=ISSUER_SECONDS) as client:
        yield ProxySignIn(PublishedKeys(client, str(url)), expected, settings.console_token_header, roles)
