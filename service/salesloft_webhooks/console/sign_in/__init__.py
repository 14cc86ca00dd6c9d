"""Who asks: found out anew for each request, from what the request carries. The console keeps no session."""

from typing import Protocol

from starlette.requests import Request

from salesloft_webhooks.console.people import Person
from salesloft_webhooks.console.sign_in.loopback import LoopbackSignIn
from salesloft_webhooks.console_settings import ConsoleAuth
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.settings import Settings

__all__ = ["SignIn", "sign_in_of"]


class SignIn(Protocol):
    """One way of finding it out."""

    async def person(self, request: Request) -> Person:
        """Who asks.

        Raises:
            NotSignedIn: that is not proven.
            NotAllowed: it is, and they have no role.
        """

    def carries_own_proof(self, request: Request) -> bool:
        """Whether the request has a proof that no browser adds by itself: then no other site can have had it sent."""


def sign_in_of(settings: Settings) -> SignIn:
    """The way that the settings choose.

    Raises:
        ConfigurationError: they choose none, or one that would let in whoever comes.
    """
    match settings.console_auth:
        case None:
            raise ConfigurationError(
                "CONSOLE_AUTH is not set: say how the console knows who asks (docs/console.md); for this machine only, "
                "CONSOLE_AUTH=none with HOST=127.0.0.1"
            )
        case ConsoleAuth.NONE:
            return LoopbackSignIn(settings.host)
