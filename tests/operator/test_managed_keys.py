"""Keys that the operator makes, on a real API server."""

import asyncio
import base64
from typing import Any

import pytest

from salesloft_webhooks.errors import ClusterConflict
from salesloft_webhooks.operator.api_group import FINALIZER, Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.key_rotation import KEEP_SECONDS
from salesloft_webhooks.operator.key_secret import KEYS_OF, keys_in
from salesloft_webhooks.operator.managed_keys import KeysReport
from salesloft_webhooks.operator.objects import Metadata, SubscriptionObject
from salesloft_webhooks.subscriptions import Phase, Plan, Round
from tests.chart.api_server import ApiServer
from tests.operator.definitions import declare, path
from tests.operator.key_maker import DAY, KeyMaker, by_hand, events
from tests.support.managed_keys import PLACE, asking, wanted


async def test_a_key_is_made_once(kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker) -> None:
    """32 random bytes in hex, in an opaque Secret that goes with the object; looked at again, it stays as it is."""
    await maker.look()
    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    report = await maker.look()

    (key,) = await maker.values()
    assert len(bytes.fromhex(key.decode())) == 32
    assert there["type"] == "Opaque"
    assert [each["uid"] for each in there["metadata"]["ownerReferences"]] == [(await maker.of()).metadata.uid]
    assert key.decode() not in str(there["metadata"])
    again: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert again["metadata"]["resourceVersion"] == there["metadata"]["resourceVersion"]
    assert (report.managed, report.reason, report.seconds) == (True, "KeysKept", None)
    assert events(kubernetes, cluster.namespace) == ["KeyMade"]


async def test_a_secret_of_somebody_elses_is_never_written(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker
) -> None:
    """Its keys are used; no rotation begins, and it is said why."""
    content = {"metadata": {"name": PLACE.secret}, "data": {PLACE.entry: base64.b64encode(b"of a vault").decode()}}
    kubernetes.request("POST", path(cluster.namespace, Kind.SECRET), content)
    before = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    maker.every, maker.rotate = "24h", "now"

    for seconds in (0.0, 10 * DAY):
        maker.now += seconds
        report = await maker.look()
    await maker.keys.let_go(await maker.of(), wanted())

    assert (report.managed, report.reason) == (False, "SecretNotOwned")
    assert kubernetes.objects("Secret", cluster.namespace)[PLACE.secret] == before


async def test_a_rotation_from_beginning_to_end(kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker) -> None:
    """A day later a new key comes before the old one, which goes ten minutes after nothing is signed with it."""
    maker.every = "24h"
    first = await maker.look()
    (old,) = await maker.values()
    maker.now += DAY
    begun = await maker.look()
    new, *rest = await maker.values()
    during = [(await maker.look(phase)).reason for phase in (Phase.SPREADING, Phase.CREATING, Phase.DRAINING)]
    waits = await maker.look(Phase.RETIRING)
    maker.now += KEEP_SECONDS - 1
    still = await maker.values()
    await maker.look(Phase.RETIRING)
    kept = await maker.values()
    maker.now += 1
    ended = await maker.look(Phase.RETIRING)

    assert (first.reason, first.seconds) == ("KeysKept", DAY)
    assert (begun.reason, rest, new != old) == ("KeysChanged", [old], True)
    assert during == ["Rotating"] * 3
    assert (waits.reason, waits.seconds) == ("Retiring", KEEP_SECONDS)
    assert still == kept == (new, old)
    assert (ended.reason, await maker.values()) == ("KeysChanged", (new,))
    assert (await maker.look()).reason == "KeysKept"
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "RotationBegun", "RotationEnded"]


async def test_an_older_key_that_signs_again_is_kept(maker: KeyMaker) -> None:
    """Somebody registers one by hand meanwhile: the ten minutes begin anew."""
    await maker.look()
    maker.rotate = "please"
    await maker.look()
    await maker.look(Phase.RETIRING)
    maker.now += KEEP_SECONDS
    await maker.look(Phase.DRAINING)
    report = await maker.look(Phase.RETIRING)

    assert (report.reason, len(await maker.values())) == ("Retiring", 2)


