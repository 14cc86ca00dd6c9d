"""Kubernetes as the operator sees it, on a real API server."""

import base64

import pytest

from salesloft_webhooks.errors import ClusterConflict, ClusterNotFound, ClusterRefused
from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR, Kind
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.objects import Condition, GroupObject, LeaseSpec, SubscriptionObject
from salesloft_webhooks.operator.subscription_status import Entry, SubscriptionStatus, read_status, with_conditions
from tests.chart.api_server import ApiServer
from tests.chart.declared import SPEC
from tests.operator.definitions import declare, patch, path


async def _declared(kubernetes: ApiServer, cluster: Cluster) -> SubscriptionObject:
    declare(kubernetes, cluster.namespace)
    (found,) = await cluster.list_subscriptions()
    return found


async def test_an_object_comes_as_it_was_declared(kubernetes: ApiServer, cluster: Cluster) -> None:
    """Name, generation and spec are those of the declaration, and nothing has agreed to anything yet."""
    found = await _declared(kubernetes, cluster)

    assert (found.metadata.name, found.metadata.generation) == ("sales", 1)
    assert found.spec.items() >= {"callbackUrl": SPEC["callbackUrl"], "events": SPEC["events"]}.items()
    assert (found.status, found.metadata.finalizers, found.metadata.deletion_timestamp) == ({}, (), None)


async def test_a_status_is_written_beside_the_spec(kubernetes: ApiServer, cluster: Cluster) -> None:
    """None removes a field of the status, and the generation, which counts changes of the spec, stays."""
    before = await _declared(kubernetes, cluster)

    written = await cluster.patch_status(before, {"summary": "1/4", "tenantId": 7})
    written = await cluster.patch_status(written, {"summary": "4/4", "tenantId": None})

    assert written.status == {"summary": "4/4"}
    assert (written.metadata.generation, written.spec) == (1, before.spec)


async def test_no_field_of_a_status_is_lost(kubernetes: ApiServer, cluster: Cluster) -> None:
    """The definition has every field that is written: the server keeps them all."""
    before = await _declared(kubernetes, cluster)
    whole = SubscriptionStatus(
        summary="1/2",
        rotation_phase="Draining",
        key="80c813d3cfab",
        key_seen_at="2026-11-25T09:00:00Z",
        complete_since="2026-11-25T09:00:01Z",
        established=True,
        tenant_id=16,
        last_sync_time="2026-11-25T09:00:02Z",
        subscriptions=(
            Entry(id=7, event="call_created", enabled=True, key="80c813d3cfab", since="2026-11-25T09:00:00Z"),
        ),
        foreign=(8,),
    )
    status = with_conditions(whole, [Condition(type="Ready", status="True", reason="x", message="y")], 3, 0.0)

    written = await cluster.patch_status(before, status.written())

    assert read_status(written.status) == status


async def test_a_write_decided_on_an_older_object_is_refused(kubernetes: ApiServer, cluster: Cluster) -> None:
    """Whoever has not seen the latest change is told so, for the status and for the finalizers."""
    seen = await _declared(kubernetes, cluster)
    patch(kubernetes, cluster.namespace, Kind.SUBSCRIPTION, "sales", {"spec": {"suspend": True}})

    with pytest.raises(ClusterConflict):
        await cluster.patch_status(seen, {"summary": "4/4"})
    with pytest.raises(ClusterConflict):
        await cluster.set_finalizers(seen, ["example.com/x"])


async def test_a_finalizer_keeps_an_object_until_it_is_taken_away(kubernetes: ApiServer, cluster: Cluster) -> None:
    """A deleted object is there, with the time of its deletion, for as long as a finalizer is."""
    held = await cluster.set_finalizers(await _declared(kubernetes, cluster), ["example.com/x"])
    kubernetes.request("DELETE", path(cluster.namespace, Kind.SUBSCRIPTION, "sales"))

    (going,) = await cluster.list_subscriptions()
    await cluster.set_finalizers(going, [])

    assert held.metadata.finalizers == ("example.com/x",)
    assert going.metadata.deletion_timestamp
    assert await cluster.list_subscriptions() == []
    with pytest.raises(ClusterNotFound):
        await cluster.patch_status(going, {"summary": "0/0"})


async def test_a_secret_shows_no_value(kubernetes: ApiServer, cluster: Cluster) -> None:
    """What is in a Secret is read as bytes, and its repr has names only."""
    data = {"token": base64.b64encode(b"very secret").decode()}
    content = {"metadata": {"name": "api"}, "data": data}
    kubernetes.request("POST", f"api/v1/namespaces/{cluster.namespace}/secrets", content)

    found = await cluster.secret("api")

    assert found is not None
    assert found.data == {"token": b"very secret"}
    assert "very" not in repr(found)
    assert await cluster.secret("absent") is None


