"""Each test with a warehouse runs in a folder, in S3 and in Google Cloud Storage, once each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from tests.support.gcs_server import GcsServer, new_gcs_server
from tests.support.s3_server import S3Server, new_s3_server


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """One running S3 server."""
    with new_s3_server() as server:
        yield server


@pytest.fixture(scope="session")
def gcs() -> Iterator[GcsServer]:
    """One running server that speaks Google Cloud Storage's protocol."""
    with new_gcs_server() as server:
        yield server


@pytest.fixture(params=["folder", "s3", "gcs"])
def section(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, object]:
    """The section of an empty warehouse; its prefix has what an address must quote."""
    if request.param == "folder":
        (tmp_path / "the warehouse").mkdir()
        return {"url": f"file://{tmp_path}/the%20warehouse"}
    server: S3Server | GcsServer = request.getfixturevalue(request.param)
    return server.section(f"{server.make_bucket('b')}/the%20warehouse")


@pytest.fixture
def storage(section: dict[str, object]) -> Storage:
    """An empty warehouse."""
    return open_storage(WarehouseConfiguration.model_validate(section))
