"""Wrong objects are refused by the server, in words that say what to do; right ones are taken."""

import json
import urllib.error
from typing import Any

import pytest

from salesloft_webhooks.subscriptions.declaration import Spec
from tests.chart.api_server import ApiServer
from tests.chart.declared import API, SPEC, create, define, refused
from tests.chart.rendering import Object, merged

pytestmark = pytest.mark.timeout(120)

OAUTH: Object = {"clientId": "an-invented-id", "clientSecretRef": {"name": "salesloft-app"}}
MANAGED: Object = {"keys": {"mode": "Manage"}, "rotation": {"every": "2160h"}}

WRONG: list[tuple[str, Object, str]] = [
    ("in-the-clear", {"callbackUrl": "http://hooks.example.com/"}, "callbackUrl must begin with https://"),
    ("with-a-user", {"callbackUrl": "https://a:b@hooks.example.com/"}, "no user"),
    ("with-a-fragment", {"callbackUrl": "https://hooks.example.com/#x"}, "no fragment"),
    ("nothing-wanted", {"events": []}, "spec.events in body should have at least 1 items"),
    ("unheard-of", {"events": ["person_sneezed"]}, 'spec.events[0]: Unsupported value: "person_sneezed"'),
    ("twice", {"events": ["call_created", "call_created"]}, 'spec.events[1]: Duplicate value: "call_created"'),
    ("synchronous", {"events": ["call_created", "link_swap"]}, "link_swap is no event that can be queued"),
    (
        "asked-in-the-clear",
        {"linkSwap": {"enabled": True, "callbackUrl": "http://a.example.com"}},
        "begin with https://",
    ),
    ("no-login", {"api": {"tokenSecretRef": None}}, "api needs either tokenSecretRef or oauth"),
    ("two-logins", {"api": {"oauth": OAUTH}}, "api needs either tokenSecretRef or oauth"),
    ("no-address", {"api": {"baseUrl": "api.salesloft.com"}}, "baseUrl must be the address of an API"),
    ("nameless", {"keys": {"secretRef": {"name": ""}}}, "spec.keys.secretRef.name in body should be at least 1 chars"),
    ("somebody-elses", {"rotation": {"every": "2160h"}}, "rotation is for keys.mode Manage"),
    ("too-often", merged(MANAGED, {"rotation": {"every": "23h"}}), "every must be hours, at least 24h"),
    ("other-units", merged(MANAGED, {"rotation": {"every": "90d"}}), "every must be hours, at least 24h"),
    ("unheard-of-mode", {"keys": {"mode": "Guess"}}, 'supported values: "Observe", "Manage"'),
    ("unheard-of-policy", {"deletionPolicy": "Orphan"}, 'supported values: "Delete", "Retain"'),
    ("a-typo", {"event": ["call_created"]}, 'unknown field "spec.event"'),
]

WRONG_GROUPS: list[tuple[str, Object, str]] = [
    ("a-reason-alone", {"reason": "CRM migration"}, "reason and until belong to paused"),
    ("an-end-alone", {"until": "2026-11-26T06:00:00Z"}, "reason and until belong to paused"),
    ("no-time", {"paused": True, "until": "tomorrow"}, "spec.until in body must be of type date-time"),
    ("two-lines", {"paused": True, "reason": "a\nb"}, "reason must be one line"),
    ("a-typo", {"pause": True}, 'unknown field "spec.pause"'),
]


@pytest.fixture(scope="module")
def defined(cluster: ApiServer) -> ApiServer:
    """A server that has both definitions."""
    define(cluster)
    return cluster


@pytest.fixture
def namespace(defined: ApiServer) -> str:
    """A namespace of it."""
    return defined.namespace("declares")


def without_nulls(node: Any) -> Any:
    """Without what a case removes."""
    if isinstance(node, dict):
        return {name: without_nulls(value) for name, value in node.items() if value is not None}
    return node


