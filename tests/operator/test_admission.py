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


def refused(team: Team, kind: Kind) -> bool:
    """Whether the rule holds by now."""
    try:
        if kind is Kind.SECRET:
            probe = {"metadata": {"name": "probe"}}
            team.kubernetes.request("POST", f"{path(team.namespace, kind)}?dryRun=All", probe)
        else:
            patch(team.kubernetes, team.namespace, kind, "sales?dryRun=All", {"metadata": {"labels": {"a": "b"}}})
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