async def test_what_is_asked_for_is_done_once(maker: KeyMaker) -> None:
    """Another text of the annotation asks again, also while a rotation is under way: then when that has ended."""
    await maker.look()
    for text in ("monday", "monday", "tuesday"):
        maker.rotate = text
        await maker.look(Phase.IDLE)
    during = await maker.values()
    for _ in range(2):
        await maker.look(Phase.RETIRING)
        maker.now += KEEP_SECONDS
    between = await maker.values()
    await maker.look()

    assert (len(during), between) == (2, during[:1])
    assert (await maker.values())[1:] == between


async def test_two_at_once_make_one_key_and_one_rotation(cluster: Cluster, maker: KeyMaker) -> None:
    """One of the two is refused, reads what the other has written, and agrees."""
    other = KeyMaker(cluster)
    for rotate, number in (("", 1), ("now", 2)):
        maker.rotate = other.rotate = rotate
        refused = await asyncio.gather(maker.look(), other.look(), return_exceptions=True)
        for _ in range(2):
            await asyncio.gather(maker.look(), other.look(), return_exceptions=True)

        assert all(isinstance(each, KeysReport | ClusterConflict) for each in refused)
        assert len(await maker.values()) == number


async def test_keys_outlive_their_object_if_what_they_sign_does(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker
) -> None:
    """Let go, the Secret belongs to nobody; an object of the same name takes it over, and another one does not."""
    await maker.look()
    before = await maker.values()
    await maker.keys.let_go(await maker.of(), wanted())
    let_go: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    kubernetes.request("DELETE", path(cluster.namespace, Kind.SUBSCRIPTION, "sales"))
    declare(kubernetes, cluster.namespace)
    anew = KeyMaker(cluster)
    await anew.look()
    taken: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    stranger = SubscriptionObject(metadata=Metadata(name="other", uid="2"))
    await anew.keys.prepare(stranger, wanted())
    kept = await cluster.secret(PLACE.secret)

    assert kept is not None
    assert "ownerReferences" not in let_go["metadata"]
    assert [each["uid"] for each in taken["metadata"]["ownerReferences"]] == [(await anew.of()).metadata.uid]
    assert await anew.values() == before == keys_in(kept, PLACE)
    assert kept.metadata.annotations[KEYS_OF] == "sales"
    assert kept.metadata.resource_version == taken["metadata"]["resourceVersion"]


@pytest.mark.parametrize(("finalizers", "owners"), [((), []), ((FINALIZER,), ["2"])], ids=["free", "held"])
async def test_a_secret_goes_with_an_heir_that_is_held(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker, finalizers: tuple[str, ...], owners: list[str]
) -> None:
    """One that is gone by now would take it along: until the heir looks, the keys are its by name only."""
    await maker.look()
    before = await maker.values()
    theirs = {"mode": "Manage", "secretRef": {"name": PLACE.secret, "key": PLACE.entry}}
    heir = SubscriptionObject(metadata=Metadata(name="other", uid="2", finalizers=finalizers), spec={"keys": theirs})

    await maker.keys.hand_over(await maker.of(), wanted(), heir)

    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert [each["uid"] for each in there["metadata"].get("ownerReferences", ())] == owners
    assert there["metadata"]["annotations"][KEYS_OF] == "other"
    assert await maker.values() == before


async def test_who_only_observes_writes_nothing(kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker) -> None:
    """Neither a missing Secret nor one that is there is the operator's business then."""
    declared = wanted(mode="Observe")
    await maker.keys.prepare(await maker.of(), declared)
    missing = await cluster.secret(PLACE.secret)
    await maker.look()
    secret = await cluster.secret(PLACE.secret)
    assert secret is not None
    by_hand(kubernetes, cluster.namespace, b"")
    of = asking(await maker.of(), "now")
    await maker.keys.prepare(of, declared)
    report = await maker.keys.advance(of, declared, secret, Round(plan=Plan(), found=()))
    await maker.keys.let_go(of, declared)

    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert (missing, report, there["data"]) == (None, None, {PLACE.entry: ""})
    assert "ownerReferences" in there["metadata"]
