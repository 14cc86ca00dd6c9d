"""A real receiver process, and deliveries as a sender makes them: signed here, independently of the code under test."""

import base64
import hashlib
import hmac
import json
import sys
import time
from dataclasses import dataclass, field
from typing import ClassVar, Self

from salesloft_webhooks.broker.rights import Role
from tests.support.http_client import Reply, exchange, request
from tests.support.role_process import READY_SECONDS, RoleProcess
from tests.support.servers import free_port
from tests.support.waiting import wait_until

SECRET = "envelope-secret-for-tests"
TOKEN = "native-token-for-tests"
MESSAGE_SECRET = "whsec_" + base64.b64encode(b"an-invented-relay-secret-of-32-b").decode()
KEYS = {
    "envelope": {"SALESLOFT_WEBHOOK_SECRET": SECRET},
    "native": {"SALESLOFT_CALLBACK_TOKEN": TOKEN},
    "standard-webhooks": {"SALESLOFT_STANDARD_WEBHOOKS_SECRET": MESSAGE_SECRET},
}
"""A key by dialect, as a setting. A receiver has the first two unless told otherwise."""
PATH = "/webhooks/salesloft"


def envelope(event_id: str, /, **fields: object) -> bytes:
    """The body of an envelope delivery."""
    event: dict[str, object] = {
        "event_type": "person.updated",
        "event_id": event_id,
        "created_at": "2026-03-07T04:26:14Z",
        "data": {"id": 7, "first_name": "Robin"},
    }
    return json.dumps(event | fields).encode()


def signature(body: bytes, timestamp: str, secret: str = SECRET) -> str:
    """The envelope dialect's signature."""
    return hmac.new(secret.encode(), timestamp.encode("latin-1") + b"." + body, hashlib.sha256).hexdigest()


def signed_headers(body: bytes, *, timestamp: str | None = None, secret: str = SECRET) -> dict[str, str]:
    """The envelope dialect's headers."""
    timestamp = str(int(time.time())) if timestamp is None else timestamp
    return {"X-Salesloft-Timestamp": timestamp, "X-Salesloft-Signature": signature(body, timestamp, secret)}


def native_headers(body: bytes, event_name: str, token: str = TOKEN) -> dict[str, str]:
    """The native dialect's headers."""
    digest = hmac.new(token.encode(), body, hashlib.sha1).hexdigest()
    return {"X-Salesloft-Event": event_name, "X-Salesloft-Signature": digest}


def delivery(body: bytes, *, path: str = PATH, **headers: str) -> bytes:
    """A whole signed request; ``headers`` are added."""
    return request("POST", path, signed_headers(body) | headers, body)


@dataclass
class ReceiverProcess(RoleProcess):
    """``salesloft-webhooks receiver`` on free ports of this machine.

    Attributes:
        redis_url: Its store.
        settings: More environment variables.
        program: The command.
    """

    role: ClassVar[Role] = Role.RECEIVER
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "salesloft_webhooks", "receiver")
    port: int = field(default_factory=free_port)
    ops_port: int = field(default_factory=free_port)

    def start(self, *, ready: bool = True) -> Self:
        """Start it and wait until it is ready, or with ``ready=False`` until it answers at all."""
        self.launch()
        expected = (200,) if ready else (200, 503)
        wait_until(
            lambda: self.probe("/readyz") in expected, seconds=READY_SECONDS, description="the receiver's readiness"
        )
        listens = "the receiver's webhook port"
        wait_until(lambda: self.probe("/", port=self.port) == 404, seconds=READY_SECONDS, description=listens)
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        environment = {
            "PORT": str(self.port),
            **KEYS["envelope"],
            **KEYS["native"],
            "SHUTDOWN_DELAY_SECONDS": "0",
        }
        self._launch(self.program, environment)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    def send(self, raw: bytes) -> Reply:
        """Send one request and return its answer."""
        return exchange(self.port, raw)
