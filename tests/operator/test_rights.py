"""The operator does all of its work with the rights that the chart gives it."""

import base64

import pytest

from salesloft_webhooks.operator.api_group import GROUP as API_GROUP
from salesloft_webhooks.operator.release import Outcome, release
from tests.chart.api_server import ApiServer
from tests.chart.rendering import PREFIX, Values, render
from tests.operator.team import EVENTS, KEY, NEXT_KEY, TOKEN, URL, Team

pytestmark = pytest.mark.usefixtures("short_times")

ACCOUNT = f"{PREFIX}-operator"
GROUP = "rbac.authorization.k8s.io"
VALUES: Values = {"operator": {"enabled": True, "secretNames": ["salesloft-api", "salesloft-keys"]}}
PLACES = {
    "ServiceAccount": "api/v1/namespaces/{}/serviceaccounts",
    "Role": f"apis/{GROUP}/v1/namespaces/{{}}/roles",
    "RoleBinding": f"apis/{GROUP}/v1/namespaces/{{}}/rolebindings",
}


MANAGING: Values = {
    "operator": {"enabled": True, "secretNames": ["salesloft-api"], "managedSecretNames": ["made-by-the-operator"]}
}


def restricted(kubernetes: ApiServer, namespace: str, values: Values) -> str:
    """A token of the chart's account, with its rights in a namespace."""
    for kind, place in PLACES.items():
        content = render(values).one_named(kind, ACCOUNT)
        content = {**content, "metadata": {"name": ACCOUNT}}
        if kind == "RoleBinding":
            content["subjects"] = [{**subject, "namespace": namespace} for subject in content["subjects"]]
        kubernetes.request("POST", place.format(namespace), content)
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    place = f"{PLACES['ServiceAccount'].format(namespace)}/{ACCOUNT}/token"
    return str(kubernetes.request("POST", place, asked)["status"]["token"])


def confine(team: Team, values: Values) -> None:
    """Have the team's operator work with nothing but the chart's account, and see by watches alone what changes."""
    token = restricted(team.kubernetes, team.namespace, values)
    team.settings |= {
        "kubeconfig": team.kubernetes.kubeconfig(team.namespace, token=token),
        "operator_lease_name": render(values).environment("operator")["OPERATOR_LEASE_NAME"],
        "operator_resync_seconds": 600,
    }


async def test_a_whole_life_needs_no_other_right(team: Team) -> None:
    """Declared, changed, its keys rotated, deleted: each is noticed at once, carried out and told."""
    await team.given()
    confine(team, VALUES)
    async with team.operator():
        team.declare()
        await team.ready()
        team.change(spec={"events": [*EVENTS, "note_created"]})
        await team.shows(lambda: team.signed_with(KEY) == {*EVENTS, "note_created"}, "the change is seen by a watch")
        await team.accept(NEXT_KEY, KEY)
        team.keys(NEXT_KEY, KEY)
        await team.shows(lambda: len(team.signed_with(NEXT_KEY)) == 3, "the Secret's change is seen by a watch")
        await team.shows(lambda: not team.signed_with(KEY), "the older ones are gone")

        team.delete()
        await team.shows(lambda: team.found() is None, "nothing holds the object any more")

    assert team.there() == {}
    assert {"Created", "Deleted"} <= set(team.reasons())


async def test_keys_that_it_manages_need_no_other_right(team: Team) -> None:
    """It makes their Secret, which goes with the object, and puts another key there when it is asked to."""
    team.platform.access.allow(TOKEN)
    team.login()
    confine(team, MANAGING)

    def keys() -> list[str]:
        found = team.kubernetes.objects("Secret", team.namespace).get("made-by-the-operator", {"data": {}})["data"]
        return base64.b64decode(found.get("callback-secret", "")).decode().split(",")

    async with team.operator():
        team.declare(keys={"mode": "Manage", "secretRef": {"name": "made-by-the-operator"}})
        await team.shows(lambda: keys() != [""], "there is a key")
        (first,) = keys()
        await team.accept(first)
        await team.ready()
        team.change(metadata={"annotations": {f"{API_GROUP}/rotate": "now"}})
        await team.shows(lambda: len(keys()) == 2, "another key is there")
        team.delete()
        await team.shows(lambda: team.found() is None, "nothing holds the object any more")

    assert team.there() == {}


