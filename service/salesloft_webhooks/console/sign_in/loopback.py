"""Nobody signs in: whoever sits at this machine may do everything. For `up`, on a loopback address only."""

from ipaddress import ip_address

from starlette.requests import Request

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.errors import ConfigurationError

LOCAL = Person("local", frozenset(Role))


class LoopbackSignIn:
    """Everybody who asks by a loopback address is `LOCAL`.

    A site that a browser of this machine shows can have its own name resolved to 127.0.0.1 and would be "same origin"
    with us then; so the name by which we are asked must be one of this machine, too.

    Args:
        host: Where the console listens.

    Raises:
        ConfigurationError: others can reach that.
    """

    challenge = "Bearer"

    def __init__(self, host: str | None) -> None:
        if not _is_loopback(host or ""):
            raise ConfigurationError(
                "CONSOLE_AUTH=none lets in whoever comes: it is refused unless HOST is a loopback address (127.0.0.1)"
            )

    async def person(self, request: Request) -> Person:
        """See `SignIn`."""
        if not _is_loopback(request.url.hostname or ""):
            raise NotSignedIn("This console is for the machine it runs on: open it as http://127.0.0.1 or localhost")
        return LOCAL

    def carries_own_proof(self, request: Request) -> bool:  # noqa: ARG002 - a request's proof is what it carries
        """See `SignIn`: there is no proof at all."""
        return False


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
