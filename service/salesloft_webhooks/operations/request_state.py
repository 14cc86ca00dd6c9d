"""What the HTTP server says to the application about a request: in its scope's ``state``, the request's own."""

from starlette.types import Scope

BODY_COMPLETE = "salesloft_webhooks.body_complete"
BODY_EVICTED = "salesloft_webhooks.body_evicted"


def body_complete(scope: Scope) -> bool:
    """Whether a request's body is here already, so that reading it takes no time."""
    return bool(scope.get("state", {}).get(BODY_COMPLETE))


def body_evicted(scope: Scope) -> bool:
    """Whether the server has given up a request's body for want of memory, and answered it.

    To the application that looks like a client that left.
    """
    return bool(scope.get("state", {}).get(BODY_EVICTED))