@pytest.mark.usefixtures("short_lease")
async def test_its_end_needs_no_other_right(team: Team) -> None:
    """What runs before an uninstall has the same account: it stops the operator, and nothing of ours is left."""
    await team.given()
    confine(team, VALUES)
    async with team.operator():
        team.declare()
        await team.ready()

        ended = await release(team._settings(), 30.0)

        assert [(each.name, each.outcome) for each in ended] == [("sales", Outcome.DELETED)]
        assert team.there() == {}
        assert "finalizers" not in team.found()["metadata"]


async def test_a_secret_that_it_may_not_read_is_said_and_holds_no_object(team: Team) -> None:
    """An object that names one says so, in a condition and an event, and goes when its time is over."""
    await team.given()
    team.secret("another", token=TOKEN)
    confine(team, VALUES)
    async with team.operator(operator_deletion_seconds=1.0):
        team.declare(api={"baseUrl": team.platform.url, "tokenSecretRef": {"name": "another"}})
        await team.shows(lambda: team.condition("CredentialsValid") == ("False", "SecretForbidden"), "it is said")
        assert "Secret another" in team.message("Ready")
        assert "operator.secretNames" in team.message("Ready")
        team.declare("managed", callbackUrl=f"{URL}/m", keys={"mode": "Manage", "secretRef": {"name": "another"}})
        await team.shows(lambda: team.condition("KeysSpread", "managed") == ("False", "SecretForbidden"), "of this too")
        assert "SecretForbidden" in team.reasons()

        team.delete()
        team.delete("managed")

        await team.shows(lambda: team.found() is None and team.found("managed") is None, "nothing holds them")


@pytest.mark.parametrize("values", [VALUES, MANAGING], ids=["observed", "managed"])
async def test_a_right_that_goes_before_the_object_leaves_nothing_behind(team: Team, values: Values) -> None:
    """Helm takes a subscription's Secrets out of the Role before it deletes the object: what was read last is used."""
    await team.given()
    confine(team, values)
    keys: Values = {"secretRef": {"name": "salesloft-keys"}}
    if values is MANAGING:
        keys = {"secretRef": {"name": "made-by-the-operator"}, "mode": "Manage"}
        team.kubernetes.request("DELETE", f"api/v1/namespaces/{team.namespace}/secrets/salesloft-keys")
        with team.valkey.client() as client:
            client.flushall()
    async with team.operator():
        team.declare(keys=keys)
        await team.shows(lambda: bool(team.status()), "it is looked at")
        if values is MANAGING:
            found = team.kubernetes.objects("Secret", team.namespace)["made-by-the-operator"]["data"]
            await team.accept(base64.b64decode(found["callback-secret"]).decode())
            team.change(metadata={"annotations": {"look": "again"}})
        await team.ready()
        place = f"{PLACES['Role'].format(team.namespace)}/{ACCOUNT}"
        role = team.kubernetes.request("GET", place)
        role["rules"] = [rule for rule in role["rules"] if "secrets" not in rule["resources"]]
        team.kubernetes.request("PUT", place, role)
        await team.shows(lambda: _may_read(team) is False, "the right is gone")

        team.delete()

        await team.shows(lambda: team.found() is None, "nothing holds the object")
    assert team.there() == {}


def _may_read(team: Team) -> bool:
    """Whether the chart's account may read the login."""
    where = "apis/authorization.k8s.io/v1/subjectaccessreviews"
    attributes = {"namespace": team.namespace, "verb": "get", "resource": "secrets", "name": "salesloft-api"}
    asked = {"user": f"system:serviceaccount:{team.namespace}:{ACCOUNT}", "resourceAttributes": attributes}
    content = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": asked}
    return bool(team.kubernetes.request("POST", where, content)["status"]["allowed"])
