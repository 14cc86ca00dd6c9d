"""`operator release`: what an uninstall leaves behind, whoever runs, is gone or lies."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from lightkube.generic_resource import create_namespaced_resource

from salesloft_webhooks.cli.exit_codes import ExitCode
from salesloft_webhooks.operator.api_group import CREATED_BY, FINALIZER, GROUP, OPERATOR, VERSION
from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.release import Outcome, Released, release
from salesloft_webhooks.simulator.platform import Fault
from tests.chart.api_server import ApiServer
from tests.operator.team import EVENTS, KEY, TOKEN, URL, Team
from tests.operator.test_rights import ACCOUNT, PLACES, VALUES, confine

pytestmark = pytest.mark.usefixtures("short_times", "short_lease")
NOWHERE = "redis://127.0.0.1:9/0"
LEASE = "salesloft-webhooks-operator"


def finalizers(team: Team, name: str = "sales") -> list[str]:
    """Who has to agree before the object goes."""
    found: list[str] = team.found(name)["metadata"].get("finalizers", [])
    return found


async def established(team: Team, **spec: Any) -> None:
    """Everything is there as declared, and the operator is gone."""
    await team.given()
    async with team.operator():
        team.declare(**spec)
        await team.ready()


async def test_a_running_operator_does_not_bring_it_back(team: Team) -> None:
    """It stops at once, and goes on when the lease is free again: an uninstall that is given up heals."""
    await team.given()
    foreign = team.subscribe("call_created", "somebody's")
    async with team.operator():
        team.declare()
        await team.ready()

        ended = await release(team._settings(), 30.0)
        there, kept = team.there(), finalizers(team)
        await asyncio.sleep(1.0)  # several looks of an operator that may not act
        later = team.there()

        await team.shows(lambda: team.signed_with(KEY) == set(EVENTS), "it is as declared again")
        assert ended == [Released("sales", Outcome.DELETED)]
        assert (there, kept, later) == ({"call_created": [foreign]}, [], {"call_created": [foreign]})


async def test_what_was_retained_is_held_again(team: Team) -> None:
    """Of an uninstall that is given up: until then an object could go unseen, and then it goes as it declares."""
    await team.given()
    async with team.operator():
        team.declare(deletionPolicy="Retain")
        await team.ready()
        before = team.there()

        await release(team._settings(), 30.0)
        unheld = finalizers(team)
        team.change(spec={"deletionPolicy": "Delete"})
        await team.shows(lambda: finalizers(team) == [FINALIZER], "it waits for us again")
        kept = team.there()
        team.delete()
        await team.shows(lambda: team.found() is None, "it is gone")

    assert (unheld, kept, team.there()) == ([], before, {})


async def test_without_an_operator_it_is_done_all_the_same(team: Team) -> None:
    """As each object declares; what is declared stays, and nothing keeps it any more."""
    await established(team)
    async with team.operator():
        team.declare("kept", callbackUrl=f"{URL}/kept", deletionPolicy="Retain")
        await team.shows(lambda: team.condition("Ready", "kept")[0] == "True", "both are there")

    ended = await release(team._settings(), 30.0)

    assert {each.name: each.outcome for each in ended} == {"sales": Outcome.DELETED, "kept": Outcome.RETAINED}
    assert team.there() == {}
    assert team.there(f"{URL}/kept").keys() == set(EVENTS)
    assert (finalizers(team), finalizers(team, "kept")) == ([], [])
    assert await release(team._settings(), 30.0) == []


async def test_refused_credentials_end_in_time_and_say_what_is_left(team: Team) -> None:
    """The objects may go; an event and the result have the ids."""
    await established(team)
    ids = sorted(each for of_event in team.there().values() for each in of_event)
    team.platform.access.revoke(TOKEN)
    began = asyncio.get_running_loop().time()

    ended = await release(team._settings(), 3.0)

    assert asyncio.get_running_loop().time() - began < 6
    assert ended == [Released("sales", Outcome.ORPHANED, tuple(ids))]
    assert finalizers(team) == []
    assert "Orphaned" in team.reasons()
    assert sorted(each for of_event in team.there().values() for each in of_event) == ids


async def test_a_salesloft_that_hangs_is_not_waited_for(team: Team) -> None:
    """One object's SalesLoft does not answer, and holds up neither the end nor another object."""
    await established(team)
    async with team.operator():
        team.declare("kept", callbackUrl=f"{URL}/kept", deletionPolicy="Retain")
        await team.shows(lambda: team.condition("Ready", "kept")[0] == "True", "both are there")
    team.platform.faults.order(Fault.HANG, during_seconds=60)
    began = asyncio.get_running_loop().time()

    ended = await release(team._settings(), 3.0)

    assert asyncio.get_running_loop().time() - began < 6
    assert {each.name: each.outcome for each in ended} == {"sales": Outcome.ORPHANED, "kept": Outcome.RETAINED}


async def test_what_dies_in_the_middle_is_done_by_the_next(team: Team) -> None:
    """Cancelled between two deletions: run again it deletes the rest."""
    await established(team)
    team.platform.faults.order(Fault.HANG, method="DELETE", times=1, during_seconds=60)
    first = asyncio.ensure_future(release(team._settings(), 30.0))
    await asyncio.sleep(2.5)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    team.platform.faults.clear()

    ended = await release(team._settings(), 30.0)

    assert (ended, team.there(), finalizers(team)) == ([Released("sales", Outcome.DELETED)], {}, [])


