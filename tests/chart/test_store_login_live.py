"""What the chart says of the store's login, given to real pods: certificates, three Sentinels, rotations."""

import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from tests.chart.rendering import merged, render, shape
from tests.chart.test_store_login import FOLDER
from tests.support.certificates import make_authority, make_certificate
from tests.support.mounted_secrets import Mounted
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import free_port
from tests.support.tls_servers import start_tls_sentinel, start_tls_server, stop_tls_server
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

pytestmark = [
    pytest.mark.skipif(
        shutil.which("redis-server") is None, reason="redis-server is not installed: TLS to the store is not tested"
    ),
    pytest.mark.timeout(90),
]


WATCHER = "+@connection -@dangerous +sentinel|masters"
"""What docs/operations.md gives to the user that asks Sentinels."""


@dataclass
class Guarded:
    """A server behind three Sentinels, all with TLS that asks for certificates.

    Attributes:
        files: Certificates: ``ca`` signed those of servers and ``client``, ``next-ca`` signed ``next-client``, which
            is an administrator's, too. Both are trusted at first.
        port: Of the server, which knows the user ``salesloft`` and nobody without a password.
        sentinels: Ports of the Sentinels, which know the user ``watcher``.
    """

    files: Path
    port: int = field(default_factory=free_port)
    sentinels: list[int] = field(default_factory=lambda: [free_port() for _ in range(3)])

    def client(self, port: int, password: str) -> redis.Redis:
        """An administrator's connection, to the server or to a Sentinel."""
        return self.login(port, "next-client", "default", password)

    def login(self, port: int, certificate: str, user: str, password: str) -> redis.Redis:
        """A connection with a certificate, as a user."""
        return redis.Redis(
            port=port,
            username=user,
            password=password,
            ssl=True,
            ssl_ca_certs=str(self.files / "ca.pem"),
            ssl_certfile=str(self.files / f"{certificate}.pem"),
            ssl_keyfile=str(self.files / f"{certificate}.key"),
        )

    def administer(self, *words: str) -> None:
        """One command to the server."""
        with self.client(self.port, "admin") as client:
            client.execute_command(*words)

    def administer_sentinels(self, *words: str) -> None:
        """One command to each Sentinel."""
        for port in self.sentinels:
            with self.client(port, "among-us") as client:
                client.execute_command(*words)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    """All four."""
    (files := tmp_path / "files").mkdir()
    for authority in ("ca", "next-ca"):
        make_authority(files, authority)
    make_certificate(files, "server")
    make_certificate(files, "client")
    make_certificate(files, "next-client", "next-ca")
    (files / "both.pem").write_bytes((files / "ca.pem").read_bytes() + (files / "next-ca.pem").read_bytes())
    found = Guarded(files)
    with ExitStack() as stack:
        strict = {"tls-auth-clients": "yes", "tls-ca-cert-file": "both.pem"}
        more = {**strict, "save": "", "requirepass": "admin"}
        stack.callback(stop_tls_server, start_tls_server(files, found.port, more))
        found.administer("ACL", "SETUSER", "salesloft", "on", ">first", "~sl:*", "+@all", "-@dangerous", "+info")
        lines = ["sentinel auth-pass main admin", "requirepass among-us", "sentinel sentinel-pass among-us"]
        for port in found.sentinels:
            sentinel = start_tls_sentinel(files, port, f"main 127.0.0.1 {found.port} 2", more=strict, lines=lines)
            stack.callback(stop_tls_server, sentinel)
        found.administer_sentinels("ACL", "SETUSER", "watcher", "on", ">one", *WATCHER.split())
        yield found


