"""Keys that the operator makes, and people delete and change, on a real API server."""

import base64
from typing import Any

import pytest

from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR, Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.key_secret import KEYS_OF
from salesloft_webhooks.subscriptions import Phase
from tests.chart.api_server import ApiServer
from tests.operator.definitions import patch, path
from tests.operator.key_maker import KeyMaker, by_hand, events, written
from tests.support.managed_keys import PLACE


async def test_a_deleted_secret_is_put_back_by_who_remembers_it(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker
) -> None:
    """With the same keys: nobody has to sign anything anew. One that has just begun makes a new one, and says so."""
    await maker.look()
    before = await maker.values()
    await cluster.patch_status(await maker.of(), {"key": (await written(cluster))[0]})
    by_hand(kubernetes, cluster.namespace, None)
    await maker.look()
    after = await maker.values()
    by_hand(kubernetes, cluster.namespace, None)
    await KeyMaker(cluster).look()

    assert after == before != await maker.values()
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "KeysLost", "KeysPutBack"]


@pytest.mark.parametrize("value", [b"", b"'in quotation marks'", b"too\x00short"], ids=["empty", "quoted", "binary"])
async def test_a_value_that_is_no_key_is_put_right(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker, value: bytes
) -> None:
    """Receivers refuse it and go on with what they have: it comes back."""
    await maker.look()
    before = await maker.values()
    by_hand(kubernetes, cluster.namespace, value)
    await maker.look()

    assert await maker.values() == before


async def test_a_key_by_hand_goes_first_and_the_needed_one_stays(
    kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker
) -> None:
    """Whoever overwrites a key begins a rotation to theirs; who does not know the former one takes what there is."""
    await maker.look()
    (before,) = await maker.values()
    by_hand(kubernetes, cluster.namespace, b"a key by hand that is long enough")
    report = await maker.look(Phase.SPREADING)
    together = await maker.values()
    by_hand(kubernetes, cluster.namespace, b"another one by hand that is long enough")
    stranger = KeyMaker(cluster)
    await stranger.look()

    assert (report.reason, together) == ("Rotating", (b"a key by hand that is long enough", before))
    assert await maker.values() == (b"another one by hand that is long enough",)
    assert events(kubernetes, cluster.namespace) == ["KeyMade", "KeysAccepted", "KeysPutBack"]


async def test_an_unused_key_may_be_taken_away(kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker) -> None:
    """When nothing is signed with it, who takes it out early only does what would be done."""
    await maker.look()
    maker.rotate = "now"
    await maker.look()
    await maker.look(Phase.RETIRING)
    new, _ = await maker.values()
    by_hand(kubernetes, cluster.namespace, new)
    await maker.look()

    assert await maker.values() == (new,)


async def test_a_secret_can_be_handed_over(kubernetes: ApiServer, cluster: Cluster, maker: KeyMaker) -> None:
    """Labelled and annotated as the page says it is the operator's, with its keys, and with whatever else is in it."""
    both = {PLACE.entry: base64.b64encode(b"of a vault").decode(), "other": base64.b64encode(b"else").decode()}
    content = {"metadata": {"name": PLACE.secret}, "data": both}
    kubernetes.request("POST", path(cluster.namespace, Kind.SECRET), content)
    before = await maker.look()
    marks = {"labels": {CREATED_BY: OPERATOR}, "annotations": {KEYS_OF: "sales"}}
    patch(kubernetes, cluster.namespace, Kind.SECRET, PLACE.secret, {"metadata": marks})
    maker.rotate = "now"
    after = await maker.look()

    there: Any = kubernetes.objects("Secret", cluster.namespace)[PLACE.secret]
    assert (before.reason, after.reason) == ("SecretNotOwned", "KeysChanged")
    assert (await maker.values())[1:] == (b"of a vault",)
    assert there["data"]["other"] == both["other"]
    assert [each["uid"] for each in there["metadata"]["ownerReferences"]] == [(await maker.of()).metadata.uid]
