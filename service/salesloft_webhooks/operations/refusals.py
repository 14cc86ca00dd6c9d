"""The answers to what is no request, and so never reaches the application. Same form as all others of the contract."""

LINGER_SECONDS = 2.0
LINGER_BYTES = 1_048_576
"""After such an answer, what still comes is read and dropped within these limits: a connection that is closed while
unread data arrives is reset, and a reset destroys the answer on its way."""


def _answer(status: bytes, body: bytes, more: bytes = b"") -> bytes:
    fields = b"content-type: application/json\r\ncontent-length: %d\r\n%bconnection: close\r\n" % (len(body), more)
    return b"HTTP/1.1 %b\r\n%b\r\n%b" % (status, fields, body)


BAD_REQUEST = _answer(b"400 Bad Request", b'{"error":"Not an HTTP request we can read"}')
HEAD_TOO_LARGE = _answer(b"431 Request Header Fields Too Large", b'{"error":"The header is too large"}')


def no_room(retry_after_seconds: int) -> bytes:
    """503 to a request whose body is given up for want of memory."""
    return _answer(
        b"503 Service Unavailable",
        b'{"error":"Not stored, try again later"}',
        b"retry-after: %d\r\n" % retry_after_seconds,
    )