async def test_a_secret_that_is_written_goes_with_its_owner(kubernetes: ApiServer, cluster: Cluster) -> None:
    """It is created once, changed by who has seen the latest version, and belongs to the object."""
    owner = await _declared(kubernetes, cluster)

    made = await cluster.write_secret("keys", {"callback-secret": b"one"}, owner=owner, former=None)
    await cluster.write_secret("keys", {"callback-secret": b"two,one"}, owner=owner, former=made)

    with pytest.raises(ClusterConflict):
        await cluster.write_secret("keys", {"callback-secret": b"lost"}, owner=owner, former=None)
    with pytest.raises(ClusterConflict):
        await cluster.write_secret("keys", {"callback-secret": b"lost"}, owner=owner, former=made)
    there = kubernetes.objects("Secret", cluster.namespace)["keys"]
    assert base64.b64decode(there["data"]["callback-secret"]) == b"two,one"
    assert there["metadata"]["ownerReferences"][0]["uid"] == owner.metadata.uid


async def test_what_the_server_says_of_a_secret_is_not_repeated(kubernetes: ApiServer, cluster: Cluster) -> None:
    """An error about the content of a Secret quotes none of it."""
    owner = await _declared(kubernetes, cluster)

    with pytest.raises(ClusterRefused) as refused:
        await cluster.write_secret("keys", {"a/b very-secret": b"x"}, owner=owner, former=None)

    assert "very-secret" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_the_same_news_is_one_event(kubernetes: ApiServer, cluster: Cluster) -> None:
    """Events of one text about one object are one, also over a restart; another text is another."""
    about = await _declared(kubernetes, cluster)

    for text in ("created 4", "created 4", "created 1"):
        await cluster.record_event(about, "Normal", "Created", text)
    cluster._events._written.clear()
    await cluster.record_event(about, "Normal", "Created", "created 4")

    found = kubernetes.request("GET", f"apis/events.k8s.io/v1/namespaces/{cluster.namespace}/events")["items"]
    assert sorted((each["note"], (each.get("series") or {}).get("count")) for each in found) == [
        ("created 1", None),
        ("created 4", 2),
    ]
    assert {each["regarding"]["uid"] for each in found} == {about.metadata.uid}


async def test_an_event_in_any_writing_about_any_name_is_kept(kubernetes: ApiServer, cluster: Cluster) -> None:
    """The server counts bytes, and has a word in what names an event may have."""
    declare(kubernetes, cluster.namespace, "a" * 199 + "-b")
    (about,) = await cluster.list_subscriptions()

    await cluster.record_event(about, "Normal", "Paused", "\U0001f680" * 300)

    (found,) = kubernetes.request("GET", f"apis/events.k8s.io/v1/namespaces/{cluster.namespace}/events")["items"]
    assert found["note"] == "\U0001f680" * 256


async def test_a_lost_event_is_nobodys_problem(kubernetes: ApiServer, cluster: Cluster) -> None:
    """An event that the server refuses raises nothing."""
    about = await _declared(kubernetes, cluster)

    await cluster.record_event(about, "Neither", "Created", "x")

    found = kubernetes.request("GET", f"apis/events.k8s.io/v1/namespaces/{cluster.namespace}/events")["items"]
    assert found == []


async def test_a_group_that_has_changed_is_not_deleted(kubernetes: ApiServer, cluster: Cluster) -> None:
    """Only the group that was read is deleted, not what somebody has made of it since."""
    made = await cluster.create_group("crm", {}, {CREATED_BY: OPERATOR})
    patch(kubernetes, cluster.namespace, Kind.GROUP, "crm", {"spec": {"paused": True}})

    with pytest.raises(ClusterConflict):
        await cluster.delete_group(made)
    (now,) = await cluster.list_groups()
    await cluster.delete_group(now)

    assert isinstance(now, GroupObject)
    assert now.metadata.labels == {CREATED_BY: OPERATOR}
    assert await cluster.list_groups() == []
    with pytest.raises(ClusterNotFound):
        await cluster.delete_group(now)


async def test_of_two_who_take_a_lease_one_is_told(cluster: Cluster) -> None:
    """A lease is created once, and changed by who has seen its latest state."""
    made = await cluster.leases.create("one", LeaseSpec(holder_identity="a"))
    await cluster.leases.replace(made, LeaseSpec(holder_identity="b"))

    with pytest.raises(ClusterConflict):
        await cluster.leases.create("one", LeaseSpec(holder_identity="c"))
    with pytest.raises(ClusterConflict):
        await cluster.leases.replace(made, LeaseSpec(holder_identity="c"))
    now = await cluster.leases.read("one")
    assert now is not None
    assert now.spec.holder_identity == "b"
    assert await cluster.leases.read("other") is None
