"""Which processes there are, with which settings: the recipe of `up`, without starting anything."""

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from salesloft_webhooks.cli.commands.up import valkey
from salesloft_webhooks.cli.commands.up.data_folder import DataFolder
from salesloft_webhooks.cli.commands.up.own_environment import TEXTS, Reader, own_environment
from salesloft_webhooks.cli.commands.up.ports import free_port
from salesloft_webhooks.cli.commands.up.supervised_process import Program
from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS
from salesloft_webhooks.listening import reachable
from salesloft_webhooks.settings import Settings

SELF = (sys.executable, "-m", "salesloft_webhooks")
GROUPS = tuple(row.name for row in BUILTIN_GROUPS if row.on_by_default)
DEMO_GROUP = "flaky"
LOOPBACK = "127.0.0.1"
CALLBACK_HOST = "hooks.example.com"
DEMO_SECRETS = ("SALESLOFT_WEBHOOK_SECRET", "SALESLOFT_CALLBACK_SECRET")
PER_WORKER_SETTINGS = {"WORKER_GROUP", "WORKER_HANDLERS", "WORKER_EVENTS", "WORKER_PARTITIONS"}
"""Settings of one worker, which would be wrong for the others."""
GRACE_SECONDS = 4
"""Somebody waits at the terminal for Ctrl-C to be over: less than a cluster's graces."""


@dataclass(frozen=True)
class UpOptions:
    """What the command line asks for.

    Attributes:
        folder: Where the data is kept.
        demo: With a simulated SalesLoft and invented secrets.
        host: Address to listen on.
        port: Webhook port, free.
        ops_port: The receiver's probes and metrics, free.
        store_port: The embedded server's, free.
        rate: Changes a second at the simulated SalesLoft.
        console_port: The console's pages, free; None: without a console.
    """

    folder: DataFolder
    demo: bool
    host: str
    port: int
    ops_port: int
    store_port: int
    rate: float = 20.0
    console_port: int | None = None


