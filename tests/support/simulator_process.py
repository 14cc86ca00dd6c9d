"""`salesloft-webhooks simulator` as a process: a SalesLoft with an API, a load, and an account of what became of it."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from typing import Any, Self

import httpx2

from tests.support.servers import free_port
from tests.support.waiting import wait_until

PROGRAM = (sys.executable, "-m", "salesloft_webhooks")
TOKEN = "an-invented-api-token"


@dataclass
class SimulatorProcess:
    """The command on free ports, as a context; nothing happens in it until it is given a rate.

    Attributes:
        options: More options of the command, such as ``--retry-seconds=0.1``.
        token: Whom it lets in.
        port: SalesLoft's API.
        control_port: The account, faults, load.
        arguments: The command itself.
        output: What it has printed on stdout, once it has ended.
    """

    options: tuple[str, ...] = ()
    token: str = TOKEN
    port: int = field(default_factory=free_port)
    control_port: int = field(default_factory=free_port)
    arguments: tuple[str, ...] = ("simulator", "--rate=0")
    output: str = ""
    _process: subprocess.Popen[str] | None = None

    @property
    def api_url(self) -> str:
        """As in `SALESLOFT_API_URL`."""
        return f"http://127.0.0.1:{self.port}/v2"

    def __enter__(self) -> Self:
        ports = (f"--port={self.port}", f"--control-port={self.control_port}")
        command = (*PROGRAM, *self.arguments, *ports, *self.options, "--json")
        environment = os.environ | {"HOST": "127.0.0.1", "SALESLOFT_API_TOKEN": self.token}
        self._process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        wait_until(self._is_ready, seconds=30, description="the simulator listens")
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        assert self._process is not None
        self._process.terminate()
        self.output, _ = self._process.communicate(timeout=30)
        code, self._process = self._process.returncode, None
        return code

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What the control port answers, which succeeds."""
        content = None if body is None else json.dumps(body).encode()
        address = f"http://127.0.0.1:{self.control_port}{path}"
        answer = httpx2.request(method, address, content=content, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def account(self) -> Any:
        """What became of everything that has happened."""
        return self.ask("GET", "/account")

    def settled(self, *, seconds: float = 30) -> Any:
        """The account, once the load is switched off and no change is under way."""
        self.ask("PUT", "/load", {"rate": 0})
        wait_until(lambda: not self.account()["under_way"], seconds=seconds, description="every change has ended")
        return self.account()

    def request(self, method: str, path: str, **form: str) -> httpx2.Response:
        """An answer of SalesLoft's API, asked with the valid token."""
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx2.request(method, self.api_url + path, data=form or None, headers=headers, trust_env=False)

    def subscribe(self, event: str, url: str, token: str) -> int:
        """Register a subscription; its id."""
        form = {"event_type": event, "callback_url": url, "callback_token": token}
        answer = self.request("POST", "/webhook_subscriptions", **form)
        assert answer.status_code == 200, answer.text
        return int(answer.json()["data"]["id"])

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the simulator has ended"
        try:
            return self.ask_ready()
        except httpx2.TransportError:
            return False

    def ask_ready(self) -> bool:
        """Whether its probe says so."""
        return httpx2.get(f"http://127.0.0.1:{self.control_port}/readyz", trust_env=False).status_code == 200
