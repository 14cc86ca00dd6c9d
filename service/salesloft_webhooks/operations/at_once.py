"""What an application may have at once instead of ASGI's messages, where there is nothing to wait for."""

from salesloft_webhooks.operations.connection import LimitedConnection
from salesloft_webhooks.operations.request_state import ANSWER_AT_ONCE, BODY_AT_ONCE


class AtOnceConnection(LimitedConnection):
    """Offers whole bodies and takes whole answers; see `request_state`. Everything else goes uvicorn's way."""

    def offer_at_once(self) -> None:
        """Tell the application of the request whose head is there."""
        self.scope["state"] |= {BODY_AT_ONCE: self._body_at_once, ANSWER_AT_ONCE: self._answer_at_once}

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        if self.scope is not None:
            self.scope["state"].clear()  # it refers to us
        super().connection_lost(exc)

    @property
    def _has_whole_request(self) -> bool:
        """Whether everything of the request in work is here, and its answer can begin."""
        # `waits_for_application` spelled out: it is asked twice a delivery (decision 51).
        if self.framing is not None or self.refused or self.flow.write_paused:
            return False
        return not self.cycle.response_started and not self.cycle.disconnected

    def _body_at_once(self) -> bytes | None:
        """See `request_state.body_at_once`: what uvicorn's `receive` would give, and the same state afterwards."""
        cycle = self.cycle
        if not self._has_whole_request or cycle.waiting_for_100_continue or not cycle.message_event.is_set():
            return None
        body, cycle.body = bytes(cycle.body), bytearray()
        cycle.message_event.clear()
        if self.flow.read_paused:
            self.flow.resume_reading()
        return body

    def _answer_at_once(self, status_line: bytes, rest: bytes) -> bool:
        """See `request_state.answer_at_once`: what uvicorn would send for it, and the same state afterwards."""
        cycle = self.cycle
        if not self._has_whole_request or not cycle.keep_alive:
            return False
        fields = [b"%b: %b\r\n" % field for field in self.server_state.default_headers]
        self.transport.write(b"".join((status_line, *fields, rest)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self.on_response_complete()
        return True
