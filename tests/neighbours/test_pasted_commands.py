"""docs/operations.md from its first command to its last, and every runbook in between, pasted on a cluster."""

import base64
import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.chart.rendering import Values
from tests.kind.cluster import NAMESPACE, OUTSIDE, PATIENCE, RELEASE, SECRET, entries, kubectl, objects, unfinished
from tests.kind.simulator import NAME, TOKEN, Simulator
from tests.neighbours.incidents import (
    GONE,
    GROUP,
    KEY,
    OBJECT,
    Incidents,
    group,
    letter,
    pod,
    quarantined,
    secrets,
    values,
)
from tests.neighbours.pasting import Forwarded, Shell, Words
from tests.support.documents import blocks
from tests.support.rules_and_dashboards import alerts
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("pages")
REGISTRY = "docker.io/library"
"""Where an image is that was loaded into the nodes, and not pushed."""
CLAIM = f"data-{RELEASE}-valkey-0"
DEFINITIONS = ("salesloftsubscriptions.salesloft-webhooks.dev", "consumergroups.salesloft-webhooks.dev")
ALIASES, INSTALL, UPGRADE, CHANGE, BACK, PAUSE, REMOVE, GROW, UNINSTALL, FORGET = [
    block.text for block in blocks("docs/operations.md", "sh")
]
ALIAS, METRICS = [block.text for block in blocks("docs/runbooks/README.md", "sh")]
NAMES = {str(rule["alert"]).removeprefix("SalesloftWebhooks") for rule in alerts()}
RUNBOOKS = {
    alert: [block.text for block in blocks(f"docs/runbooks/SalesloftWebhooks{alert}.md", "sh")]
    # The one that restarts the receivers comes last: the others look at what these have logged.
    for alert in sorted(NAMES, key=lambda name: (name == "RotationStuck", name))
}
SHOWN = {
    "BackfillAbsent": {f"{RELEASE}-backfill", "backfill."},
    "BackfillBehind": {"people", "salesloft_webhooks_api_requests_total"},
    "BackfillStopped": {"unauthorized"},
    "BacklogGrowing": {GROUP},
    "DeadLetters": {"the shop is closed", "1 redriven", "1 discarded"},
    "DeliveriesAbsent": {"salesloft_webhooks_deliveries_total{", "200", "2/2", "keep"},
    "DurabilityDegraded": {"durability.degraded", "noeviction", "aof_last_write_status:ok"},
    "ErrorBudgetBurn": {"delivery.refused"},
    "GroupPaused": {f"Name:         {GROUP}"},
    "GroupWithoutConsumers": {GONE, "is removed"},
    "LinkSwapFallback": {"https://links.example.com/1"},
    "NoHandler": {"worker.started", "event.unhandled"},
    "OperatorAbsent": {"HOLDER", "nothing was changed"},
    "Poison": {"Last State"},
    "Quarantine": {"1 stored", "unsupported_event"},
    "ReceiverAbsent": {"# HELP", "receiver."},
    "RetryStorm": {"attempt.retried"},
    "RotationStuck": {"SalesloftSubscription", "restarted"},
    "RotationUnfinished": {"salesloft_webhooks_signature_matches_total{"},
    "SignatureFailures": {"salesloft_webhooks_signature_failures_total"},
    "StoreDown": {"store.", "bye bye", "aof_enabled:1"},
    "StoreMemory": {GONE},
    "SubscriptionsForeign": {"SalesloftSubscription", "ours"},
    "SubscriptionsIncomplete": {"2/2", "keep"},
    "SubscriptionsSyncOld": {"2/2", "operator.reconciled", "ours"},
}
"""What somebody sees, besides that no command fails."""
NOT_ARRANGED = {"RowsPassedOver"}
"""Pages whose `grep` in the logs finds nothing here, because nothing of it went wrong."""


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """Somebody's machine; what they have left of the release in the end is removed."""
    yield Shell.opened(tmp_path_factory.mktemp("machine"))
    kinds = "deployment,statefulset,secret,persistentvolumeclaim,configmap"
    kubectl("delete", kinds, "--all", check=False)


