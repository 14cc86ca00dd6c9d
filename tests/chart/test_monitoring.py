"""Alerts and dashboards reach the cluster as they are written: what looks like a template in them is not Helm's."""

import json
import re
from copy import deepcopy

import pytest
import yaml

from tests.chart.rendering import CHART, NAMESPACE, PREFIX, RELEASE, Object, Rendered, merged, refusal, render, shape

RULES = sorted((CHART / "rules").glob("*.yaml"))
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))
SELECTORS_WITHOUT_MATCHERS = re.compile(
    r"(?<![\w:])(\w+:)?(salesloft_webhooks_\w+(:\w+)?|process_start_time_seconds)(?![\w:])(?!\{[^}]*release=)"
)
"""Series that are asked for without a release."""


def installed_rules(rendered: Rendered) -> list[Object]:
    """Every rule that the chart installs."""
    groups = [group for item in rendered.all("PrometheusRule") for group in item["spec"]["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def installed_dashboards(rendered: Rendered) -> dict[str, Object]:
    """Every dashboard that the chart installs, by its file's name."""
    maps = [item for item in rendered.all("ConfigMap") if "dashboard" in item["metadata"]["name"]]
    return {name: json.loads(text) for item in maps for name, text in item["data"].items()}


def test_every_rule_file_is_a_rule_about_this_release() -> None:
    """Each file of rules/ is a PrometheusRule with the same rules; the release's matchers and labels are added."""
    rendered = render(shape("production"))
    release = {"namespace": NAMESPACE, "release": RELEASE}

    installed = {item["metadata"]["name"]: item["spec"] for item in rendered.all("PrometheusRule")}

    for path in RULES:
        groups = yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in (rule for group in groups for rule in group["rules"]):
            rule["labels"] = {**rule.get("labels", {}), **release}
            if "alert" in rule:
                annotations = dict(rule["annotations"])
                annotations["runbook"] = annotations.pop("runbook_url")
                annotations.pop("console_path", None)  # of a console that is not there
                rule["annotations"] = annotations
        ours = deepcopy(installed.pop(f"{PREFIX}-{path.stem}"))  # what is rendered is shared with other tests
        matchers = f'namespace="{NAMESPACE}",release="{RELEASE}"'
        for rule in (rule for group in ours["groups"] for rule in group["rules"]):
            assert not SELECTORS_WITHOUT_MATCHERS.search(rule["expr"]), rule["expr"]
            rule["expr"] = rule["expr"].replace(f"{{{matchers}}}", "").replace(f"{matchers},", "")
        assert ours == {"groups": groups}
    assert installed == {}


def test_two_releases_of_one_cluster_share_no_series() -> None:
    """Targets, queries and alerts have the name of the cluster, too; own scraping is asked by its matchers."""
    values = merged(shape("production"), {"monitoring": {"cluster": "prod"}})
    rendered = render(values)
    own = render(
        merged(shape("production"), {"monitoring": {"matchers": 'job="shop"', "podMonitor": {"enabled": False}}})
    )
    by_pod = render(merged(shape("production"), {"monitoring": {"podMonitor": {"enabled": False}}}))

    (endpoint,) = rendered.one("PodMonitor", "")["spec"]["podMetricsEndpoints"]
    assert {rule["targetLabel"]: rule["replacement"] for rule in endpoint["relabelings"]} == {
        "release": RELEASE,
        "cluster": "prod",
    }
    for chart, scraped, recorded in (
        (
            rendered,
            'namespace="sales",release="shop",cluster="prod"',
            'cluster="prod",namespace="sales",release="shop"',
        ),
        (own, 'job="shop"', 'namespace="sales",release="shop"'),
        (by_pod, f'namespace="sales",pod=~"{PREFIX}-.*"', 'namespace="sales",release="shop"'),
    ):
        rules = {rule.get("alert"): rule["expr"] for rule in installed_rules(chart)}
        assert f"salesloft_webhooks_group_dead_letters{{{scraped}}}" in rules["SalesloftWebhooksDeadLetters"]
        assert f":max{{{recorded}}} > 1800" in rules["SalesloftWebhooksBacklogOld"]
    assert all(rule["labels"]["cluster"] == "prod" for rule in installed_rules(rendered))


def test_runbooks_are_linked_where_this_installation_keeps_them() -> None:
    """With a base address, every link to a runbook begins with it; without one nothing is linked."""
    base = "https://wiki.example.com/runbooks/"
    rendered = render(merged(shape("production"), {"monitoring": {"runbookBaseUrl": base}}))
    without = render(shape("production"))

    alerts = [rule for rule in installed_rules(rendered) if "alert" in rule]
    assert [rule["annotations"]["runbook_url"] for rule in alerts] == [f"{base}{rule['alert']}.md" for rule in alerts]
    links = json.dumps(installed_dashboards(rendered))
    assert base in links
    assert "docs/runbooks/" not in links + json.dumps(installed_dashboards(without))
    for rule in (rule for rule in installed_rules(without) if "alert" in rule):
        assert rule["annotations"]["runbook"] == f"docs/runbooks/{rule['alert']}.md"
        assert "runbook_url" not in rule["annotations"]


def test_single_alerts_are_switched_off_timed_and_labelled() -> None:
    """What the values say of an alert, or of one severity of it, its rules have; all others stay."""
    alerts = {
        "SalesloftWebhooksDuplicates": {"enabled": False},
        "SalesloftWebhooksStoreMemory": {
            "for": "20m",
            "labels": {"team": "store"},
            "critical": {"for": "3m", "labels": {"severity": "page"}, "annotations": {"summary": "Full"}},
        },
        "SalesloftWebhooksErrorBudgetBurn": {"warning": {"enabled": False}},
    }
    shared = {"alertLabels": {"team": "revenue"}, "alertAnnotations": {"chat": "#revenue"}}
    rendered = render(merged(shape("production"), {"monitoring": {"prometheusRule": {"alerts": alerts, **shared}}}))

    rules = [rule for rule in installed_rules(rendered) if "alert" in rule]
    named = {name: [rule for rule in rules if rule["alert"] == name] for name in alerts}

    assert named["SalesloftWebhooksDuplicates"] == []
    assert [rule["labels"]["severity"] for rule in named["SalesloftWebhooksErrorBudgetBurn"]] == ["critical"]
    memory = [
        (rule["for"], rule["labels"]["severity"], rule["labels"]["team"])
        for rule in named["SalesloftWebhooksStoreMemory"]
    ]
    assert memory == [("20m", "warning", "store"), ("3m", "page", "store")]
    assert named["SalesloftWebhooksStoreMemory"][1]["annotations"]["summary"] == "Full"
    others = [rule for rule in rules if rule["alert"] not in alerts]
    assert {rule["labels"]["team"] for rule in others} == {"revenue"}
    assert {rule["annotations"]["chat"] for rule in rules} == {"#revenue"}


def test_every_dashboard_is_a_config_map_of_this_release() -> None:
    """Each dashboard is a ConfigMap whose queries ask for this release, with a title and a uid that no other has."""
    rendered = render(shape("production"))
    elsewhere = render(merged(shape("production"), {"namespaceOverride": "support"}))

    boards, others = installed_dashboards(rendered), installed_dashboards(elsewhere)

    assert set(boards) == {path.name for path in DASHBOARDS}
    for name, board in boards.items():
        assert board["title"].endswith("(sales/shop)")
        assert others[name]["title"].endswith("(support/shop)")
        assert board["uid"] != others[name]["uid"]
        assert len(board["uid"]) <= 40
        text = json.dumps([panel.get("targets") for panel in board["panels"]] + board["templating"]["list"])
        assert 'release=\\"shop\\"' in text
        assert not re.search(r"\$(cluster|namespace|release)\b", text)
        assert not SELECTORS_WITHOUT_MATCHERS.search(text.replace('\\"', '"'))
    maps = [item for item in rendered.all("ConfigMap") if "dashboard" in item["metadata"]["name"]]
    assert all(item["metadata"]["labels"]["grafana_dashboard"] == "1" for item in maps)


def test_a_service_monitor_finds_the_same_pods() -> None:
    """Where only ServiceMonitors are looked for, one leads to all pods with metrics, ready or not."""
    rendered = render({"monitoring": {"serviceMonitor": {"enabled": True, "labels": {"team": "watch"}}}})
    monitor, service = rendered.one("ServiceMonitor", ""), rendered.one("Service", "metrics")

    assert monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["metadata"]["labels"]["team"] == "watch"
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    selected = {
        name
        for name, pod in rendered.pods()
        if service["spec"]["selector"].items() <= pod["metadata"]["labels"].items() and serves_metrics(pod)
    }
    assert selected == {name for name, pod in rendered.pods() if serves_metrics(pod)}
    (relabeling,) = monitor["spec"]["endpoints"][0]["relabelings"]
    assert relabeling == {"action": "replace", "targetLabel": "release", "replacement": RELEASE}


def serves_metrics(pod: Object) -> bool:
    """Whether a pod has an operations port."""
    ports = pod["spec"]["containers"][0].get("ports", [])
    return any(port["name"] == "ops" for port in ports)


@pytest.mark.parametrize("name", ["backfill", "operator"])
def test_prometheus_finds_the_pods_of_all_roles(name: str) -> None:
    """The PodMonitor selects exactly the pods that serve metrics, by their port's name."""
    wanted = {"monitoring": {"podMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}}
    rendered = render(merged(shape(name), wanted))
    monitor = rendered.one("PodMonitor", "")
    spec = monitor["spec"]
    (rule,) = spec["selector"]["matchExpressions"]

    selected = {
        name
        for name, pod in rendered.pods()
        if spec["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
        and pod["metadata"]["labels"][rule["key"]] in rule["values"]
    }

    serving = {name for name, pod in rendered.pods() if serves_metrics(pod)}
    assert selected == serving
    assert monitor["metadata"]["labels"]["release"] == "prometheus"


def test_nothing_is_installed_unasked() -> None:
    """Custom resources need their operators, so none is made without being asked for."""
    kinds = {item["kind"] for item in render().objects}

    assert not kinds & {"PodMonitor", "PrometheusRule", "ScaledObject", "HTTPRoute", "ExternalSecret"}


def test_traces_say_which_pod_they_come_from() -> None:
    """With an endpoint, both roles export to it under their pod's name; without, tracing is off."""
    rendered = render(shape("production"))

    for component in ("receiver", "worker-crm"):
        environment = rendered.environment(component)
        assert environment["OTEL_EXPORTER_OTLP_ENDPOINT"] == "http://collector.observability:4317"
        assert environment["OTEL_TRACES_SAMPLER_ARG"] == "0.1"
        assert environment["OTEL_RESOURCE_ATTRIBUTES"] == "k8s.namespace.name=sales,k8s.pod.name=$(POD_NAME)"
        assert environment["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert not any(name.startswith("OTEL_") for name in render().environment("receiver"))


def test_pods_are_scraped_once() -> None:
    """Two monitors of the same pods are refused: every figure would be doubled."""
    message = refusal({"monitoring": {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}}})

    assert "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled" in message


def test_an_alert_that_is_not_there_is_refused() -> None:
    """A typo in an alert's name would change nothing, so it is refused."""
    alerts = {"SalesloftWebhooksPoisn": {"enabled": False}}

    assert "alerts.SalesloftWebhooksPoisn" in refusal({"monitoring": {"prometheusRule": {"alerts": alerts}}})
