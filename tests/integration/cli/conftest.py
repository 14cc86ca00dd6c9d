"""The command on an empty store, in a folder where no pipeline is running."""

from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.storage import Storage, open_storage
from salesloft_webhooks.handlers.builtin.warehouse.writing import WarehouseWriter
from tests.integration.cli.administered import Console
from tests.integration.cli.examined import Doctor
from tests.support import samples
from tests.support.in_thread import in_thread
from tests.support.servers import Server


@pytest.fixture
def console(valkey: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Console:
    """The command on an empty store, away from whatever the developer is running."""
    monkeypatch.chdir(tmp_path)
    return Console(valkey)


@pytest.fixture
def doctor(tmp_path: Path, valkey: Server, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """On a store that is there and empty."""
    monkeypatch.chdir(tmp_path)
    return Doctor(tmp_path, valkey)


@pytest.fixture
def storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Storage:
    """A warehouse with two overlapping files, which HANDLERS_FILE names."""
    (tmp_path / "warehouse").mkdir()
    section = {"url": f"file://{tmp_path}/warehouse"}
    file = tmp_path / "handlers.yaml"
    file.write_text(yaml.safe_dump({"warehouse": section}))
    monkeypatch.setenv("HANDLERS_FILE", str(file))
    storage = open_storage(WarehouseConfiguration.model_validate(section))
    events = [samples.person(event_id=name) for name in "abc"]
    for batch in (events[:2], events[1:]):
        in_thread(lambda batch=batch: WarehouseWriter(storage, 60).write(batch))  # type: ignore[misc]
    return storage
