"""The Prometheus Operator has the chart's pods scraped and its rules asked; an alert comes, and its runbook ends it."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS
from tests.chart.rendering import Values
from tests.kind.cluster import CONTEXT, NAMESPACE, RELEASE, Release, apply, kubectl, pods, program, run, unfinished
from tests.kind.outsider import Sender
from tests.support.documents import blocks
from tests.support.rules_and_dashboards import alerts
from tests.support.waiting import wait_until

pytestmark = pytest.mark.neighbour("prometheus-operator")
ALERT = "SalesloftWebhooksDeadLetters"
ENOUGH = 2
"""Dead letters: one to discard, one to redrive alone, and others."""
FOUND = {"enabled": True, "labels": {"prometheus": "main"}}
HANDLERS = """
from salesloft_webhooks import Event, PermanentError, Router

router = Router()

@router.on("person.updated")
async def order(event: Event) -> None:
    {}
"""


def values(handlers: str) -> Values:
    """A release whose one group has the handlers of a ConfigMap; what it reports is found by the operator's labels."""
    built_in = {row.name: None for row in BUILTIN_GROUPS if row.on_by_default}
    shop = {
        "handlers": ["shop:router"],
        "extraEnv": [{"name": "PYTHONPATH", "value": "/handlers"}],
        "extraVolumes": [{"name": "handlers", "configMap": {"name": handlers}}],
        "extraVolumeMounts": [{"name": "handlers", "mountPath": "/handlers", "readOnly": True}],
    }
    timed = {"alerts": {ALERT: {"for": "10s"}}}
    return {
        "workers": {**built_in, "shop": shop},
        "test": {"group": "shop"},
        "monitoring": {"podMonitor": FOUND, "prometheusRule": FOUND | timed},
    }


@pytest.fixture(scope="module")
def monitored() -> Iterator[Release]:
    """The release with a group that gives up on everything, until it is mended."""
    for name, body in {"broken": 'raise PermanentError("the shop is closed")', "mended": "pass"}.items():
        contents = {"shop.py": HANDLERS.format(body)}
        apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": contents})
    release = Release()
    release.install(values("broken"))
    yield release
    release.uninstall()
    kubectl("delete", "secret,persistentvolumeclaim,configmap", "--all")


@pytest.mark.usefixtures("monitored")
def test_every_pod_is_scraped() -> None:
    """Receivers and workers are targets by the PodMonitor, up, and known by their release and namespace."""
    there = {pod["metadata"]["name"] for component in ("receiver", "worker") for pod in pods(component)}
    query = f'up{{namespace="{NAMESPACE}",release="{RELEASE}"}} == 1'

    wait_until(lambda: {each["metric"]["pod"] for each in asked(query)} == there, seconds=120, description="all are up")


@pytest.mark.usefixtures("monitored")
def test_every_rule_is_loaded() -> None:
    """The operator gives Prometheus each alert of the chart, and Prometheus can evaluate all of them."""
    expected = {rule["alert"] for rule in alerts()}

    wait_until(lambda: {rule["name"] for rule in loaded()} == expected, seconds=120, description="all alerts are there")
    wait_until(lambda: all(rule["health"] != "unknown" for rule in loaded()), seconds=60, description="each was asked")
    assert [rule["lastError"] for rule in loaded() if rule["health"] != "ok"] == []


def test_an_alert_comes_and_its_runbook_ends_it(monitored: Release) -> None:
    """Dead letters raise theirs in Alertmanager; what the page that it names says, pasted, leaves nothing of them."""
    with Sender(rate=5):
        wait_until(lambda: unfinished()["shop"] > ENOUGH, seconds=60, description="the group has given up on some")
    wait_until(lambda: ALERT in raised(), seconds=120, description="Alertmanager has been told")
    alert = raised()[ALERT]
    assert alert["labels"].items() >= {"group": "shop", "release": RELEASE, "namespace": NAMESPACE}.items()
    unwanted, wanted, *_ = (letter["letter"] for letter in program("dead", "list", "--group", "shop")["dead"])

    diagnosis, redrive, discard = (block.text for block in blocks(alert["annotations"]["runbook"], "sh"))
    assert "the shop is closed" in pasted(diagnosis, wanted)
    monitored.install(values("mended"))
    pasted(discard, unwanted)
    pasted(redrive, wanted)

    wait_until(lambda: not any(unfinished().values()), seconds=90, description="every other event is handled")
    wait_until(lambda: ALERT not in raised(), seconds=120, description="the alert is over")


def fetched(service: str, path: str) -> Any:
    """What a server of the operator's answers, through the API server."""
    return json.loads(kubectl("get", "--raw", f"/api/v1/namespaces/monitoring/services/{service}/proxy{path}"))


def asked(query: str) -> list[dict[str, Any]]:
    """What Prometheus answers to a query."""
    answer = fetched("prometheus-operated:9090", f"/api/v1/query?query={quote(query)}")
    return list(answer["data"]["result"])


def loaded() -> list[dict[str, Any]]:
    """The alerting rules that Prometheus has."""
    groups = fetched("prometheus-operated:9090", "/api/v1/rules?type=alert")["data"]["groups"]
    return [rule for group in groups for rule in group["rules"]]


def raised() -> dict[str, dict[str, Any]]:
    """The alerts that Alertmanager has, by their names."""
    return {alert["labels"]["alertname"]: alert for alert in fetched("alertmanager-operated:9093", "/api/v2/alerts")}


def pasted(block: str, letter: str) -> str:
    """What a block of a runbook prints in a shell that was prepared as the runbooks' first page says."""
    prepared = blocks("docs/runbooks/README.md", "sh")[0].text
    text = f"set -e\nshopt -s expand_aliases\n{prepared}{block}".replace("kubectl ", f"kubectl --context {CONTEXT} ")
    meanings = {f"RELEASE-{RELEASE}": RELEASE, "NAMESPACE": NAMESPACE, "GROUP": "shop", "LETTER": letter}
    for word, meaning in meanings.items():
        text = text.replace(word, meaning)
    return str(run("bash", "-c", text).stdout)