class Plan:
    """The programs, in the order in which they start."""

    def __init__(self, options: UpOptions) -> None:
        self.options = options
        self.groups = (*GROUPS, *((DEMO_GROUP,) if options.demo else ()))
        self.api_port, self.control_port = free_port(LOOPBACK), free_port(LOOPBACK)
        self.group_ports = {group: free_port(options.host) for group in self.groups}
        self.console_ops_port = free_port(LOOPBACK)
        self.environment = self._environment()

    @property
    def console_url(self) -> str:
        """Where the console is; empty without one."""
        host, port = self._console.get("HOST", self.options.host), self.options.console_port
        return "" if port is None else f"http://{reachable(host)}:{port}"

    @property
    def url(self) -> str:
        """Where deliveries go."""
        return f"http://{self._reachable}:{self.options.port}{self._path}"

    @property
    def callback_url(self) -> str:
        """What a demo registers at its SalesLoft, which posts it to `url`: an address as a genuine one has to be."""
        return f"https://{CALLBACK_HOST}{self._path}"

    @property
    def _path(self) -> str:
        return self.environment.get("SOURCE_PATH") or str(Settings.model_fields["source_path"].default)

    @property
    def owns_database(self) -> bool:
        """Whether the handlers write into the data folder, and not where the user's DATABASE_URL says."""
        return self.environment.get("DATABASE_URL") == f"sqlite+aiosqlite:///{self.options.folder.database}"

    @property
    def operations(self) -> dict[str, str]:
        """Address of each role's probes and metrics, by process."""
        ports = {"receiver": self.options.ops_port, **self.group_ports}
        found = {name: f"http://{self._reachable}:{port}" for name, port in ports.items()}
        if self.options.console_port is not None:
            host = reachable(self._console.get("HOST", self.options.host))
            found["console"] = f"http://{host}:{self.console_ops_port}"
        return found

    @property
    def control(self) -> str:
        """Where a demo's simulated SalesLoft tells what became of its changes."""
        return f"http://127.0.0.1:{self.control_port}"

    @property
    def salesloft(self) -> dict[str, str]:
        """What is needed to ask the simulated SalesLoft; empty without one."""
        if not self.options.demo:
            return {}
        token = self.options.folder.secret("DEMO_SALESLOFT_API_TOKEN")
        return {"SALESLOFT_API_URL": f"http://127.0.0.1:{self.api_port}/v2", "SALESLOFT_API_TOKEN": token}

    @property
    def _reachable(self) -> str:
        return reachable(self.options.host)

    @property
    def published(self) -> dict[str, str]:
        """What commands in other terminals need. The user's own secrets are not written down, the demo's are."""
        names = {"REDIS_URL", "REDIS_KEY_PREFIX", "PARTITIONS", "PORT", "OPS_PORT", "SOURCE_PATH"}
        names |= set(DEMO_SECRETS) if self.options.demo else set()
        names |= {"DATABASE_URL"} if self.owns_database else set()
        chosen = {name: self.environment[name] for name in sorted(names) if self.environment.get(name)}
        addresses = {"WEBHOOK_URL": self.url, "OPERATIONS_URLS": ",".join(self.operations.values())}
        addresses |= {"CONSOLE_URL": self.console_url} if self.console_url else {}
        return chosen | self.salesloft | addresses

    def server(self) -> Program:
        """The store."""
        configuration = valkey.configure(self.options.folder, self.options.store_port)
        command = (valkey.program(), str(configuration))
        return self._program("valkey", Reader.SERVER, command, {}, parent_death=signal.SIGTERM)

    def roles(self) -> Iterator[Program]:
        """The receiver, the console and a worker for each group."""
        yield self._program("receiver", Reader.RECEIVER, (*SELF, "receiver"), {})
        if self.options.console_port is not None:
            yield self._program("console", Reader.CONSOLE, (*SELF, "console"), self._console)
        for group in self.groups:
            changed = {"WORKER_GROUP": group, "OPS_PORT": str(self.group_ports[group])}
            if group == DEMO_GROUP:
                changed |= {"WORKER_HANDLERS": "salesloft_webhooks.cli.commands.up.failing_handler:router"}
                changed |= {"MAX_ATTEMPTS": "4", "BACKOFF_CAP_SECONDS": "5"}
            yield self._program(group, Reader.WORKER, (*SELF, "worker"), changed)

    def simulator(self) -> Program | None:
        """SalesLoft, in a demo: it knows no key of ours, and sends nothing until something is registered."""
        if not self.options.demo:
            return None
        ports = ("--host", "127.0.0.1", "--port", str(self.api_port), "--control-port", str(self.control_port))
        traffic = (
            "--rate",
            f"{self.options.rate:g}",
            "--duplicates",
            "0.1",
            "--forgeries",
            "0.05",
            "--kept-records",
            "2000",
        )
        connect = ("--connect-to", f"{CALLBACK_HOST}=http://{self._reachable}:{self.options.port}")
        command = (*SELF, "simulator", *ports, *traffic, *connect, "--json")
        return self._program("simulator", Reader.SIMULATOR, command, self.salesloft)

    @property
    def _console(self) -> dict[str, str]:
        """The console's own settings: for this machine and whoever sits at it, unless the user says how to sign in."""
        ports = {"CONSOLE_PORT": str(self.options.console_port), "OPS_PORT": str(self.console_ops_port)}
        if not self.options.demo and self.environment.get("CONSOLE_AUTH", "none") != "none":
            return ports
        return ports | {"CONSOLE_AUTH": "none", "HOST": LOOPBACK}

    def _program(
        self, name: str, reader: Reader, command: tuple[str, ...], changed: Mapping[str, str], **rest: Any
    ) -> Program:
        log = self.options.folder.logs / f"{name}.log"
        return Program(name, command, {**own_environment(reader, self.environment), **changed}, log, **rest)

    def _environment(self) -> dict[str, str]:
        options, folder = self.options, self.options.folder
        # Invented people must never reach a real database, a real CRM or a real rep.
        dropped = PER_WORKER_SETTINGS | (TEXTS if options.demo else frozenset())
        environment = {name: value for name, value in os.environ.items() if name.upper() not in dropped}
        if options.demo:
            environment |= {name: folder.secret(f"DEMO_{name}") for name in DEMO_SECRETS}
        if not environment.get("DATABASE_URL") and not environment.get("DATABASE_URL_FILE"):
            environment["DATABASE_URL"] = f"sqlite+aiosqlite:///{folder.database}"
        return environment | {
            "REDIS_URL": valkey.url(folder, options.store_port),
            "DURABILITY": "fsync",
            "HOST": options.host,
            "PORT": str(options.port),
            "OPS_PORT": str(options.ops_port),
            "SHUTDOWN_DELAY_SECONDS": "0",
            "DRAIN_SECONDS": str(GRACE_SECONDS),
            "GRACE_SECONDS": str(GRACE_SECONDS),
        }
