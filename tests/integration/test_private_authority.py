"""A store that uses TLS with a certificate authority of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.connection import translated
from salesloft_webhooks.errors import ConfigurationError, StoreUnavailable
from salesloft_webhooks.settings import Settings
from tests.servers import free_port, wait_until

pytestmark = pytest.mark.skipif(
    shutil.which("redis-server") is None, reason="redis-server is not installed: TLS to the store is not tested"
)


def _certificate(directory: Path) -> None:
    """A certificate for localhost, which is its own authority."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run([*command, "-keyout", "key.pem", "-out", "ca.pem"], cwd=directory, check=True, capture_output=True)


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """Port and authority of a Redis that speaks nothing but TLS."""
    directory = tmp_path_factory.mktemp("tls")
    _certificate(directory)
    port = free_port()
    options = {"port": "0", "tls-port": str(port), "bind": "127.0.0.1", "save": "", "tls-auth-clients": "no"}
    files = {"tls-cert-file": "ca.pem", "tls-key-file": "key.pem", "tls-ca-cert-file": "ca.pem", "dir": str(directory)}
    words = [word for name, value in (options | files).items() for word in (f"--{name}", value)]
    server = subprocess.Popen(["redis-server", *words], cwd=directory, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    log = iter(server.stdout)
    wait_until(lambda: "Ready to accept connections" in next(log, "exited: Ready"), description="the server is ready")
    yield port, directory / "ca.pem"
    server.terminate()
    server.wait(timeout=10)
    server.stdout.close()


async def test_the_named_authority_is_trusted(tls_server: tuple[int, Path]) -> None:
    """With REDIS_CA_FILE the store is reached over TLS; without, its certificate is refused."""
    port, authority = tls_server
    url = f"rediss://localhost:{port}/0"

    async with open_store(Settings.load(redis_url=url, redis_ca_file=authority)) as store:
        with translated():
            assert await store.client.ping()
    async with open_store(Settings.load(redis_url=url)) as store:
        with pytest.raises(StoreUnavailable), translated():
            await store.client.ping()


async def test_an_authority_without_tls_is_a_mistake(tmp_path: Path) -> None:
    """An authority for a URL that does not use TLS is refused at start-up, naming both settings."""
    settings = Settings.load(redis_url="redis://localhost:1/0", redis_ca_file=tmp_path / "ca.pem")

    with pytest.raises(ConfigurationError, match=r"REDIS_CA_FILE.*REDIS_URL"):
        async with open_store(settings):
            pass