@pytest.fixture(scope="module")
def salesloft(shell: Shell) -> Iterator[Simulator]:
    """The release as the page upgrades it, with a SalesLoft to ask, and with everything that a runbook is about."""
    secrets()
    with Simulator() as simulator:
        # A cluster that does not know the kinds yet learns them first, as the chart asks for.
        for wanted in (mine() | {"subscriptions": []}, mine()):
            (shell.folder / "mine.yaml").write_text(json.dumps(wanted))
            shell.paste(UPGRADE)
        settle()
        yield simulator


@pytest.fixture(scope="module")
def outside(shell: Shell, salesloft: Simulator) -> Iterator[tuple[Shell, Words]]:
    """A machine that reaches receivers, SalesLoft and the store from outside, after all that went wrong."""
    password = base64.b64decode(kubectl("get", "secret", f"{RELEASE}-valkey", "--output=jsonpath={.data.password}"))
    with (
        Forwarded(f"service/{RELEASE}-receiver", 80) as receivers,
        Forwarded(f"service/{RELEASE}-valkey", 6379) as valkey,
        Forwarded(f"deployment/{NAME}", 8010, namespace=OUTSIDE) as api,
    ):
        environment = {
            "REDIS_URL": f"redis://default:{password.decode()}@127.0.0.1:{valkey.port}/0",
            "SALESLOFT_API_URL": f"http://127.0.0.1:{api.port}/v2",
            "SALESLOFT_API_TOKEN": TOKEN,
            "SALESLOFT_CALLBACK_SECRET": KEY,
            "SALESLOFT_WEBHOOK_SECRET": SECRET,
        }
        machine = replace(shell, environment=shell.environment | environment)
        address = f"http://127.0.0.1:{receivers.port}"
        Incidents(machine, salesloft, address).happen()
        machine.paste(f"kubectl -n {NAMESPACE} get slsub {OBJECT} -o yaml > subscriptions.yaml")
        yield machine, words(address)


def mine() -> Values:
    """What the file of the page says; definitions of our kinds that another release has brought stay its own."""
    found = [each["metadata"] for each in objects("crd") if each["metadata"]["name"] in DEFINITIONS]
    owners = {each.get("annotations", {}).get("meta.helm.sh/release-namespace") for each in found}
    return values({"registry": REGISTRY}) | {"crds": {"enabled": owners <= {NAMESPACE}}}


def words(address: str) -> Words:
    """What somebody writes who reads a runbook."""
    return {
        "NAMESPACE": NAMESPACE,
        "RELEASE-salesloft-webhooks": RELEASE,
        "GROUP": group,
        "LETTER": lambda _: letter(),
        "ID": lambda _: quarantined(),
        "POD": lambda _: pod(**{"salesloft-webhooks/group": GROUP}),
        "OBJECT": OBJECT,
        "NAME": GROUP,
        "https://HOOKS.EXAMPLE.COM": address,
    }


def settle() -> None:
    """Wait until every workload is as it was last declared."""
    for kind in ("statefulset", "deployment"):
        kubectl("rollout", "status", kind, PATIENCE)


def test_the_page_installs_it(shell: Shell) -> None:
    """What the page says first ends in a delivery that is handled; the chart's own page says the same."""
    build, *rest = INSTALL.splitlines(keepends=True)
    assert build.startswith("make image")  # and pushes it: tests/release does that

    said = shell.paste("".join(rest), {"REGISTRY": REGISTRY}, seconds=420)

    assert re.search(r"Phase: +Succeeded", said)
    assert INSTALL in [block.text for block in blocks("charts/salesloft-webhooks/README.md", "sh")]


