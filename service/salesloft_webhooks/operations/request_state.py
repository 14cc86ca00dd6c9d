"""What the HTTP server says to the application about a request: in its scope's ``state``, the request's own."""

from collections.abc import Callable

from starlette.types import Scope

BODY_AT_ONCE = "salesloft_webhooks.body_at_once"
BODY_EVICTED = "salesloft_webhooks.body_evicted"
ANSWER_AT_ONCE = "salesloft_webhooks.answer_at_once"


def body_at_once(scope: Scope) -> bytes | None:
    """A request's whole body, if it is here already; to be asked before the first ``receive``, which else has it.

    Most bodies are here, behind their heads, when the application begins: nothing to wait for, and to set a time for.
    """
    take: Callable[[], bytes | None] | None = scope.get("state", {}).get(BODY_AT_ONCE)
    return None if take is None else take()


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
