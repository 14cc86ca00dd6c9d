"""What the HTTP server says to the application about a request: in its scope's ``state``, the request's own."""

from collections.abc import Callable

from starlette.types import Scope

BODY_COMPLETE = "salesloft_webhooks.body_complete"
BODY_EVICTED = "salesloft_webhooks.body_evicted"
ANSWER_AT_ONCE = "salesloft_webhooks.answer_at_once"


def body_complete(scope: Scope) -> bool:
    """Whether a request's body is here already, so that reading it takes no time."""
    return bool(scope.get("state", {}).get(BODY_COMPLETE))


def body_evicted(scope: Scope) -> bool:
    """Whether the server has given up a request's body for want of memory, and answered it.

    To the application that looks like a client that left.
    """
    return bool(scope.get("state", {}).get(BODY_EVICTED))


def answer_at_once(scope: Scope, status_line: bytes, rest: bytes) -> bool:
    """Send a whole answer in one write, if this server and this connection can; else ASGI's way remains.

    ASGI sends an answer's head and its body one after the other: two system calls, and the head is put together anew
    each time. That took a tenth of a delivery.

    Args:
        scope: The request's.
        status_line: With its line break; the server's own fields follow it.
        rest: Fields, among them ``Content-Length`` and none about the connection, the empty line, and the body.
    """
    send: Callable[[bytes, bytes], bool] | None = scope.get("state", {}).get(ANSWER_AT_ONCE)
    return send is not None and send(status_line, rest)
