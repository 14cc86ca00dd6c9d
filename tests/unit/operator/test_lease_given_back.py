"""A lease is given back also where its owner is cancelled again before that is done."""

import asyncio
from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from salesloft_webhooks import background
from salesloft_webhooks.backfill import leadership
from salesloft_webhooks.background import Background
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.objects import LeaseObject, LeaseSpec, Metadata

SLOW_SECONDS = 0.1


@pytest.fixture(autouse=True)
def _cancelled_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(background, "CANCEL_AGAIN_SECONDS", 0.02)


class SlowLeases:
    """Where the operator's lease is: it takes its time to change one."""

    def __init__(self) -> None:
        self.lease: LeaseObject | None = None

    async def read(self, name: str) -> LeaseObject | None:  # noqa: ARG002 - the operator has one
        """What is there, whatever its name."""
        return self.lease

    async def create(self, name: str, spec: LeaseSpec) -> LeaseObject:
        """At once."""
        self.lease = LeaseObject(metadata=Metadata(name=name), spec=spec)
        return self.lease

    async def replace(self, former: LeaseObject, spec: LeaseSpec) -> LeaseObject:
        """After a while."""
        await asyncio.sleep(SLOW_SECONDS)
        self.lease = replace(former, spec=spec)
        return self.lease


async def test_the_operators_lease_is_free_at_once() -> None:
    """Nobody has to wait for its end."""
    leases = SlowLeases()
    leadership = Leadership(leases, "operator", "one")

    async with asyncio.timeout(5), Background() as owner:
        owner.start(leadership.keep(), name="lease")
        await leadership.granted()

    assert leases.lease is not None
    assert leases.lease.spec.holder_identity == ""


async def test_the_backfills_lease_is_free_at_once() -> None:
    """Nobody has to wait for its end."""
    given_back, held = asyncio.Event(), asyncio.Event()

    async def release() -> None:
        await asyncio.sleep(SLOW_SECONDS)
        given_back.set()

    async def reading() -> None:
        try:
            held.set()
            await asyncio.sleep(60)
        finally:
            await leadership.release(SimpleNamespace(release=release))  # type: ignore[arg-type]

    async with Background() as owner:
        owner.start(reading(), name="backfill")
        await held.wait()

    assert given_back.is_set()
