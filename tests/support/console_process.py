"""A real console process, and requests as a browser of its own page sends them."""

import json
import sys
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, ClassVar, Self
from urllib.parse import urlencode

from salesloft_webhooks.broker.rights import Role
from tests.support.http_client import Reply, exchange, request
from tests.support.role_process import RoleProcess
from tests.support.servers import free_port
from tests.support.waiting import wait_until


@dataclass
class ConsoleProcess(RoleProcess):
    """``salesloft-webhooks console`` on free ports of this machine; nobody has to sign in, unless ``settings`` say so.

    Attributes:
        redis_url: Its store.
        settings: More environment variables.
    """

    role: ClassVar[Role] = Role.CONSOLE
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    ops_port: int = field(default_factory=free_port)

    def start(self) -> Self:
        """Start it and wait until it answers."""
        program = (sys.executable, "-m", "salesloft_webhooks", "console")
        self._launch(program, {"CONSOLE_PORT": str(self.port), "CONSOLE_AUTH": "none"})
        self.wait_until_ready("the console")
        return self

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def host(self) -> str:
        """What browsers call it."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://{self.host}"

    def get(self, path: str, **headers: str) -> Reply:
        """What a page answers."""
        return exchange(self.port, request("GET", path, {"Host": self.host} | headers))

    def counted(self, path: str) -> Reply:
        """What a page answers when what it is about has been counted beside it: a busy machine takes long."""
        while (reply := self.get(path)).status == HTTPStatus.ACCEPTED:
            pass
        return reply

    def json(self, path: str) -> Any:
        """What ``/api/v1`` says of a page, when all is counted; fails the test unless it is there."""
        reply = self.counted(f"/api/v1{path}")
        assert reply.status == 200, reply
        return json.loads(reply.body)

    def post(self, path: str, fields: dict[str, Any] | None = None, *, seconds: float = 10.0, **headers: str) -> Reply:
        """What an action answers to its form, sent by a page of the console (unless ``headers`` say otherwise)."""
        body = urlencode(fields or {}, doseq=True).encode()
        sent = {
            "Host": self.host,
            "Sec-Fetch-Site": "same-origin",
            "Content-Type": "application/x-www-form-urlencoded",
            "Content-Length": str(len(body)),
        }
        return exchange(self.port, request("POST", path, sent | headers, body), seconds=seconds)

    def wait_for_store(self, *, there: bool, seconds: float = 15.0) -> None:
        """Return when its pages say that the store answers, or that it does not."""
        said = "there" if there else "away"
        wait_until(
            lambda: (json.loads(self.get("/api/v1/store-state").body)["problem"] == "") is there,
            seconds=seconds,
            description=f"the console knows that the store is {said}",
        )
