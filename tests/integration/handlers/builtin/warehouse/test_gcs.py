"""What is of Google Cloud Storage alone; all else of it is in the tests of the other storages."""

import pytest
from gcp_storage_emulator.server import create_server  # type: ignore[import-untyped]

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.builtin.configuration.warehouse import WarehouseConfiguration
from salesloft_webhooks.handlers.builtin.warehouse.storage import open_storage
from tests.support.gcs_server import GcsServer
from tests.support.servers import free_port


@pytest.mark.timeout(60)
def test_nobody_else_of_the_process_waits_for_the_storage() -> None:
    """A server in a thread of this process answers, so reading and writing leave the interpreter to other threads."""
    port = free_port()
    with create_server("127.0.0.1", port, in_memory=True):
        server = GcsServer(f"http://127.0.0.1:{port}")
        storage = open_storage(WarehouseConfiguration.model_validate(server.section(server.make_bucket("b"))))

        storage.write("events/a.parquet", b"a file")

        assert storage.read("events/a.parquet").to_pybytes() == b"a file"
        assert [file.path for file in storage.files("events")] == ["events/a.parquet"]
        with pytest.raises(FileNotFoundError):
            storage.read("events/b.parquet")


def test_a_bucket_that_is_not_there_makes_the_group_wait(gcs: GcsServer) -> None:
    """It is said what is wrong, without an address."""
    storage = open_storage(WarehouseConfiguration.model_validate(gcs.section("gs://no-such-bucket-here/x")))

    with pytest.raises(Unavailable, match="bucket is not there"):
        storage.check_reachable()
    with pytest.raises(Unavailable) as error:
        storage.write("events/a.parquet", b"a file")

    assert "no-such-bucket-here" not in str(error.value)
