"""A registry, a key, and a release published there with them; without the tools the tests are skipped by name."""

import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chart.api_server import ApiServer
from tests.chart.rendering import TOOLS
from tests.image.containers import ENGINE, engine
from tests.release.published import ARCHITECTURE, Published
from tests.support.optional_tests import mark_below
from tests.support.servers import free_port
from tests.support.waiting import wait_until

NEEDED = ("cosign", "syft", "registry", "helm", "helm-oldest", "kube-apiserver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip them where there is nothing to run them with."""
    mark_below(Path(__file__).parent, items, pytest.mark.image, seconds=900, absent=_absent)


def _absent() -> str | None:
    missing = [name for name in NEEDED if not (TOOLS / "bin" / name).exists()]
    if missing:
        return f"A RELEASE IS NOT TESTED: no {', '.join(missing)} (make test-release)"
    try:
        silent = engine("info", check=False).returncode
    except FileNotFoundError:
        silent = 1
    return "A RELEASE IS NOT TESTED: no container engine answers (make test-release)" if silent else None


def _accepts(port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Host and port of an empty OCI registry on loopback, without TLS."""
    folder, port = tmp_path_factory.mktemp("registry"), free_port()
    settings = folder / "config.yml"
    settings.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {folder}/data}}}}\nhttp: {{addr: '127.0.0.1:{port}'}}\n"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([TOOLS / "bin/registry", "serve", settings], stdout=log, stderr=subprocess.STDOUT)
    try:
        wait_until(lambda: _accepts(port), seconds=20, description="the registry answers")
        yield f"localhost:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


@pytest.fixture(scope="session")
def published(registry: str, tmp_path_factory: pytest.TempPathFactory) -> Published:
    """This version, published there by the steps of the workflow and signed with a key of its own."""
    folder = tmp_path_factory.mktemp("release")
    for name in ("ours", "strangers"):
        subprocess.run(
            [TOOLS / "bin/cosign", "generate-key-pair", "--output-key-prefix", name],
            env=os.environ | {"COSIGN_PASSWORD": ""},
            cwd=folder,
            check=True,
            capture_output=True,
        )
    release = Published(f"{registry}/platform", folder, ENGINE)
    for step in (("image", ARCHITECTURE), ("index", ARCHITECTURE), ("chart",)):
        release.step(*step)
    return release


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """A running API server: what is installed there is checked and kept, not run."""
    server = ApiServer(tmp_path_factory.mktemp("cluster"))
    try:
        yield server.start()
    finally:
        server.stop()
