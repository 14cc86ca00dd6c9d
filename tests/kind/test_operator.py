"""The operator as a pod, with SalesLoft as another one: declared, healed, and gone without a trace of ours."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from salesloft_webhooks.subscriptions import MasterKey
from tests.chart.rendering import Values, merged
from tests.kind.cluster import (
    OUTSIDE,
    PATIENCE,
    Release,
    apply,
    entries,
    kubectl,
    objects,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.simulator import CALLBACK_URL, NAME, TOKEN, Simulator
from tests.support.waiting import wait_until

KEY = "the-tests-own-callback-secret-of-some-length"
EVENTS = ["call_created", "note_created", "person_updated", "task_created"]
API = f"http://{NAME}.{OUTSIDE}.svc/v2"
ELSEWHERE = "https://elsewhere.example.com/"
VALUES: Values = {
    "source": {"existingSecret": {"name": "salesloft-keys", "callbackSecretKey": "callback-secret"}},
    "operator": {
        "enabled": True,
        "replicas": 2,
        "apiUrls": [API],
        "config": {"OPERATOR_RESYNC_SECONDS": 5},
    },
    # Of the simulator's Service and of the pod behind it: which of them a network plugin sees is its own affair.
    "networkPolicy": {"salesloftApi": {"ports": [80, 8010]}},
}
DECLARING = merged(
    VALUES,
    {
        "subscriptions": [
            {
                "name": "sales",
                "spec": {
                    "callbackUrl": CALLBACK_URL,
                    "events": EVENTS,
                    "api": {
                        "baseUrl": API,
                        "tokenSecretRef": {"name": "salesloft-api"},
                    },
                    "keys": {"secretRef": {"name": "salesloft-keys"}},
                },
            }
        ]
    },
)


@pytest.fixture(scope="module")
def salesloft(release: Release) -> Iterator[Simulator]:
    """SalesLoft with two subscriptions that are not ours: one of another address, one of ours with another key."""
    for name, key, value in (("salesloft-keys", "callback-secret", KEY), ("salesloft-api", "token", TOKEN)):
        apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {key: value}})
    with Simulator() as simulator:
        for url in (ELSEWHERE, CALLBACK_URL):
            fields = {"callback_url": url, "callback_token": "somebody-elses", "event_type": "user_updated"}
            simulator.request("POST", "/webhook_subscriptions", fields)
        yield simulator
    release.uninstall()
    kubectl("delete", "crd", "salesloftsubscriptions.salesloft-webhooks.dev", "consumergroups.salesloft-webhooks.dev")


def registered(salesloft: Simulator) -> list[dict[str, Any]]:
    """What is registered at SalesLoft."""
    found: list[dict[str, Any]] = salesloft.request("GET", "/webhook_subscriptions")["data"]
    return found


def ours(salesloft: Simulator) -> Counter[str]:
    """How many enabled subscriptions of ours there are of each event type."""
    key = MasterKey(KEY.encode())
    return Counter(
        each["event_type"]
        for each in registered(salesloft)
        if each["enabled"] and each["callback_token"] == key.token(each["event_type"])
    )


def wait_until_ready() -> None:
    """Wait until the operator says that everything declared is delivered."""
    kubectl("wait", "slsub/sales", "--for=condition=Ready", PATIENCE)


def test_what_is_declared_is_delivered(release: Release, salesloft: Simulator) -> None:
    """With an operator and a declaration nobody has to call SalesLoft: each change reaches the receivers."""
    release.install(VALUES)
    before = entries()

    release.install(DECLARING)
    wait_until_ready()
    salesloft.ask("POST", "/changes", {"count": 30, "event": "note_created"})
    account = salesloft.settled()

    assert ours(salesloft) == Counter(EVENTS)
    assert (account["reached"], account["lost"], account["answers"]) == (30, 0, {"200": 30})
    wait_until(lambda: entries() - before == 30, description="each of them is stored once")
    wait_until_handled()
    assert "4/4" in kubectl("get", "salesloft-webhooks")
    wait_until(lambda: "crm" in kubectl("get", "slgroup"), seconds=60, description="groups are shown")


def test_an_operator_that_dies_is_replaced(salesloft: Simulator) -> None:
    """Killed while somebody takes subscriptions away by hand: another one heals them, and makes none twice."""
    wait_until_ready()
    kubectl("delete", "pods", "--selector=app.kubernetes.io/component=operator", "--force", "--grace-period=0")
    for each in registered(salesloft):
        if each["event_type"] in {"call_created", "task_created"}:
            salesloft.request("DELETE", f"/webhook_subscriptions/{each['id']}")

    wait_until(lambda: ours(salesloft) == Counter(EVENTS), seconds=180, description="all of ours are there once")
    wait_until_rolled_out("operator", pods=2)
    wait_until_ready()


def test_an_uninstall_leaves_nothing_of_ours(release: Release, salesloft: Simulator) -> None:
    """At SalesLoft everything else stays; in the cluster no object waits for an operator that is gone."""
    release.install(DECLARING)
    wait_until_ready()

    release.uninstall()

    assert ours(salesloft) == Counter()
    assert sorted(each["callback_url"] for each in registered(salesloft)) == sorted([ELSEWHERE, CALLBACK_URL])
    assert objects("slsub") == []
    assert kubectl("get", "crd", "--output=name").count(".salesloft-webhooks.dev") == 2, "the definitions are kept"
    assert not objects("job")