@pytest.mark.parametrize("alert", RUNBOOKS)
def test_a_runbook_is_pasted(outside: tuple[Shell, Words], alert: str) -> None:
    """Each block of the page, as it stands but for the reader's words, works and shows what it is about."""
    machine, meanings = outside
    if any("redis-cli" in text for text in RUNBOOKS[alert]) and not shutil.which("redis-cli"):
        pytest.skip("redis-cli is not installed")

    with ExitStack() as stack:
        if any("localhost:9090" in text and "port-forward" not in text for text in RUNBOOKS[alert]):
            assert METRICS.endswith("-receiver 9090\n")
            stack.enter_context(Forwarded(f"deployment/{RELEASE}-receiver", 9090, here=9090))
        said = "".join(machine.paste(looked(alert, text), meanings, prepared=ALIAS) for text in RUNBOOKS[alert])

    assert [word for word in SHOWN.get(alert, ()) if word not in said] == [], said


def looked(alert: str, text: str) -> str:
    """The block; that a `grep` finds nothing is no failure where there is nothing."""
    lines = text.splitlines(keepends=True)
    return "".join(
        f"{line[:-1]} || [ $? = 1 ]\n" if alert in NOT_ARRANGED and "| grep" in line else line for line in lines
    )


def test_the_page_changes_values_and_goes_back(shell: Shell, salesloft: Simulator) -> None:
    """Two values are changed and the others kept; the revision before it comes back."""
    shell.paste(CHANGE)
    settle()
    changed = replicas()
    shell.paste(BACK)
    settle()

    assert (changed, replicas()) == ((5, 3), (2, 1))
    assert objects("deployments", f"--selector=salesloft-webhooks/group={GROUP}")


def test_the_page_holds_a_group_back_and_removes_it(shell: Shell, salesloft: Simulator) -> None:
    """A group is paused, looked at and resumed; with its workers gone, as the page says, it is removed."""
    held = shell.paste(PAUSE, prepared=ALIASES)
    kept = mine()
    kept["workers"]["crm"] = None
    (shell.folder / "mine.yaml").write_text(json.dumps(kept))
    shell.paste(UPGRADE)
    selection = "--selector=salesloft-webhooks/group=crm"
    wait_until(lambda: not objects("pods", selection), seconds=120, description="its workers are gone")

    removed = shell.paste(REMOVE, prepared=ALIASES)

    assert "paused" in held
    assert "crm is removed" in removed
    assert "crm" not in unfinished()


def test_the_page_gives_a_full_disk_room(shell: Shell, salesloft: Simulator) -> None:
    """Where the storage class allows it, the claim asks for more and the server comes back with all it had."""
    kubectl("patch", "storageclass", "standard", "--patch", '{"allowVolumeExpansion": true}')
    before = entries()

    shell.paste(GROW, prepared=ALIASES)
    kubectl("rollout", "status", f"statefulset/{RELEASE}-valkey", PATIENCE)

    (claim,) = [each for each in objects("persistentvolumeclaims") if each["metadata"]["name"] == CLAIM]
    assert claim["spec"]["resources"]["requests"]["storage"] == "4Gi"
    wait_until(lambda: entries() == before, seconds=60, description="everything is there")


def test_the_page_removes_it(shell: Shell, salesloft: Simulator) -> None:
    """Subscriptions first, then the release, then what was kept on purpose."""
    removed = shell.paste(UNINSTALL)
    left = salesloft.request("GET", "/webhook_subscriptions")["data"]
    wait_until(lambda: not objects("pods"), seconds=120, description="all pods are gone")
    kept = {each["metadata"]["name"] for each in objects("persistentvolumeclaims")}
    shell.paste(FORGET, prepared=ALIASES)

    assert f'release "{RELEASE}" uninstalled' in removed
    assert left == []
    assert CLAIM in kept
    assert objects("persistentvolumeclaims") == []


def replicas() -> tuple[int, int]:
    """Receivers and workers of `notify`."""
    found = {each["metadata"]["name"]: each["spec"]["replicas"] for each in objects("deployments")}
    return found[f"{RELEASE}-receiver"], found[f"{RELEASE}-worker-notify"]
