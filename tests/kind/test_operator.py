"""The operator as a pod, with SalesLoft as another one: declared, healed, and gone without a trace of ours.

The keys are the operator's own (`keys.mode: Manage`): the receivers' pods start when it has made their Secret, and a
new key comes to them as their nodes bring it.
"""

import base64
import time
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
    pods,
    wait_until_handled,
    wait_until_rolled_out,
)
from tests.kind.simulator import CALLBACK_URL, NAME, TOKEN, Simulator
from tests.support.waiting import wait_until

KEYS = "salesloft-keys"
"""The Secret that nobody makes but the operator, where it manages the keys."""
EVENTS = ["call_created", "note_created", "person_updated", "task_created"]
API = f"http://{NAME}.{OUTSIDE}.svc/v2"
ELSEWHERE = "https://elsewhere.example.com/"
VALUES: Values = {
    "source": {"existingSecret": {"name": KEYS, "callbackSecretKey": "callback-secret"}},
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
                    "keys": {"secretRef": {"name": KEYS}},
                },
            }
        ]
    },
)
(OBSERVED,) = DECLARING["subscriptions"]
MANAGED = merged(OBSERVED, {"spec": {"keys": {"mode": "Manage"}, "rotation": {"every": "2160h"}}})
MANAGING = merged(VALUES, {"subscriptions": [MANAGED]})


@pytest.fixture(scope="module")
def salesloft(release: Release) -> Iterator[Simulator]:
    """SalesLoft with two subscriptions that are not ours: one of another address, one of ours with another key."""
    login = {"metadata": {"name": "salesloft-api"}, "stringData": {"token": TOKEN}}
    apply({"apiVersion": "v1", "kind": "Secret", **login})
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


def keys() -> list[bytes]:
    """What is in the Secret; nothing without one."""
    found = [each["data"] for each in objects("secret") if each["metadata"]["name"] == KEYS]
    return base64.b64decode(found[0]["callback-secret"]).split(b",") if found else []


def ours(salesloft: Simulator) -> Counter[str]:
    """How many enabled subscriptions there are of each event type that the first key has signed."""
    key = MasterKey(keys()[0])
    return Counter(
        each["event_type"]
        for each in registered(salesloft)
        if each["enabled"] and each["callback_token"] == key.token(each["event_type"])
    )


def kinds_are_known() -> bool:
    """Whether whoever asks the cluster for its kinds, as Helm does before it makes objects, finds ours."""
    return "salesloftsubscriptions" in kubectl("api-resources", "--api-group=salesloft-webhooks.dev", "--output=name")


def wait_until_ready() -> None:
    """Wait until the operator says that everything declared is delivered."""
    kubectl("wait", "slsub/sales", "--for=condition=Ready", PATIENCE)


def test_what_is_declared_is_delivered(release: Release, salesloft: Simulator) -> None:
    """Nobody calls SalesLoft or makes a key: two runs of Helm, as the page says, and each change reaches receivers."""
    before = entries()
    release.install(VALUES, wait=False)
    wait_until(kinds_are_known, seconds=60, description="the cluster knows the kinds")
    without = keys()

    release.install(MANAGING)
    wait_until_ready()
    salesloft.ask("POST", "/changes", {"count": 30, "event": "note_created"})
    account = salesloft.settled()

    assert (without, len(keys()), ours(salesloft)) == ([], 1, Counter(EVENTS))
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


def test_a_new_key_is_used_when_the_pods_have_it(salesloft: Simulator) -> None:
    """Receivers get it from their nodes, the operator signs with it then; what either key signs is accepted."""
    (old,) = keys()
    kubectl("annotate", "slsub/sales", "salesloft-webhooks.dev/rotate=now")
    wait_until(lambda: len(keys()) == 2, seconds=60, description="there is a new key")
    names = [pod["metadata"]["name"] for pod in pods("receiver")]
    # A pod that is touched is looked at by its node at once, and otherwise about once a minute.
    kubectl("annotate", "pods", *names, f"touched={time.time()}", "--overwrite")
    wait_until(lambda: ours(salesloft) == Counter(EVENTS), seconds=240, description="all is signed with the new key")

    salesloft.ask("POST", "/changes", {"count": 30, "event": "note_created"})
    account = salesloft.settled()

    assert keys()[1] == old
    assert (account["lost"], list(account["answers"])) == (0, ["200"])
    wait_until_handled()


def test_an_uninstall_leaves_nothing_of_ours(release: Release, salesloft: Simulator) -> None:
    """At SalesLoft everything else stays; in the cluster no object waits for an operator, and the keys are gone."""
    release.install(MANAGING)
    wait_until_ready()

    release.uninstall()

    assert sorted(each["callback_url"] for each in registered(salesloft)) == sorted([ELSEWHERE, CALLBACK_URL])
    assert objects("slsub") == []
    assert kubectl("get", "crd", "--output=name").count(".salesloft-webhooks.dev") == 2, "the definitions are kept"
    assert not objects("job")
    wait_until(lambda: not keys(), seconds=60, description="the keys went with their object")
