"""A record of a CRM that is nobody's goes to one person, however many workers find it at the same moment."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from salesloft_webhooks import Retry
from salesloft_webhooks.broker.adoptions import Adoptions
from salesloft_webhooks.handlers.builtin.crm.adopting import LEAST_SECONDS, WAIT_SECONDS, Adopter
from salesloft_webhooks.handlers.builtin.crm.bisection import Refused
from tests.integration.handlers.builtin.adopting_workers import (
    Scene,
    deletion,
    free_in_hubspot,
    free_in_salesforce,
    someone,
)
from tests.support.servers import Server
from tests.support.standins.hubspot import HubSpot


@pytest.fixture(params=[free_in_hubspot, free_in_salesforce], ids=["hubspot", "salesforce"])
async def scene(request: pytest.FixtureRequest, valkey: Server) -> AsyncIterator[Scene]:
    """A CRM with one record that is nobody's."""
    async with request.param(valkey) as scene:
        yield scene


def loses(scene: Scene) -> str:
    """What the second person comes to, once it is known whose the record is."""
    if isinstance(scene.standin, HubSpot):
        return "hubspot: the contact of person 1 of SalesLoft's has that address"
    return ""


async def test_of_two_workers_that_find_a_free_record_one_gets_it(scene: Scene) -> None:
    """Both look before either writes, and the second would write after the first has seen that all is well."""
    first, second = await scene.worker(), await scene.worker()
    for worker in (first, second):
        worker.may_go_on.clear()
    second.may_write.clear()

    saves = [asyncio.create_task(worker.save(someone(number))) for number, worker in ((1, first), (2, second))]
    await asyncio.gather(first.looked.wait(), second.looked.wait())
    first.may_go_on.set()
    second.may_go_on.set()
    outcomes = [await saves[0]]
    second.may_write.set()
    outcomes.append(await saves[1])

    assert {type(each) for each in outcomes} == {type(None), Retry}
    assert scene.bearers == ["1" if outcomes[0] is None else "2"]


async def test_who_lost_it_takes_the_next_way_when_tried_again(scene: Scene) -> None:
    """A record of their own in Salesforce; in HubSpot, whose addresses are unique, they wait for the first to leave."""
    first, second = await scene.worker(), await scene.worker()
    first.may_write.clear()
    saving = asyncio.create_task(first.save(someone(1)))
    await first.writing.wait()

    early = await second.save(someone(2))
    first.may_write.set()

    assert isinstance(early, Retry)
    assert await saving is None
    assert str(await second.save(someone(2)) or "") == loses(scene)
    assert scene.bearers == (["1"] if isinstance(scene.standin, HubSpot) else ["1", "2"])


async def test_who_dies_before_the_write_holds_up_others_only_for_a_time(scene: Scene) -> None:
    """The same person gets it at once, by whichever worker; somebody else when the claim has ended."""
    dying, next_one = await scene.worker(), await scene.worker()
    dying.may_write.clear()
    saving = asyncio.create_task(dying.save(someone(1)))
    await dying.writing.wait()

    other = await next_one.save(someone(2))
    assert isinstance(other, Retry)
    assert scene.bearers == [""]
    await scene.end_claims()
    assert await next_one.save(someone(2)) is None
    assert scene.bearers == ["2"]
    saving.cancel()
    await asyncio.gather(saving, return_exceptions=True)


async def test_who_dies_after_the_write_is_found_to_have_it(scene: Scene) -> None:
    """Nothing was settled: the repeat changes nothing, and the other person does not get it, claim or no claim."""
    died, next_one = await scene.worker(), await scene.worker()
    assert await died.save(someone(1)) is None
    await scene.end_claims()

    assert str(await next_one.save(someone(2)) or "") == loses(scene)
    assert await next_one.save(someone(1)) is None
    assert scene.bearers[0] == "1"


async def test_who_looked_too_early_looks_again(scene: Scene) -> None:
    """Between the look and the claim another worker may have given it away, and its claim may have ended."""
    late, early = await scene.worker(), await scene.worker()
    late.may_go_on.clear()
    saving = asyncio.create_task(late.save(someone(2)))
    await late.looked.wait()
    assert await early.save(someone(1)) is None
    await scene.end_claims()

    late.may_go_on.set()

    assert isinstance(await saving, Retry)
    assert scene.bearers == ["1"]


