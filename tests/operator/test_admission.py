"""A cluster with rules of its own, which refuse what the operator writes."""

import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from salesloft_webhooks.operator.api_group import GROUP, Kind
from tests.operator.definitions import declare, patch, path
from tests.operator.team import KEY, Team
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("short_times")

POLICIES = "apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
BINDINGS = "apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings"


@contextmanager
def refusing(team: Team, group: str, resource: str, operation: str) -> Iterator[None]:
    """A rule of the namespace's own: nobody does this there."""
    name = team.namespace
    rule = {"apiGroups": [group], "apiVersions": ["*"], "operations": [operation], "resources": [resource]}
    selector = {"matchLabels": {"kubernetes.io/metadata.name": team.namespace}}
    policy = {
        "metadata": {"name": name},
        "spec": {
            "matchConstraints": {"resourceRules": [rule], "namespaceSelector": selector},
            "validations": [{"expression": "false", "message": "nobody does this here"}],
        },
    }
    binding = {"metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}
    team.kubernetes.request("POST", POLICIES, policy)
    team.kubernetes.request("POST", BINDINGS, binding)
    try:
        yield
    finally:
        team.kubernetes.request("DELETE", f"{BINDINGS}/{name}")
        team.kubernetes.request("DELETE", f"{POLICIES}/{name}")


def refused(team: Team, kind: Kind, name: str = "sales") -> bool:
    """Whether the rule holds by now; of Secrets, that for creating them unless one is named."""
    try:
        if kind is Kind.SECRET and name == "sales":
            probe = {"metadata": {"name": "probe"}}
            team.kubernetes.request("POST", f"{path(team.namespace, kind)}?dryRun=All", probe)
        else:
            patch(team.kubernetes, team.namespace, kind, f"{name}?dryRun=All", {"metadata": {"labels": {"a": "b"}}})
    except urllib.error.HTTPError:
        return True
    return False


@pytest.mark.parametrize(
    ("group", "kind", "operation", "about", "reason"),
    [
        (GROUP, Kind.SUBSCRIPTION, "UPDATE", "Ready", "FinalizerRefused"),
        ("", Kind.SECRET, "CREATE", "KeysSpread", "SecretRefused"),
    ],
    ids=["finalizer", "secret"],
)
async def test_what_the_cluster_refuses_is_said(
    team: Team, group: str, kind: Kind, operation: str, about: str, reason: str
) -> None:
    """Nothing is done at SalesLoft then, the object says what was refused."""
    await team.given()
    team.kubernetes.request("DELETE", path(team.namespace, Kind.SECRET, "salesloft-keys"))
    if kind is Kind.SUBSCRIPTION:
        team.keys(KEY)
    api = {"baseUrl": team.platform.url, "tokenSecretRef": {"name": "salesloft-api"}}
    mode = "Manage" if kind is Kind.SECRET else "Observe"
    declare(
        team.kubernetes,
        team.namespace,
        api=api,
        keys={"mode": mode, "secretRef": {"name": "salesloft-keys"}},
    )
    plural = "secrets" if kind is Kind.SECRET else "salesloftsubscriptions"
    with refusing(team, group, plural, operation):
        wait_until(lambda: refused(team, kind), seconds=20, description="the rule holds")
        async with team.operator():
            await team.shows(lambda: team.condition(about) == ("False", reason), "it is said")
            assert (team.there(), team.condition("Ready")) == ({}, ("False", reason))


@pytest.mark.parametrize("policy", ["Delete", "Retain"], ids=str.lower)
async def test_nothing_hangs_on_a_secret_that_may_not_be_handed_over(team: Team, policy: str) -> None:
    """Its object waits as long as a deletion may take, with an event that says why; then it goes all the same."""
    await team.given()
    team.kubernetes.request("DELETE", path(team.namespace, Kind.SECRET, "salesloft-keys"))
    managed = {"mode": "Manage", "secretRef": {"name": "salesloft-keys"}}
    async with team.operator(operator_deletion_seconds=4.0):
        team.declare(keys=managed, deletionPolicy=policy)
        await team.shows(lambda: team.condition("KeysManaged")[0] == "True", "there is a key")
        team.declare("next", callbackUrl="https://next.example.com/", keys=managed)
        await team.shows(lambda: team.condition("KeysManaged", "next") == ("False", "SecretNotOwned"), "and a reader")
        with refusing(team, "", "secrets", "UPDATE"):
            wait_until(lambda: refused(team, Kind.SECRET, "salesloft-keys"), seconds=20, description="the rule holds")

            team.delete()
            await team.shows(lambda: "SecretRefused" in team.reasons(), "it is said")
            meanwhile = team.found()
            await team.shows(lambda: team.found() is None, "it is gone", 20)

    assert meanwhile is not None
    assert "Orphaned" in team.reasons()
