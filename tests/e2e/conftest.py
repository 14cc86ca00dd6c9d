"""What the rehearsals share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pods import Pipeline
from tests.support.s3_server import new_s3_server
from tests.support.servers import Server


@pytest.fixture
def pipeline(own_server: Server, tmp_path: Path) -> Iterator[Pipeline]:
    """Nothing runs yet."""
    pipeline = Pipeline(own_server, tmp_path / "effects.db")
    yield pipeline
    pipeline.kill()


@pytest.fixture(params=["folder", "s3"])
def warehouse_section(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, object]]:
    """The section `warehouse` of an empty one."""
    if request.param == "folder":
        (tmp_path / "warehouse").mkdir()
        yield {"url": f"file://{tmp_path}/warehouse"}
        return
    with new_s3_server() as server:
        yield server.section(f"{server.make_bucket('events')}/warehouse")