async def test_waiting_for_a_claim_spends_no_attempt(scene: Scene) -> None:
    """Whoever comes while the record is another's to be given waits a few seconds at a time, and is not given up."""
    first, second = await scene.worker(), await scene.worker()
    first.may_write.clear()
    saving = asyncio.create_task(first.save(someone(1)))
    await first.writing.wait()

    waits = await second.save(someone(2))

    assert isinstance(waits, Retry)
    assert (waits.counted, waits.after_seconds) == (False, WAIT_SECONDS)
    first.may_write.set()
    await saving


async def test_who_is_imported_again_gets_their_record(scene: Scene) -> None:
    """The deletion frees it; the claim of before is waited for, which spends no attempt."""
    worker = await scene.worker()
    for event in (someone(1), deletion(1)):
        assert await worker.save(event) is None
    assert scene.bearers == [""]

    early = await worker.save(someone(2))
    await scene.end_claims()

    assert isinstance(early, Retry)
    assert not early.counted
    assert await worker.save(someone(2)) is None
    assert scene.bearers == ["2"]


async def test_a_late_deletion_takes_nothing_from_whom_it_was_given_to(scene: Scene) -> None:
    """Somebody known by address only is deleted; by then the record is another's, and stays so."""
    late, early = await scene.worker(), await scene.worker()
    late.may_go_on.clear()
    deleting = asyncio.create_task(late.save(deletion(1)))
    await late.looked.wait()
    assert await early.save(someone(2)) is None

    late.may_go_on.set()

    assert await deleting is None
    # Here only Salesforce has a field that says who is deleted, so nothing else is to be said in HubSpot.
    assert late.writing.is_set() is not isinstance(scene.standin, HubSpot)
    assert scene.bearers == ["2"]


async def test_who_never_gets_a_free_record_is_a_dead_letter_at_last(scene: Scene, valkey: Server) -> None:
    """The search shows it, and the look by its id does not, as where rights are per record: that costs attempts."""
    worker = await scene.worker()
    worker.backend._matcher.bearers = hidden  # type: ignore[attr-defined]

    outcomes = [await worker.save(someone(1)) for _ in range(2)]

    assert [isinstance(each, Retry) and each.counted for each in outcomes] == [True, True]
    assert scene.bearers == [""]


async def hidden(_ids: Collection[str]) -> Mapping[str, str]:
    """Nothing is there."""
    return {}


@dataclass
class Held:
    """An adopter whose look takes its time.

    Attributes:
        takes: How long, as a share of the claim.
        now: Seconds.
    """

    scene: Scene
    takes: float
    now: float = 1000.0

    async def refusal(self, person: str) -> Refused | None:
        """Of a record that is nobody's."""
        adopter = Adopter(Adoptions(self.scene.store, "crm"), 1.0, "", lambda: self.now)
        return (await adopter.refusals({"101": person}, self._look)).get("101")

    async def _look(self, ids: Collection[str]) -> Mapping[str, str]:
        self.now += self.takes * LEAST_SECONDS
        return dict.fromkeys(ids, "")


async def test_who_was_held_up_does_not_write(scene: Scene) -> None:
    """Frozen for half of the claim: by the time that the write arrives it may be another's; that costs an attempt."""
    assert await Held(scene, 0.49).refusal("1") is None

    late = await Held(scene, 0.51).refusal("1")

    assert late is not None
    assert (late.waits, late.wait_seconds) == (True, None)


async def test_who_has_another_wait_has_no_more_than_the_rest_of_a_claim(scene: Scene) -> None:
    """As long as it leaves the time to write; then the claim ends, and no attempt is spent on waiting for that."""
    assert await Held(scene, 0).refusal("1") is None
    others = await Held(scene, 0).refusal("2")
    again = await Held(scene, 0).refusal("1")
    async for key in scene.store.client.scan_iter("*:adoption:*"):
        kept: Any = await scene.store.client.get(key)
        ends, _, rest = kept.decode().partition(" ")
        earlier = int(ends) - 600 * int(LEAST_SECONDS)
        await scene.store.client.set(key, f"{earlier} {rest}", keepttl=True)
    without_time = await Held(scene, 0).refusal("1")

    assert again is None
    for each in (others, without_time):
        assert each is not None
        assert (each.waits, each.wait_seconds) == (True, WAIT_SECONDS)