async def test_objects_of_groups_go_if_nobody_declared_them(team: Team, cluster: Cluster) -> None:
    """The operator has made them; one that somebody has declared stays."""
    await established(team)
    await cluster.create_group("made", {}, {CREATED_BY: OPERATOR})
    await cluster.create_group("declared", {}, {})
    await cluster.create_group("taken-over", {"paused": True}, {CREATED_BY: OPERATOR})

    await release(team._settings(), 30.0)

    assert sorted(each.metadata.name for each in await cluster.list_groups()) == ["declared", "taken-over"]


async def test_objects_of_groups_go_without_any_subscription(team: Team, cluster: Cluster) -> None:
    """An installation that declares no subscriptions has made them as well."""
    await cluster.create_group("made", {}, {CREATED_BY: OPERATOR})

    assert await release(team._settings(), 30.0) == []
    assert await cluster.list_groups() == []


async def test_without_definitions_there_is_nothing_to_do(
    team: Team, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cluster where our kinds are not known: nothing is written, not even the lease."""
    unknown = create_namespaced_resource(GROUP, VERSION, "Unknown", "unknowns")
    monkeypatch.setattr("salesloft_webhooks.operator.cluster.Subscriptions", unknown)

    assert await release(team._settings(), 30.0) == []
    assert await cluster.leases.read(LEASE) is None


def command(team: Team, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """`operator release`, as a process of its own."""
    environment = {
        "KUBECONFIG": str(team.kubernetes.kubeconfig(team.namespace)),
        "REDIS_URL": team.valkey.url,
        "OPERATOR_API_URLS": team.platform.url,
        **settings,
    }
    program = [sys.executable, "-m", "salesloft_webhooks", "operator", "release", *arguments]
    return subprocess.run(program, env=os.environ | environment, capture_output=True, text=True, check=False)


async def test_the_command_says_what_is_left(team: Team) -> None:
    """4 and the ids, unless an uninstall has to go on; then there is nothing to do; unasked it does nothing."""
    await established(team)
    ids = sorted(each for of_event in team.there().values() for each in of_event)
    team.platform.access.revoke(TOKEN)

    unasked = await asyncio.to_thread(command, team)
    kept = finalizers(team)
    partly = await asyncio.to_thread(command, team, "--yes", "--within", "1s", "--json")
    nothing = await asyncio.to_thread(command, team, "--yes")

    assert (unasked.returncode, kept) == (ExitCode.USAGE, [FINALIZER])
    assert partly.returncode == ExitCode.PARTLY, partly.stderr
    assert json.loads(partly.stdout) == {"objects": [{"name": "sales", "outcome": "orphaned", "left": ids}]}
    assert f"delete them there: {', '.join(map(str, ids))}" in partly.stderr
    assert (nothing.returncode, nothing.stdout) == (0, "nothing to give up\n")


async def test_an_uninstall_goes_on(team: Team) -> None:
    """With `--always` it ends with 0 although something is left, and without a store, which may be gone."""
    await established(team)
    team.platform.access.revoke(TOKEN)

    ended = await asyncio.to_thread(command, team, "--yes", "--always", "--within", "1s", REDIS_URL=NOWHERE)

    assert ended.returncode == 0, ended.stderr
    assert (finalizers(team), ended.stdout.split()[3:5]) == ([], ["sales", "orphaned"])


async def test_without_kubernetes_it_ends_at_once(team: Team, tmp_path: Path, kubernetes: ApiServer) -> None:
    """3: nothing can be said of anything."""
    text = kubernetes.kubeconfig(team.namespace).read_text().replace(str(kubernetes.port), "9")
    (tmp_path / "kubeconfig").write_text(text)

    ended = await asyncio.to_thread(command, team, "--yes", KUBECONFIG=str(tmp_path / "kubeconfig"))

    assert ended.returncode == ExitCode.UNREACHABLE, ended.stderr


async def test_a_namespace_that_goes_takes_its_objects_with_it(team: Team) -> None:
    """Its pods are ended first: the operator deletes ours and lets the objects go before it ends."""
    await team.given()
    confine(team, VALUES)
    async with team.operator():
        team.declare()
        team.declare("kept", callbackUrl=f"{URL}/kept", deletionPolicy="Retain")
        await team.ready()
        await team.shows(lambda: team.condition("Ready", "kept")[0] == "True", "both are there")
        role = f"{PLACES['Role'].format(team.namespace)}/{ACCOUNT}"
        found = team.kubernetes.request("GET", role)
        for rule in found["rules"]:
            if rule["resources"] == ["namespaces"]:
                rule["resourceNames"] = [team.namespace]  # the chart's is of another release's namespace
        team.kubernetes.request("PUT", role, found)
        team.kubernetes.request("DELETE", f"api/v1/namespaces/{team.namespace}")

    assert (finalizers(team), finalizers(team, "kept")) == ([], [])
    assert team.there() == {}
    assert team.there(f"{URL}/kept").keys() == set(EVENTS)
