"""Exactly which HTTP is spoken on a connection, and in which pieces it is read."""

import asyncio

import httptools
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT

from salesloft_webhooks.operations import refusals
from salesloft_webhooks.operations.at_once import AtOnceConnection
from salesloft_webhooks.operations.body_framing import BodyFraming, framing_of
from salesloft_webhooks.operations.connection_limits import ConnectionLimits
from salesloft_webhooks.operations.request_head import BadRequest, HeadTooLarge, end_of_head, with_path
from salesloft_webhooks.operations.request_memory import RequestMemory
from salesloft_webhooks.operations.request_state import BODY_EVICTED

DROPPED_BYTES = 65_536
"""How much of a body is read and dropped after the answer to it, before its connection is closed instead."""


class BoundedProtocol(AtOnceConnection):
    """Uvicorn's httptools protocol, within limits, one request at a time, by HTTP's own rules.

    Uvicorn gives the parser whatever arrives. The parser holds an unfinished header for as long as it lasts, adds
    trailers to the headers, skips the body after an offer to speak another protocol (Java's HTTP client makes one with
    every first request), and makes requests of everything pipelined, all of which a connection then holds at once.
    Here the parser gets whole heads only (`request_head`), each a parser of its own; `body_framing` finds the end of
    each body; and what is pipelined waits as bytes.

    - Of a connection that has no request in work, the next request's head must be complete within the limits'
      ``head_timeout_seconds`` of its first byte (of the connection, for the first request), else it is closed without
      an answer. That also ends connections that go on sending a body after its answer.
    - What is no request is answered in the form of the contract (`refusals`).
    - Offers to speak another protocol are declined, as HTTP allows.
    - A client that ends its half of the connection after a whole request still gets its answer.
    """

    _buffer: bytes = b""  # a head that is not complete, or what is pipelined behind the request in work
    _memory: RequestMemory
    _dropped_bytes = 0
    _half_closed = False

    @classmethod
    def with_limits(cls, limits: ConnectionLimits) -> type["BoundedProtocol"]:
        """The same under these limits (uvicorn wants a class, and constructs it itself)."""
        return type(cls.__name__, (cls,), {"limits": limits})

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Expect a request."""
        self._memory = RequestMemory()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Take what arrives for what it is the turn of: a head, a body, or a request to come later."""
        if self.refused:
            self._count_dropped(len(data), refusals.LINGER_BYTES)
        elif self.framing is not None:
            self._take_body(self.framing, data)
        elif self.in_work:
            self._set_buffer(self._buffer + data)
            self.flow.pause_reading()
        else:
            self._take_head(data)

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio's own may answer
        """The client has said everything: what is whole is answered all the same, anything else ends here."""
        if not self.in_work or self.framing is not None:
            return None
        self._half_closed = True
        if not self._buffer:
            self.cycle.keep_alive = False
        return True

    # -- Heads ----------------------------------------------------------------------------------------------------
    def _take_head(self, data: bytes) -> None:
        seen = len(self._buffer)
        data = self._buffer + data if seen else data.lstrip(b"\r\n")  # empty lines before a request: RFC 9112, 2.2
        try:
            end = end_of_head(data, seen) if data else None
            if end is None:
                self._set_buffer(data)
                self.start_head_deadline()
                return
            if seen:
                self._set_buffer(b"")
            self._parse(data[:end])
        except BadRequest:
            self._refuse(refusals.BAD_REQUEST)
        except HeadTooLarge:
            self._refuse(refusals.HEAD_TOO_LARGE)
        else:
            if rest := data[end:]:
                self.data_received(rest)

    def _parse(self, head: bytes) -> None:
        self.parser = httptools.HttpRequestParser(self)
        try:
            self.parser.feed_data(head)
        except httptools.HttpParserUpgrade:
            pass  # declined by going on in HTTP/1.1; the parser, which would not go on, is done with anyway
        except httptools.HttpParserError:
            raise BadRequest from None
        if self._deadline is not None:  # asked here as well: it seldom is, and a call costs (decision 51)
            self.cancel_deadline()
        self.reset_age()
        if self.framing is None:
            super().on_message_complete()
        elif more_bytes := self._memory.add_head(len(head)):
            self.hold(more_bytes)  # what the request takes beyond its connection's share

    def on_header(self, name: bytes, value: bytes) -> None:
        """A field. Blanks after a value are no part of it (RFC 9110, 5.5), but the parser leaves them on."""
        name = name.lower()
        value = value.rstrip(b" \t")
        if name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Start the application, if this is a request; what is raised here ends in `_parse`."""
        version = self.parser.get_http_version()
        self.framing = framing_of(version, self.headers)
        if self.url[:1] != b"/":
            self.url = with_path(self.url)
        if version == "1.0":
            self.expect_100_continue = False  # RFC 9110, 10.1.1
        self.offer_at_once()
        super().on_headers_complete()

    # -- Bodies ---------------------------------------------------------------------------------------------------
    def _take_body(self, framing: BodyFraming, data: bytes) -> None:
        try:
            body, rest = framing.feed(data)
        except BadRequest:
            self._refuse(refusals.BAD_REQUEST)
            return
        if self.cycle.response_complete:
            self._count_dropped(len(data), DROPPED_BYTES)
        elif body and not self._pass_on_body(body):
            return
        if rest is not None:
            self.framing = None
            super().on_message_complete()
            if rest and not self.transport.is_closing():
                self.data_received(rest)

    def _pass_on_body(self, body: bytes) -> bool:
        """Hand a piece of a body to the application, if there is room for it or can be made."""
        cycle = self.cycle
        if not cycle.response_started:  # else the application drops it
            more_bytes = self._memory.add_body(len(body))
            enough = not more_bytes or self.hold(more_bytes)
            if not enough and not self.evicted and not self._memory.small:
                self.evict()
            if self.evicted:
                return False
        # What uvicorn's `on_body` does for a protocol that is never another one.
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()
        return True

    def evict(self) -> None:
        """See `memory_budget.Holder`. Whoever is sending a body is asked to send it again later."""
        if not self.waits_for_application:
            super().evict()
            return
        self.evicted = True
        self.scope["state"][BODY_EVICTED] = True
        self.cycle.body = bytearray()
        self.limits.budget.release(self)
        self._refuse(refusals.no_room(self.limits.retry_after_seconds))

    def on_body(self, body: bytes) -> None:
        """The parser sees no body."""

    def on_message_complete(self) -> None:
        """The parser takes an upgrade for the end of the message; `body_framing` knows better."""

    # -- Answers --------------------------------------------------------------------------------------------------
    def on_response_complete(self) -> None:
        """Go on with what has come meanwhile, unless the connection ends here."""
        # What uvicorn's does, without its timer for each rest, which `data_received` would have to end
        # (`start_idle_deadline` stands in for it), and without its pipeline (we have none).
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.flow.read_paused:
            self.flow.resume_reading()
        self.reset_age()
        self.start_idle_deadline()
        if charged_bytes := self._memory.end():
            self.hold(-charged_bytes)
        self.watch_unsent_answer()
        if self.framing is not None:
            self._dropped_bytes = 0
            self.start_head_deadline()
        elif data := self._buffer:
            self._set_buffer(b"")
            self.data_received(data)
        if self._half_closed and not self.in_work:
            self.transport.close()

    def _refuse(self, answer: bytes) -> None:
        """Answer without the application, and close once the client has had time to read it."""
        if self.in_work:
            if self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True  # so far as the application is concerned
            self.cycle.waiting_for_100_continue = False  # it may not have asked yet; nothing can be written by then
            self.cycle.message_event.set()
        self.refused = True
        self.cycle = self.scope = self.headers = None  # type: ignore[assignment]  # not held while it lingers
        self._set_buffer(b"")
        self._dropped_bytes = 0
        self.transport.write(answer)
        self.transport.write_eof()
        self.close_after(refusals.LINGER_SECONDS)

    # -- Memory ---------------------------------------------------------------------------------------------------
    def _set_buffer(self, data: bytes) -> None:
        """Hold these bytes instead of those before."""
        more_bytes = len(data) - len(self._buffer)
        self._buffer = data
        if more_bytes:
            self.hold(more_bytes)

    def _count_dropped(self, count: int, limit: int) -> None:
        self._dropped_bytes += count
        if self._dropped_bytes > limit:
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._buffer = b""
        super().connection_lost(exc)
