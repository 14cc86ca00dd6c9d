"""Containers of the image under test, run as the chart runs them: no capabilities, no privilege, nothing writable."""

import json
import os
import subprocess
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tests.support.receiver_process import SECRET
from tests.support.servers import free_port
from tests.support.waiting import wait_until

ENGINE = os.environ.get("DOCKER", "docker")
IMAGE = os.environ.get("IMAGE", "salesloft-webhooks:dev")
RESTRICTED = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--memory=320m"]


def engine(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """One command of the engine."""
    return subprocess.run([ENGINE, *arguments], capture_output=True, text=True, check=check, timeout=120)


def absent() -> str | None:
    """Why the image cannot be tested here, or None."""
    try:
        if engine("info", check=False).returncode:
            return "no container engine answers"
    except FileNotFoundError:
        return f"there is no {ENGINE}"
    return None if not engine("image", "inspect", IMAGE, check=False).returncode else f"there is no image {IMAGE}"


@dataclass
class Container:
    """One role in a restricted container that shares the machine's network, so that it reaches the test's server.

    Attributes:
        role: Arguments of the image.
        redis_url: Its store.
        settings: More environment variables.
        options: More options of ``docker run``.
        image: Which image.
    """

    role: tuple[str, ...]
    redis_url: str
    settings: dict[str, str] = field(default_factory=dict)
    options: tuple[str, ...] = ()
    image: str = IMAGE
    port: int = field(default_factory=free_port)
    ops_port: int = field(default_factory=free_port)
    identity: str = ""

    def __enter__(self) -> Self:
        environment = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "OPS_PORT": str(self.ops_port),
            "REDIS_URL": self.redis_url,
            "SALESLOFT_WEBHOOK_SECRET": SECRET,
            "SHUTDOWN_DELAY_SECONDS": "0.2",
        }
        variables = [f"--env={name}={value}" for name, value in (environment | self.settings).items()]
        command = ["run", "--detach", "--network=host", *RESTRICTED, *variables, *self.options, self.image, *self.role]
        self.identity = engine(*command).stdout.strip()
        return self

    def __exit__(self, *_: object) -> None:
        engine("rm", "--force", "--volumes", self.identity)

    def wait_until_ready(self) -> Self:
        """Wait for the readiness probe."""
        wait_until(self._ready, seconds=30, description=f"{self.role[0]} is ready\n{self.logs()}")
        return self

    def processor_seconds(self) -> float:
        """Processor time that the first process has used so far."""
        fields = Path(f"/proc/{self.inspect()['State']['Pid']}/stat").read_text("ascii").rpartition(")")[2].split()
        user, system = fields[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        """`docker stop`: SIGTERM to the first process, SIGKILL after 30 s. Returns its exit code."""
        engine("stop", "--time=30", self.identity)
        code: int = self.inspect()["State"]["ExitCode"]
        return code

    def inspect(self) -> dict[str, Any]:
        """What the engine knows about it."""
        (found,) = json.loads(engine("inspect", self.identity).stdout)
        return dict(found)

    def logs(self) -> str:
        """What it has printed."""
        completed = engine("logs", self.identity, check=False)
        return completed.stdout + completed.stderr

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ops_port}/readyz", timeout=2) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False
