"""Keys that the operator makes, on a real API server."""

import asyncio
import base64
from typing import Any

import pytest

from salesloft_webhooks.errors import ClusterConflict
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.key_rotation import KEEP_SECONDS
from salesloft_webhooks.operator.key_secret import KEYS_OF, KEYS_WRITTEN, keys_in
from salesloft_webhooks.operator.managed_keys import KeysReport, ManagedKeys
from salesloft_webhooks.operator.objects import Metadata, SubscriptionObject
from salesloft_webhooks.subscriptions import Phase, Plan, Round
from tests.chart.api_server import ApiServer
from tests.operator.definitions import declare, patch, path
from tests.support.managed_keys import PLACE, asking, wanted

NOW = 1_800_000_000.0
DAY = 86_400.0


class Operator:
    """A process that makes keys for the object ``sales``, with a clock of the test's."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster, self.now, self.rotate, self.every = cluster, NOW, "", ""
        self.keys = ManagedKeys(cluster, now=lambda: self.now, clock=lambda: self.now)

    async def of(self) -> SubscriptionObject:
        """The object as it is."""
        (found,) = await self.cluster.list_subscriptions()
        return asking(found, self.rotate)

    async def look(self, phase: Phase = Phase.IDLE) -> KeysReport:
        """What is done in a look at SalesLoft that shows this."""
        of, declared = await self.of(), wanted(self.every or None)
        await self.keys.prepare(of, declared)
        secret = await self.cluster.secret(PLACE.secret)
        assert secret is not None
        report = await self.keys.advance(of, declared, secret, Round(plan=Plan(phase=phase), found=()))
        assert report is not None
        return report

    async def values(self) -> tuple[bytes, ...]:
        """The keys that are there."""
        found = await self.cluster.secret(PLACE.secret)
        return () if found is None else keys_in(found, PLACE)


@pytest.fixture
async def operator(kubernetes: ApiServer, cluster: Cluster) -> Operator:
    """One that has just begun, with an object and no Secret."""
    declare(kubernetes, cluster.namespace)
    return Operator(cluster)


def by_hand(server: ApiServer, namespace: str, value: bytes | None) -> None:
    """Somebody writes another value, or deletes the Secret."""
    if value is None:
        server.request("DELETE", path(namespace, Kind.SECRET, PLACE.secret))
    else:
        patch(server, namespace, Kind.SECRET, PLACE.secret, {"data": {PLACE.entry: base64.b64encode(value).decode()}})


def events(server: ApiServer, namespace: str) -> list[str]:
    """Reasons of what people were told."""
    found = server.request("GET", f"apis/events.k8s.io/v1/namespaces/{namespace}/events")["items"]
    return sorted(each["reason"] for each in found)


async def test_a_key_is_made_once(kubernetes: ApiServer, cluster: Cluster, operator: Operator) -> None:
    """32 random bytes in hex, in an opaque Secret that goes with the object; looked at again, it stays as it is."""
    await operator.look()
    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    report = await operator.look()

    (key,) = await operator.values()
    assert len(bytes.fromhex(key.decode())) == 32
    assert there["type"] == "Opaque"
    assert [each["uid"] for each in there["metadata"]["ownerReferences"]] == [(await operator.of()).metadata.uid]
    assert key.decode() not in str(there["metadata"])
    again: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert again["metadata"]["resourceVersion"] == there["metadata"]["resourceVersion"]
    assert (report.managed, report.reason, report.seconds) == (True, "KeysKept", None)
    assert events(kubernetes, cluster.namespace) == ["KeyMade"]


async def test_a_secret_of_somebody_elses_is_never_written(
    kubernetes: ApiServer, cluster: Cluster, operator: Operator
) -> None:
    """Its keys are used; no rotation begins, and it is said why."""
    content = {"metadata": {"name": PLACE.secret}, "data": {PLACE.entry: base64.b64encode(b"of a vault").decode()}}
    kubernetes.request("POST", path(cluster.namespace, Kind.SECRET), content)
    before = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    operator.every, operator.rotate = "24h", "now"

    for seconds in (0.0, 10 * DAY):
        operator.now = NOW + seconds
        report = await operator.look()
    await operator.keys.let_go(await operator.of(), wanted())

    assert (report.managed, report.reason) == (False, "SecretNotOwned")
    assert kubernetes.objects("Secret", cluster.namespace)[PLACE.secret] == before


async def test_a_rotation_from_beginning_to_end(kubernetes: ApiServer, cluster: Cluster, operator: Operator) -> None:
    """A day later a new key comes before the old one, which goes ten minutes after nothing is signed with it."""
    operator.every = "24h"
    first = await operator.look()
    (old,) = await operator.values()
    operator.now += DAY
    begun = await operator.look()
    new, *rest = await operator.values()
    during = [(await operator.look(phase)).reason for phase in (Phase.SPREADING, Phase.CREATING, Phase.DRAINING)]
    waits = await operator.look(Phase.RETIRING)
    operator.now += KEEP_SECONDS - 1
    still = await operator.values()
    await operator.look(Phase.RETIRING)
    kept = await operator.values()
    operator.now += 1
    ended = await operator.look(Phase.RETIRING)

    assert (first.reason, first.seconds) == ("KeysKept", DAY)
    assert (begun.reason, rest, new != old) == ("KeysChanged", [old], True)
    assert during == ["Rotating"] * 3
    assert (waits.reason, waits.seconds) == ("Retiring", KEEP_SECONDS)
    assert still == kept == (new, old)
    assert (ended.reason, await operator.values()) == ("KeysChanged", (new,))
    assert (await operator.look()).reason == "KeysKept"
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "RotationBegun", "RotationEnded"]


async def test_an_older_key_that_signs_again_is_kept(operator: Operator) -> None:
    """Somebody registers one by hand meanwhile: the ten minutes begin anew."""
    await operator.look()
    operator.rotate = "please"
    await operator.look()
    await operator.look(Phase.RETIRING)
    operator.now += KEEP_SECONDS
    await operator.look(Phase.DRAINING)
    report = await operator.look(Phase.RETIRING)

    assert (report.reason, len(await operator.values())) == ("Retiring", 2)


async def test_what_is_asked_for_is_done_once(operator: Operator) -> None:
    """Another text of the annotation asks again, also while a rotation is under way: then when that has ended."""
    await operator.look()
    for text in ("monday", "monday", "tuesday"):
        operator.rotate = text
        await operator.look(Phase.IDLE)
    during = await operator.values()
    for _ in range(2):
        await operator.look(Phase.RETIRING)
        operator.now += KEEP_SECONDS
    between = await operator.values()
    await operator.look()

    assert (len(during), between) == (2, during[:1])
    assert (await operator.values())[1:] == between


async def test_two_at_once_make_one_key_and_one_rotation(cluster: Cluster, operator: Operator) -> None:
    """One of the two is refused, reads what the other has written, and agrees."""
    other = Operator(cluster)
    for rotate, number in (("", 1), ("now", 2)):
        operator.rotate = other.rotate = rotate
        refused = await asyncio.gather(operator.look(), other.look(), return_exceptions=True)
        for _ in range(2):
            await asyncio.gather(operator.look(), other.look(), return_exceptions=True)

        assert all(isinstance(each, KeysReport | ClusterConflict) for each in refused)
        assert len(await operator.values()) == number


async def test_a_deleted_secret_is_put_back_by_who_remembers_it(
    kubernetes: ApiServer, cluster: Cluster, operator: Operator
) -> None:
    """With the same keys: nobody has to sign anything anew. One that has just begun makes a new one, and says so."""
    await operator.look()
    before = await operator.values()
    await cluster.patch_status(await operator.of(), {"key": (await written(cluster))[0]})
    by_hand(kubernetes, cluster.namespace, None)
    await operator.look()
    after = await operator.values()
    by_hand(kubernetes, cluster.namespace, None)
    await Operator(cluster).look()

    assert after == before != await operator.values()
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "KeysLost", "KeysPutBack"]


async def written(cluster: Cluster) -> list[str]:
    """The fingerprints of what an operator has written."""
    found = await cluster.secret(PLACE.secret)
    assert found is not None
    return found.metadata.annotations[KEYS_WRITTEN].split(",")


@pytest.mark.parametrize("value", [b"", b"'in quotation marks'", b"too\x00short"], ids=["empty", "quoted", "binary"])
async def test_a_value_that_is_no_key_is_put_right(
    kubernetes: ApiServer, cluster: Cluster, operator: Operator, value: bytes
) -> None:
    """Receivers refuse it and go on with what they have: it comes back."""
    await operator.look()
    before = await operator.values()
    by_hand(kubernetes, cluster.namespace, value)
    await operator.look()

    assert await operator.values() == before


async def test_a_key_by_hand_goes_first_and_the_needed_one_stays(
    kubernetes: ApiServer, cluster: Cluster, operator: Operator
) -> None:
    """Whoever overwrites a key begins a rotation to theirs; who does not know the former one takes what there is."""
    await operator.look()
    (before,) = await operator.values()
    by_hand(kubernetes, cluster.namespace, b"a key by hand that is long enough")
    report = await operator.look(Phase.SPREADING)
    together = await operator.values()
    by_hand(kubernetes, cluster.namespace, b"another one by hand that is long enough")
    stranger = Operator(cluster)
    await stranger.look()

    assert (report.reason, together) == ("Rotating", (b"a key by hand that is long enough", before))
    assert await operator.values() == (b"another one by hand that is long enough",)
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "KeysAccepted", "KeysPutBack"]


async def test_an_unused_key_may_be_taken_away(kubernetes: ApiServer, cluster: Cluster, operator: Operator) -> None:
    """When nothing is signed with it, who takes it out early only does what would be done."""
    await operator.look()
    operator.rotate = "now"
    await operator.look()
    await operator.look(Phase.RETIRING)
    new, _ = await operator.values()
    by_hand(kubernetes, cluster.namespace, new)
    await operator.look()

    assert await operator.values() == (new,)


async def test_keys_outlive_their_object_if_what_they_sign_does(
    kubernetes: ApiServer, cluster: Cluster, operator: Operator
) -> None:
    """Let go, the Secret belongs to nobody; an object of the same name takes it over, and another one does not."""
    await operator.look()
    before = await operator.values()
    await operator.keys.let_go(await operator.of(), wanted())
    let_go: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    kubernetes.request("DELETE", path(cluster.namespace, Kind.SUBSCRIPTION, "sales"))
    declare(kubernetes, cluster.namespace)
    anew = Operator(cluster)
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


async def test_who_only_observes_writes_nothing(kubernetes: ApiServer, cluster: Cluster, operator: Operator) -> None:
    """Neither a missing Secret nor one that is there is the operator's business then."""
    declared = wanted(mode="Observe")
    await operator.keys.prepare(await operator.of(), declared)
    missing = await cluster.secret(PLACE.secret)
    await operator.look()
    secret = await cluster.secret(PLACE.secret)
    assert secret is not None
    by_hand(kubernetes, cluster.namespace, b"")
    of = asking(await operator.of(), "now")
    await operator.keys.prepare(of, declared)
    report = await operator.keys.advance(of, declared, secret, Round(plan=Plan(), found=()))
    await operator.keys.let_go(of, declared)

    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert (missing, report, there["data"]) == (None, None, {PLACE.entry: ""})
    assert "ownerReferences" in there["metadata"]
