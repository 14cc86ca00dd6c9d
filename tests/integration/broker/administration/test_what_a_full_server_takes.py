"""What people do is written down, and what they look for is looked for, on a server that takes no more."""

from collections.abc import Iterator

import pytest

from salesloft_webhooks.broker.administration.audit import Act, find_audited, write_audit
from salesloft_webhooks.broker.administration.search_text import text_fingerprint
from salesloft_webhooks.errors import StoreFull
from tests.support.broker_driver import Driven


@pytest.fixture
def full(driven: Driven) -> Iterator[Driven]:
    """A server out of memory, in which somebody has searched before."""
    with driven.server.client() as client:
        client.set(driven.store.keys.search_key, "5e" * 32)
        client.config_set("maxmemory", "1")
        yield driven
        client.config_set("maxmemory", "0")


async def test_acts_are_in_the_audit(full: Driven) -> None:
    """Redrives and erasures are done on a full server, so the audit has them: it is bounded, and they make room."""
    entry_id = await write_audit(full.store, Act(who="robin", roles=("destroy",), act="erase"))

    found = await find_audited(full.store, entry_id)
    assert found is not None
    assert found.act == "erase"


async def test_texts_are_searched_for(full: Driven) -> None:
    """The key of the fingerprint is read; only where there is none, a full server refuses to make it."""
    assert len(await text_fingerprint(full.store, "robin@example.com")) == 16
    with full.server.client() as client:
        client.delete(full.store.keys.search_key)
    with pytest.raises(StoreFull):
        await text_fingerprint(full.store, "robin@example.com")
