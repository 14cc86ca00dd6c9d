"""What the rehearsals share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.pods import Pipeline
from tests.support.servers import Server


@pytest.fixture(autouse=True)
def _without_coverage(no_cover: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """These tests look at time: what they start runs at its own speed, also under `make coverage`."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
def pipeline(own_server: Server, tmp_path: Path) -> Iterator[Pipeline]:
    """Nothing runs yet."""
    pipeline = Pipeline(own_server, tmp_path / "effects.db")
    yield pipeline
    pipeline.kill()
