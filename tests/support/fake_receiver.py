"""A small real HTTP server that answers like a receiver, or as badly as a test wants."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from salesloft_webhooks.dialects import DialectKeys, authenticate
from salesloft_webhooks.errors import SignatureRejected
from salesloft_webhooks.events import NewEvent
from tests.support.servers import free_port
from tests.support.waiting import wait_until


@dataclass
class Listener:
    """Remembers what it got.

    Attributes:
        keys: What it accepts.
        fail_first: So many deliveries are answered 503.
        status: What it answers to genuine deliveries.
        tolerance_seconds: How old a timestamp may be.
    """

    keys: DialectKeys
    fail_first: int = 0
    status: int = 200
    tolerance_seconds: float = 300
    port: int = field(default_factory=free_port)
    events: list[NewEvent] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    clients: set[object] = field(default_factory=set)
    deliveries: int = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hooks"

    async def answer(self, request: Request) -> Response:
        """Authenticate and read, as the receiver does."""
        self.deliveries += 1
        self.clients.add(request.client)
        body = await request.body()
        self.bodies.append(json.loads(body))
        if self.deliveries <= self.fail_first:
            return JSONResponse({"error": "Not stored, try again later"}, 503)
        try:
            self.events.append(
                authenticate(request.headers.raw, body, self.keys, time.time(), self.tolerance_seconds).read()[0]
            )
        except SignatureRejected:
            return JSONResponse({"error": "Invalid signature"}, 401)
        return JSONResponse({"received": True}, self.status, {"location": "/elsewhere"})

    @contextmanager
    def listening(self) -> Iterator["Listener"]:
        """While it answers."""
        app = Starlette(routes=[Route("/hooks", self.answer, methods=["POST"])])
        server = uvicorn.Server(uvicorn.Config(app, port=self.port, log_level="error"))
        thread = threading.Thread(target=server.run)
        thread.start()
        wait_until(lambda: server.started, description="the listener listens")
        try:
            yield self
        finally:
            server.should_exit = True
            thread.join()
