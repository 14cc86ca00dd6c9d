"""A receiver process for all tests of a module that leave it as they found it."""

from collections.abc import Iterator

import pytest

from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

# Short enough to wait for, long enough for a machine that is busy with other tests.
SHORT_LIMITS = {"BODY_TIMEOUT_SECONDS": "2", "STORE_TIMEOUT_SECONDS": "1", "RETRY_AFTER_SECONDS": "7"}


@pytest.fixture(scope="module")
def running_receiver(shared_valkey: Server) -> Iterator[ReceiverProcess]:
    """One process per module; use `receiver`, whose store is empty."""
    with ReceiverProcess(shared_valkey.url, SHORT_LIMITS) as process:
        yield process


@pytest.fixture
def receiver(running_receiver: ReceiverProcess, valkey: Server) -> ReceiverProcess:
    """A running receiver with short time limits and an empty store."""
    return running_receiver


@pytest.fixture
def own_receiver(own_server: Server) -> Iterator[ReceiverProcess]:
    """A receiver of the test's own, not yet started, on a server the test may stop and restart."""
    process = ReceiverProcess(own_server.url, dict(SHORT_LIMITS))
    yield process
    process.kill()