@pytest.mark.parametrize(("change", "words"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_a_wrong_declaration_is_refused_in_words(
    cluster: ApiServer, namespace: str, change: Object, words: str
) -> None:
    """The server refuses it at once, and says what is wrong and where."""
    said = refused(cluster, namespace, "SalesloftSubscription", without_nulls(merged(SPEC, change)))

    assert words in said
    assert said.count("spec.") <= 2, "one mistake, one sentence"


@pytest.mark.parametrize(("spec", "words"), [case[1:] for case in WRONG_GROUPS], ids=[case[0] for case in WRONG_GROUPS])
def test_a_wrong_group_is_refused_in_words(cluster: ApiServer, namespace: str, spec: Object, words: str) -> None:
    """As a wrong declaration is."""
    assert words in refused(cluster, namespace, "ConsumerGroup", spec)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"callbackUrl": "http://127.0.0.1:8000/webhooks/salesloft?by=sales"},
        {"api": {"tokenSecretRef": None, "oauth": OAUTH}},
        MANAGED,
        {"source": "emea", "existing": "Replace", "deletionPolicy": "Retain", "suspend": True},
    ],
    ids=["least", "on-this-machine", "private-app", "managed", "all-else"],
)
def test_a_right_declaration_is_taken(cluster: ApiServer, namespace: str, change: Object) -> None:
    """And what it leaves open is what the package takes for it."""
    made = create(cluster, namespace, "SalesloftSubscription", without_nulls(merged(SPEC, change)))["spec"]

    assert Spec.model_validate(made) == Spec.model_validate(
        merged(without_nulls(merged(SPEC, change)), {name: made[name] for name in ("api", "keys")})
    )
    assert made["keys"]["secretRef"]["key"] == "callback-secret"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"group": "My_Group", "paused": False, "reason": "kept for the next time"},
        {"paused": True, "reason": "CRM migration", "until": "2026-11-26T06:00:00Z"},
    ],
    ids=["nothing", "running", "paused"],
)
def test_a_right_group_is_taken(cluster: ApiServer, namespace: str, spec: Object) -> None:
    """What it does not say stays unsaid: another decides it then."""
    assert create(cluster, namespace, "ConsumerGroup", spec)["spec"] == spec


def test_a_group_stays_what_it_is(cluster: ApiServer, namespace: str) -> None:
    """What is shown and paused under a name is the same group at all times."""
    made = create(cluster, namespace, "ConsumerGroup", {"paused": True}, name="crm")
    path = f"{API}/namespaces/{namespace}/consumergroups/crm?dryRun=All"

    with pytest.raises(urllib.error.HTTPError) as error:
        cluster.request("PUT", path, merged(made, {"spec": {"group": "My_Group"}}))

    assert "group cannot be changed" in json.loads(error.value.read())["message"]
    assert cluster.request("PUT", path, {**made, "spec": {}})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param({"source": "emea"}, "source cannot be changed", id="source"),
        pytest.param({"callbackUrl": "https://x.example.com/"}, "callbackUrl cannot be changed; declare", id="address"),
        pytest.param(
            {"linkSwap": {"enabled": True, "callbackUrl": "https://x.example.com/"}},
            "callbackUrl cannot be changed while enabled",
            id="address of link_swap",
        ),
    ],
)
def test_whose_subscriptions_they_are_stays(cluster: ApiServer, namespace: str, change: Object, words: str) -> None:
    """What is at another address, or signed with another source's keys, would be nobody's; all else may be changed."""
    name = f"stays-{'-'.join(change).lower()}"
    made = create(cluster, namespace, "SalesloftSubscription", {**SPEC, "linkSwap": {"enabled": True}}, name=name)
    path = f"{API}/namespaces/{namespace}/salesloftsubscriptions/{name}?dryRun=All"

    with pytest.raises(urllib.error.HTTPError) as error:
        cluster.request("PUT", path, merged(made, {"spec": change}))

    assert words in json.loads(error.value.read())["message"]
    assert cluster.request("PUT", path, merged(made, {"spec": {"linkSwap": {"enabled": False}}}))
    assert cluster.request("PUT", path, merged(made, {"spec": {"events": ["call_created"]}}))