@dataclass
class Traffic:
    """Deliveries, one after another, and how they were answered."""

    receiver: ReceiverProcess
    answers: Counter[int] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until stopped."""
        number = 0
        while not self.stopping.wait(0.005):
            number += 1
            self.answers[self.receiver.send(delivery(envelope(f"e{number}", event_type="person.updated"))).status] += 1

    def goes_on(self) -> None:
        """Return when a hundred more were accepted."""
        before = self.answers[200]
        wait_until(lambda: self.answers[200] > before + 100, seconds=20, description="deliveries are accepted")


def environment(guarded: Guarded, mounted: Mounted, component: str) -> dict[str, str]:
    """What a pod of the release knows of the store."""
    sentinels = ",".join(f"localhost:{port}" for port in guarded.sentinels)
    ports = {"networkPolicy": {"redis": {"ports": [guarded.port, *guarded.sentinels]}}}
    url = f"rediss+sentinel://{sentinels}/main/0"
    values = merged(merged(shape("redis-parts"), ports), {"redis": {"url": url}})
    secrets = {"redis-user": "salesloft"}
    found = {}
    for name, value in render(values).environment(component).items():
        if name.startswith("REDIS_"):
            text = value if isinstance(value, str) else secrets[value["secretKeyRef"]["name"]]
            found[name] = text.replace(FOLDER, str(mounted.directory))
    return found


@pytest.fixture
def mounted(guarded: Guarded, tmp_path: Path) -> Mounted:
    """The Secrets as they are first."""
    found = Mounted(tmp_path / "etc", guarded.files)
    found.put_authority()
    found.put_certificate("client")
    found.put_password("redis-login", "first")
    found.put_password("redis-sentinel", "one")
    return found


@pytest.fixture
def traffic(guarded: Guarded, mounted: Mounted) -> Iterator[Traffic]:
    """A receiver and a worker of the release, and deliveries."""
    own = environment(guarded, mounted, "receiver")
    receiver = ReceiverProcess(own["REDIS_URL"], own)
    handling = {"WORKER_HANDLERS": "tests.prometheus.handlers:router"}
    worker = WorkerProcess("demo", own["REDIS_URL"], environment(guarded, mounted, "worker-activity") | handling)
    with receiver:
        worker.start()
        found = Traffic(receiver)
        sender = threading.Thread(target=found.run)
        sender.start()
        yield found
        found.stopping.set()
        sender.join()
        stored = receiver.metric("salesloft_webhooks_deliveries_total", outcome="stored")
        done = ("salesloft_webhooks_attempts_total", {"outcome": "done"})
        wait_until(lambda: worker.metric(done[0], **done[1]) == stored, seconds=30, description="all is handled")
        worker.kill()
    with guarded.client(guarded.port, "admin") as client:
        assert client.xlen("sl:{0}:events") == found.answers[200] == stored


def new_password(guarded: Guarded, mounted: Mounted) -> None:
    """The server's user gets another one, beside the old one until the pods have it."""
    guarded.administer("ACL", "SETUSER", "salesloft", ">second")
    mounted.put_password("redis-login", "second")


def without_old_password(guarded: Guarded) -> None:
    """Only that one, for everybody from now on."""
    guarded.administer("ACL", "SETUSER", "salesloft", "<first")
    guarded.administer("CLIENT", "KILL", "USER", "salesloft")


def new_sentinel_password(guarded: Guarded, mounted: Mounted) -> None:
    """The same at the Sentinels."""
    guarded.administer_sentinels("ACL", "SETUSER", "watcher", ">two")
    mounted.put_password("redis-sentinel", "two")


def without_old_sentinel_password(guarded: Guarded) -> None:
    """Sentinels are asked at each connect to the server."""
    guarded.administer_sentinels("ACL", "SETUSER", "watcher", "<one")
    guarded.administer_sentinels("CLIENT", "KILL", "USER", "watcher")
    guarded.administer("CLIENT", "KILL", "USER", "salesloft")


def new_certificate(_guarded: Guarded, mounted: Mounted) -> None:
    """Of another authority, which the server trusts beside the old one until the pods have it."""
    mounted.put_certificate("next-client")


def without_old_certificate(guarded: Guarded) -> None:
    """Who shows a certificate of the old authority is refused from now on."""
    guarded.administer("CONFIG", "SET", "tls-ca-cert-file", "next-ca.pem")
    guarded.administer("CLIENT", "KILL", "USER", "salesloft")


ROTATIONS: dict[str, tuple[Callable[[Guarded, Mounted], None], Callable[[Guarded], None]]] = {
    "password": (new_password, without_old_password),
    "password-of-the-sentinels": (new_sentinel_password, without_old_sentinel_password),
    "certificate": (new_certificate, without_old_certificate),
}


def test_each_part_of_the_login_is_rotated_under_traffic(guarded: Guarded, mounted: Mounted, traffic: Traffic) -> None:
    """Both passwords and the certificate are exchanged and the old ones taken away: all goes on, nothing is lost."""
    traffic.goes_on()

    for bring, take_away in ROTATIONS.values():
        bring(guarded, mounted)
        traffic.goes_on()
        take_away(guarded)
        traffic.goes_on()

    for port, certificate, user, password in (
        (guarded.port, "next-client", "salesloft", "first"),
        (guarded.port, "client", "salesloft", "second"),
        (guarded.sentinels[0], "next-client", "watcher", "one"),
    ):
        with guarded.login(port, certificate, user, password) as old, pytest.raises(redis.ConnectionError):
            old.ping()
    assert set(traffic.answers) <= {200, 503}
