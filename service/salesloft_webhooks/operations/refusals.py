"""The answers to what never reaches the application, as bytes (`delivery_outcomes` has them)."""

from salesloft_webhooks.delivery_outcomes import Answer, DeliveryOutcome, RequestRefusal

LINGER_SECONDS = 2.0
LINGER_BYTES = 1_048_576
"""After such an answer, what still comes is read and dropped within these limits: a connection that is closed while
unread data arrives is reset, and a reset destroys the answer on its way."""


def _encoded(answer: Answer, retry_after_seconds: int | None = None) -> bytes:
    """A whole response."""
    fields = {"content-type": "application/json", "content-length": str(len(answer.body))}
    fields |= answer.headers(retry_after_seconds)
    lines = (f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {answer.status} {answer.phrase}\r\n{''.join(lines)}\r\n".encode() + answer.body


BAD_REQUEST = _encoded(RequestRefusal.NOT_HTTP.answer)
HEAD_TOO_LARGE = _encoded(RequestRefusal.HEAD_TOO_LARGE.answer)


def no_room(retry_after_seconds: int) -> bytes:
    """503 to a request whose body is given up for want of memory."""
    answer = DeliveryOutcome.OVERLOADED.answer
    assert answer is not None  # noqa: S101 - its row says so
    return _encoded(answer, retry_after_seconds)
