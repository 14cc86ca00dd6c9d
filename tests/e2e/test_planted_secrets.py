"""Secrets that are planted in every role; all of them work, and fail; then they are looked for wherever people read.

Not in the environment of a process (`/proc/PID/environ`) nor in its files, which are its own: there they have to be.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from salesloft_webhooks.broker.body_encryption import key_line
from salesloft_webhooks.broker.rights import Role
from tests.support.backfill_process import TOKEN as API
from tests.support.backfill_process import BackfillProcess, silent_salesloft
from tests.support.console_process import ConsoleProcess
from tests.support.http_client import Connection, request
from tests.support.operator_process import OperatorProcess
from tests.support.receiver_process import PATH, ReceiverProcess, delivery, envelope, native_headers, signature
from tests.support.role_process import RoleProcess
from tests.support.servers import Server
from tests.support.store_users import as_role, password
from tests.support.trace_collectors import Received, http_collector
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

HMAC, TOKEN, MASTER = "planted-hmac-key", "planted-callback-token", "planted-master-key"
CONSOLE, DATABASE = "planted-console-token", "planted-database-password"
NOTIFY, ALERT, CLUSTER = "planted-chat-token", "planted-alert-token", "planted-cluster-token"
NATIVE = json.dumps({"id": 7, "first_name": "Robin", "callback_token": TOKEN}).encode()
COMMANDS = ("status", "dead list crm", "quarantine list", "body-keys list", "events --help")
KUBECONFIG = f"""
apiVersion: v1
kind: Config
current-context: here
clusters: [{{name: here, cluster: {{server: "http://127.0.0.1:1"}}}}]
users: [{{name: robin, user: {{token: {CLUSTER}}}}}]
contexts: [{{name: here, context: {{cluster: here, user: robin, namespace: here}}}}]
"""
READERS: dict[bytes, Sequence[Any]] = {
    b"string": ("GET",),
    b"hash": ("HGETALL",),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"stream": ("XRANGE", "-", "+"),
}


pytestmark = pytest.mark.timeout(240)


@dataclass
class Planted:
    """Everything that runs, and what was said to whoever asked it.

    Attributes:
        server: The store.
        collector: Gets the traces.
        secrets: By what they are.
        settings: Of every role.
        roles: The processes.
        said: Answers to strangers and to commands, by who answered.
    """

    server: Server
    collector: Received
    secrets: dict[str, str]
    settings: dict[str, str]
    roles: dict[str, RoleProcess] = field(default_factory=dict)
    said: dict[str, bytes] = field(default_factory=dict)

    def command(self, words: str, **settings: str) -> None:
        """Run a command with every secret in its environment."""
        given = {"REDIS_URL": as_role(self.server.url, Role.ACT), "LOG_LEVEL": "debug", **self.settings, **settings}
        ran = subprocess.run(
            [sys.executable, "-m", "salesloft_webhooks", *words.split()],
            env=os.environ | given,
            capture_output=True,
            timeout=120,
            check=False,
        )
        self.said[f"{words} {[*settings]}"] = ran.stdout + ran.stderr

    def ask(self, name: str, port: int, raw: bytes) -> None:
        """Send a request, and keep the whole answer."""
        with Connection(port) as connection:
            connection.send(raw)
            connection.end()
            self.said[name] = connection.rest()

    def stored(self) -> Iterator[tuple[str, bytes]]:
        """Everything in the store, and what the server says of itself."""
        with redis.Redis(port=self.server.port) as client:
            for key in client.scan_iter():
                kind: Any = client.type(key)
                words = READERS[kind]
                yield f"key {key!r}", repr((key, client.execute_command(words[0], key, *words[1:]))).encode()
            for words in (("SLOWLOG GET", 100), ("ACL LOG",), ("CLIENT LIST",), ("INFO", "everything")):
                yield str(words[0]), repr(client.execute_command(*words)).encode()

    def found(self, places: Iterable[tuple[str, bytes]]) -> set[tuple[str, str]]:
        """Which secret stands where."""
        return {
            (name, where) for where, text in places for name, value in self.secrets.items() if value.encode() in text
        }


def settings_with_secrets(salesloft: str, collector: str, folder: Path) -> dict[str, str]:
    """Of every role: the addresses, the secrets themselves, and the files in this folder that hold others."""
    return {
        "SALESLOFT_WEBHOOK_SECRET": HMAC,
        "SALESLOFT_CALLBACK_TOKEN": TOKEN,
        "SALESLOFT_CALLBACK_SECRET": MASTER,
        "SALESLOFT_API_URL": salesloft,
        "SALESLOFT_API_TOKEN": API,
        "DATABASE_URL": f"postgresql://robin:{DATABASE}@127.0.0.1:1/crm",
        "NOTIFY_URLS": f"json://{NOTIFY}@127.0.0.1:1/",
        "ALERT_URLS": f"json://{ALERT}@127.0.0.1:1/",
        "BODY_KEY_FILE": str(folder / "keys"),
        "ENCRYPT_BODIES": "false",
        "CONSOLE_AUTH": "token",
        "CONSOLE_TOKENS_FILE": str(folder / "tokens"),
        "LOG_LEVEL": "debug",
        "UPKEEP_SECONDS": "0.5",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        "OTEL_BSP_SCHEDULE_DELAY": "100",
    }


@pytest.fixture
def planted(valkey: Server, tmp_path: Path) -> Iterator[Planted]:
    """All roles, with secrets; no role is shared with another test."""
    key, tokens, kube = key_line(), tmp_path / "tokens", tmp_path / "kube.yaml"
    (tmp_path / "keys").write_text(f"{key}\n")
    tokens.write_text(f"robin:view,operate:{sha256(CONSOLE.encode()).hexdigest()}\n")
    kube.write_text(KUBECONFIG)
    secrets = {"hmac": HMAC, "callback token": TOKEN, "master key": MASTER, "api token": API, "console token": CONSOLE}
    secrets |= {"database": DATABASE, "chat": NOTIFY, "alert": ALERT, "cluster": CLUSTER, "body key": key.split()[0]}
    secrets |= {f"redis password of {role}": password(role) for role in Role}
    with http_collector() as collector, silent_salesloft(3) as salesloft, ExitStack() as stack:
        settings = settings_with_secrets(salesloft, collector.endpoint, tmp_path)
        running = Planted(valkey, collector, secrets, settings)
        url, handlers = valkey.url, {"WORKER_HANDLERS": "tests.e2e.rights_handlers:router"}
        running.roles = {
            "receiver": ReceiverProcess(url, settings),
            "worker": WorkerProcess("crm", url, settings | handlers),
            "worker without a database": WorkerProcess("activity", url, settings),
            "worker with a wrong password": WorkerProcess(
                "crm", f"redis://worker:{HMAC}@127.0.0.1:{valkey.port}/0", settings
            ),
            "console": ConsoleProcess(url, settings),
            "backfill": BackfillProcess(salesloft, url, settings),
            "operator": OperatorProcess(kube, url, settings),
        }
        for role in running.roles.values():
            stack.callback(role.kill)
        yield running


def test_no_secret_is_anywhere(planted: Planted, capfd: pytest.CaptureFixture[str]) -> None:
    """Not in logs, metrics, traces, command lines, answers, what commands say, nor anywhere in the store."""
    start(planted)
    deliver(planted)
    look(planted)
    pids = [each.pid for role in planted.roles.values() for each in family(role.pid)]
    lines = [(f"command line of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes()) for pid in pids]
    for role in planted.roles.values():
        role.stop()
    logs = "".join(capfd.readouterr()).encode()

    assert {each.partition(": ")[2] for each in planted.server.refused()} == {"auth HELLO"}  # two logins were wrong
    traces, stored = repr(planted.collector.requests).encode(), list(planted.stored())

    assert logs.count(b'"event":') > 20
    assert planted.collector.spans
    assert any(b"Robin" in text for _, text in stored), "bodies are not stored as they came: the search would be blind"
    assert planted.found([*lines, *planted.said.items(), ("logs", logs), ("traces", traces), *stored]) == set()


def family(pid: int) -> list[psutil.Process]:
    """A process and what it has started."""
    return [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]


def start(planted: Planted) -> None:
    """All at once; three of them cannot become ready."""
    roles: Any = planted.roles
    for name in ("operator", "worker", "worker without a database", "worker with a wrong password"):
        roles[name].launch()
    for name in ("receiver", "console", "backfill"):
        roles[name].start()
    roles["worker"].wait_until_ready("the worker")


def deliver(planted: Planted) -> None:
    """What is right, forged, unreadable and handled in vain."""
    receiver: Any = planted.roles["receiver"]
    own = {"X-Salesloft-Timestamp": str(int(time.time()))}
    for number, event_type in enumerate(("person.updated", "person.created", "call.created")):
        body = envelope(f"e{number}", event_type=event_type)
        signed = own | {"X-Salesloft-Signature": signature(body, own["X-Salesloft-Timestamp"], HMAC)}
        planted.ask(f"envelope {number}", receiver.port, request("POST", PATH, signed, body))
    broken = NATIVE[:-1]
    for name, raw in {
        "native": request("POST", PATH, native_headers(NATIVE, "person_updated", TOKEN), NATIVE),
        "unreadable": request("POST", PATH, native_headers(broken, "person_updated", TOKEN), broken),
        "forged": delivery(envelope("forged")),
        "no HTTP": b"nothing\r\n\r\n",
        "not there": request("GET", f"/{HMAC[:7]}"),
    }.items():
        planted.ask(name, receiver.port, raw)
    assert [planted.said[name][9:12] for name in ("envelope 0", "native", "unreadable", "forged")] == [
        *(b"200", b"200"),
        *(b"400", b"401"),
    ]
    with planted.server.client() as store:
        wait_until(lambda: store.xlen("sl:{0}:g:crm:dead") > 0, seconds=30, description="one was given up")


def look(planted: Planted) -> None:
    """Metrics and probes of every role, pages of the console with and without its token, and commands."""
    for name, role in planted.roles.items():
        wait_until(lambda role=role: role.probe("/livez") == 200, seconds=60, description=f"{name} answers")  # type: ignore[misc]
        for path in ("/metrics", "/readyz", "/nothing"):
            planted.ask(f"{name} {path}", role.ops_port, request("GET", path))
    console: Any = planted.roles["console"]
    for path in ("/", "/events", "/dead?group=crm", "/quarantine", "/subscriptions", "/nothing"):
        for token in (CONSOLE, "wrong"):
            fields = {"Host": console.host, "Authorization": f"Bearer {token}"}
            planted.ask(f"console {path} {token == CONSOLE}", console.port, request("GET", path, fields))
    assert [planted.said[f"console / {right}"][9:12] for right in (True, False)] == [b"200", b"401"]
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(planted.command, COMMANDS))
    wrong = f"redis://act:{HMAC}@127.0.0.1:{planted.server.port}/0"
    planted.command("status", REDIS_URL=wrong)
    planted.command("status", DATABASE_URL=f"{DATABASE}", LEASE_SECONDS=HMAC)
