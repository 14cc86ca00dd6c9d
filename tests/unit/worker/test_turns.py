"""What comes along behind a lease, and where that ends."""

from collections.abc import Sequence
from typing import Any
from unittest.mock import Mock

import pytest

from salesloft_webhooks.broker import Lease
from salesloft_webhooks.errors import StoreUnavailable
from salesloft_webhooks.worker.turns import startable, without_those_that_wait


def lease(entry_id: str, *behind: Lease) -> Lease:
    """Of an entry in a lane."""
    return Lease(0, entry_id, "person:1", Mock(), behind=behind)


HEAD = lease("1-0", lease("2-0"), lease("3-0"), lease("4-0"))


class Settler:
    """Knows what is done."""

    def __init__(self, *done: str) -> None:
        self.added: list[Any] = []
        self._done = done

    def is_done(self, lease: Lease) -> bool:
        """Whether it was named."""
        return lease.entry_id in self._done

    def is_releasing(self, _: Lease) -> bool:
        """Nothing is."""
        return False

    def add(self, settlement: Any) -> None:
        """Queue."""
        self.added.append(settlement)


def ids(leases: Sequence[Lease]) -> list[list[str]]:
    """Of leases and what is behind them."""
    return [[each.entry_id, *(behind.entry_id for behind in each.behind)] for each in leases]


@pytest.mark.parametrize(("done", "running", "left"), [("3-0", "", 1), ("", "2-0", 0), ("", "", 3)])
def test_what_we_know_already_ends_what_comes_along(done: str, running: str, left: int) -> None:
    """Neither what is done here nor what runs is begun again, and nothing that waits behind it."""
    settler: Any = Settler(done)

    found = startable([HEAD], 0.0, settler, {running: Mock()})

    assert ids(found) == [["1-0", "2-0", "3-0", "4-0"][: left + 1]]
    assert settler.added == []


@pytest.mark.parametrize("waiting", ["2-0", "3-0", "1-0"])
async def test_what_must_wait_ends_what_comes_along(waiting: str) -> None:
    """After a raise each of them is asked for; what has to wait stays in its lane, with all behind it."""

    async def must_wait(leases: Sequence[Lease]) -> set[str]:
        return {each.entry_id for each in leases if each.entry_id == waiting}

    settler: Any = Settler()
    found = await without_those_that_wait([HEAD], Mock(must_wait=must_wait), settler)

    everything = ["1-0", "2-0", "3-0", "4-0"]
    assert ids(found) == ([everything[: everything.index(waiting)]] if waiting != "1-0" else [])
    assert len(settler.added) == (waiting == "1-0")


async def test_nothing_is_begun_while_nobody_knows_whose_turn_it_is() -> None:
    """The store cannot be asked: the lease goes back, and what came along is forgotten."""

    async def must_wait(_: Sequence[Lease]) -> set[str]:
        raise StoreUnavailable("away")

    settler: Any = Settler()

    assert await without_those_that_wait([HEAD], Mock(must_wait=must_wait), settler) == []
    assert [each.lease.entry_id for each in settler.added] == ["1-0"]
