"""A live receiver under requests that break every rule of HTTP, beside signed traffic that is counted."""

from collections.abc import Iterator

import pytest

from tests.fuzz.http.attack import LIMITS, MOST_FILES, MOST_MEMORY, attack, problems
from tests.support.looking_client import named
from tests.support.receiver_process import ReceiverProcess
from tests.support.servers import Server

STREAMS, SEED = 600, 16


@pytest.fixture
def attacked(valkey: Server) -> Iterator[ReceiverProcess]:
    """A receiver of its own."""
    with ReceiverProcess(valkey.url, LIMITS) as process:
        yield process


def test_what_is_stored_is_what_a_strict_parser_reads(attacked: ReceiverProcess, valkey: Server) -> None:
    """No 500 and no crash; every body ends where h11 sees it end, or there is a reason; signed traffic is not lost."""
    found = attack(attacked, STREAMS, SEED)

    with valkey.client() as store:
        ids = [named(fields)["id"] for _, fields in store.xrange("sl:{0}:events")]
    assert problems(found.streams, ids) == {}
    assert {200, 400} <= found.statuses.keys() <= {100, 200, 400, 401, 404, 405, 408, 413, 431}
    assert set(found.acknowledged) <= set(ids)
    assert len(ids) == len(set(ids))
    assert attacked.metric("salesloft_webhooks_deliveries_total", outcome="error") == 0
    assert found.most.memory - found.before.memory < MOST_MEMORY
    assert found.most.files - found.before.files < MOST_FILES
