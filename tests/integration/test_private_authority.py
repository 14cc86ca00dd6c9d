"""Servers and Sentinels that use TLS with a certificate authority of their own, and ask for certificates of ours."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import uvloop

from salesloft_webhooks.broker import Group, GroupOptions, Store, open_store
from salesloft_webhooks.broker.connection.store import translated
from salesloft_webhooks.errors import ConfigurationError, StoreUnavailable
from salesloft_webhooks.settings import Settings
from tests.support.certificates import make_authority, make_certificate
from tests.support.servers import free_port
from tests.support.tls_servers import start_tls_sentinel, start_tls_server, stop_tls_server

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed: TLS to the store is not tested"
)


@dataclass
class Secured:
    """A server, a Sentinel that knows it, and the files to reach them with.

    Attributes:
        directory: Of the files: ``ca``, ``server`` and ``client``, each with ``.pem`` and ``.key``.
        port: Of a server that asks nobody for a certificate.
        strict_port: Of a server that asks everybody for one.
        sentinel_port: Of a Sentinel that speaks nothing but TLS and knows the first server as ``main``.
    """

    directory: Path
    port: int
    strict_port: int
    sentinel_port: int

    @property
    def authority(self) -> Path:
        """What signed the servers' certificates, and the right one of ours."""
        return self.directory / "ca.pem"


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """Two Redis servers and a Sentinel."""
    directory = tmp_path_factory.mktemp("tls")
    make_authority(directory)
    make_authority(directory, "stranger")
    make_certificate(directory, "server")
    make_certificate(directory, "client")
    make_certificate(directory, "forged", "stranger")
    found = Secured(directory, free_port(), free_port(), free_port())
    with ExitStack() as stack:
        for port, clients in ((found.port, "no"), (found.strict_port, "yes")):
            server = start_tls_server(directory, port, {"save": "", "tls-auth-clients": clients})
            stack.callback(stop_tls_server, server)
        sentinel = start_tls_sentinel(directory, found.sentinel_port, f"main 127.0.0.1 {found.port} 1")
        stack.callback(stop_tls_server, sentinel)
        yield found


async def ping(store: Store) -> bool:
    """Use the store once."""
    with translated():
        return bool(await store.client.ping())


async def ping_in_time(store: Store) -> bool:
    """The same, with some patience: on a busy machine, TLS alone can take the second that a connection may take."""
    for _ in range(10):
        with suppress(StoreUnavailable):
            return await ping(store)
    return await ping(store)


async def test_the_named_authority_is_trusted(secured: Secured) -> None:
    """With REDIS_CA_FILE the store is reached over TLS; without, its certificate is refused."""
    url = f"rediss://localhost:{secured.port}/0"

    async with open_store(Settings.load(redis_url=url, redis_ca_file=secured.authority)) as store:
        assert await ping(store)
    async with open_store(Settings.load(redis_url=url)) as store:
        with pytest.raises(StoreUnavailable, match="certificate") as caught:
            await ping(store)
    assert "localhost" not in str(caught.value)


async def test_an_authority_without_tls_is_a_mistake(tmp_path: Path) -> None:
    """An authority for a URL that does not use TLS is refused at start-up, naming both settings."""
    settings = Settings.load(redis_url="redis://localhost:1/0", redis_ca_file=tmp_path / "ca.pem")

    with pytest.raises(ConfigurationError, match=r"REDIS_CA_FILE.*REDIS_URL"):
        async with open_store(settings):
            pass


async def test_sentinels_speak_tls_with_the_same_authority(secured: Secured) -> None:
    """With rediss+sentinel:// the Sentinels are reached over TLS, too, unless REDIS_SENTINEL_TLS says no."""
    url = f"rediss+sentinel://localhost:{secured.sentinel_port}/main"
    settings = Settings.load(redis_url=url, redis_ca_file=secured.authority)

    async with open_store(settings) as store:
        assert await ping_in_time(store)
    async with open_store(settings.model_copy(update={"redis_sentinel_tls": False})) as store:
        with pytest.raises(StoreUnavailable, match="no sentinel"):
            await ping(store)
    async with open_store(settings.model_copy(update={"redis_ca_file": None})) as store:
        with pytest.raises(StoreUnavailable, match=r"no sentinel.*certificate"):
            await ping(store)


def client_settings(secured: Secured, certificate: Path, key: Path) -> Settings:
    """For the server that asks for certificates."""
    return Settings.load(
        redis_url=f"rediss://localhost:{secured.strict_port}/0",
        redis_ca_file=secured.authority,
        redis_client_cert_file=certificate,
        redis_client_key_file=key,
    )


async def test_a_certificate_of_ours_is_shown_and_read_anew(secured: Secured, tmp_path: Path) -> None:
    """A server that asks for a certificate refuses a forged one; when the files change, the next connect shows them."""
    certificate, key = tmp_path / "tls.crt", tmp_path / "tls.key"
    _copy(secured.directory, "forged", certificate, key)

    async with open_store(client_settings(secured, certificate, key)) as store:
        with pytest.raises(StoreUnavailable):
            await ping(store)
        _copy(secured.directory, "client", certificate, key)
        assert await ping(store)


def _copy(directory: Path, name: str, certificate: Path, key: Path) -> None:
    shutil.copy(directory / f"{name}.pem", certificate)
    shutil.copy(directory / f"{name}.key", key)


@pytest.mark.parametrize("wrong", ["key of another", "missing", "alone", "without tls"])
async def test_a_certificate_that_cannot_be_used_is_a_mistake(secured: Secured, wrong: str) -> None:
    """A certificate without its key, without TLS or without a file ends the program at start, naming the settings."""
    files = secured.directory
    settings = client_settings(secured, files / "client.pem", files / "client.key")
    changes: dict[str, dict[str, object]] = {
        "key of another": {"redis_client_key_file": files / "server.key"},
        "missing": {"redis_client_cert_file": files / "nowhere.pem"},
        "alone": {"redis_client_key_file": None},
        "without tls": {"redis_url": Settings.load(redis_url="redis://localhost:1").redis_url, "redis_ca_file": None},
    }

    with pytest.raises(ConfigurationError, match="REDIS_CLIENT_CERT_FILE"):
        async with open_store(settings.model_copy(update=changes[wrong])):
            pass


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def test_the_scripts_of_every_event_use_tls(secured: Secured, run: Callable[[Coroutine[Any, Any, int]], int]) -> None:
    """The connection they share is encrypted and verified like all others, in both event loops."""

    async def scenario() -> int:
        url = f"rediss://127.0.0.1:{secured.port}"
        async with open_store(Settings.load(redis_url=url, redis_ca_file=secured.authority)) as store:
            group = Group(store, GroupOptions("crm"), "one")
            return len([await group.take(0, 1) for _ in range(3)])

    assert run(scenario()) == 3
