"""What h11 makes of what arrives on a connection: a strict parser of HTTP/1.1, that shares no line with ours.

llhttp, which Node has as well, is no second opinion: it is inside of ours (httptools).
"""

from dataclasses import dataclass, field
from enum import StrEnum

import h11

LONGEST_HEAD = 16_384
_ANSWER = h11.Response(status_code=404, headers=[("content-length", "0")])


class End(StrEnum):
    """How the reading of what arrived has ended."""

    REFUSED = "refused"
    """With what is no request, or no end of a body."""
    UNFINISHED = "unfinished"
    """In the middle of a head or a body."""
    RESTING = "resting"
    """Behind a whole request."""
    CLOSED = "closed"
    """Behind a request after which the connection ends: the rest is nobody's."""


Request = tuple[bytes, bytes, bytes]
"""Method, target and body."""


@dataclass(frozen=True)
class Reading:
    """What was read.

    Attributes:
        requests: The whole ones, in their order.
        end: How it ended.
        stops: Where in what arrived each of them ends, if that is known.
    """

    requests: list[Request]
    end: End
    stops: list[int] = field(default_factory=list)


def reading_of(data: bytes) -> Reading:
    """What h11 reads in ``data``, answering each request at once."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=LONGEST_HEAD)
    connection.receive_data(data)
    found: list[Request] = []
    stops: list[int] = []
    head: h11.Request | None = None
    body: list[bytes] = []
    while True:
        try:
            event = connection.next_event()
        except h11.RemoteProtocolError:
            return Reading(found, End.REFUSED, stops)
        if isinstance(event, h11.Request):
            head, body = event, []
        elif isinstance(event, h11.Data):
            body.append(bytes(event.data))
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            found.append((bytes(head.method), bytes(head.target), b"".join(body)))
            stops.append(len(data) - len(connection.trailing_data[0]))
            head = None
            if connection.client_is_waiting_for_100_continue:
                connection.send(h11.InformationalResponse(status_code=100, headers=[]))
            connection.send(_ANSWER)
            connection.send(h11.EndOfMessage())
            if connection.our_state is h11.MUST_CLOSE:
                return Reading(found, End.CLOSED, stops)
            connection.start_next_cycle()
        elif head is None and not connection.trailing_data[0]:
            return Reading(found, End.RESTING, stops)
        else:
            return Reading(found, End.UNFINISHED, stops)
