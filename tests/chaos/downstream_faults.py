"""What the effects are brought to is not there, refuses, or does not answer."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.chaos import witness
from tests.chaos.fault import Fault, Strike
from tests.chaos.live import Live
from tests.chaos.scenes import Scene, Surroundings, plain

OUTAGE_SECONDS, SILENT_SECONDS = 6.0, 30.0


class Listener(ThreadingHTTPServer):
    """Takes as many connections at once as all handlers of the pipeline can open."""

    request_queue_size = 1024


class Downstream:
    """A server of somebody else.

    Attributes:
        status: What it answers.
        silent: Whether it answers at all: set while it does not.
    """

    def __init__(self) -> None:
        self.status, self.silent = 200, threading.Event()
        outer = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                began = time.monotonic()
                while outer.silent.is_set() and time.monotonic() - began < SILENT_SECONDS:
                    time.sleep(0.1)
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._answer = Answer
        self._server = Listener(("127.0.0.1", 0), Answer)
        self.port = self._server.server_port
        self.start()

    def start(self) -> None:
        """Listen."""
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Be gone: connections are refused."""
        self._server.shutdown()
        self._server.server_close()

    def come_back(self) -> None:
        """Listen again, at the same address."""
        self._server = Listener(("127.0.0.1", self.port), self._answer)
        self.start()


@contextmanager
def gone(live: Live) -> Iterator[None]:
    """It is not there."""
    live.surroundings.parts.stop()
    yield
    live.surroundings.parts.come_back()


@contextmanager
def silent(live: Live) -> Iterator[None]:
    """It takes connections and does not answer."""
    live.surroundings.parts.silent.set()
    yield
    live.surroundings.parts.silent.clear()


def refusing(status: int) -> Strike:
    """It answers so."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        live.surroundings.parts.status = status
        yield
        live.surroundings.parts.status = 200

    return strike


@contextmanager
def _opened(folder: Path) -> Iterator[Surroundings]:
    downstream = Downstream()
    try:
        with plain("fsync", {"appendonly": "yes", "appendfsync": "always"})(folder) as surroundings:
            surroundings.parts = downstream
            surroundings.settings[witness.DOWNSTREAM] = str(downstream.port)
            yield surroundings
    finally:
        downstream.stop()


SCENES = [Scene("downstream", "as `fsync`; each effect is brought to another HTTP server", _opened)]
HERE = ("downstream",)
BACK = "it is back after 6 s; the groups, which have paused, try it and go on"
FAULTS = [
    Fault("downstream gone", "What effects are brought to refuses connections.", gone, BACK, OUTAGE_SECONDS, HERE),
    Fault("downstream refuses", "It answers 503.", refusing(503), BACK, OUTAGE_SECONDS, HERE),
    Fault("downstream silent", "It takes connections and does not answer.", silent, BACK, OUTAGE_SECONDS, HERE),
]
