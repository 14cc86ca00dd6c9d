"""What the rehearsals share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pods import Pipeline
from tests.support.servers import Server


@pytest.fixture
def pipeline(own_server: Server, tmp_path: Path) -> Iterator[Pipeline]:
    """Nothing runs yet."""
    pipeline = Pipeline(own_server, tmp_path / "effects.db")
    yield pipeline
    pipeline.kill()
