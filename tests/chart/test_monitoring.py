"""Alerts and dashboards reach the cluster as they are written: what looks like a template in them is not Helm's."""

import json

import pytest
import yaml

from tests.chart.rendering import CHART, PREFIX, merged, render, shape

RULES = sorted((CHART / "rules").glob("*.yaml"))
DASHBOARDS = sorted((CHART / "dashboards").glob("*.json"))


def test_every_rule_file_is_a_rule() -> None:
    """Each file of rules/ is a PrometheusRule with the same groups, Prometheus' own placeholders untouched."""
    rendered = render(shape("production"))

    installed = {item["metadata"]["name"]: item["spec"] for item in rendered.all("PrometheusRule")}

    written = {f"{PREFIX}-{path.stem}": yaml.safe_load(path.read_text("utf-8")) for path in RULES}
    assert installed == written
    assert "{{ $labels" in json.dumps(written)


def test_runbooks_are_linked_where_this_installation_keeps_them() -> None:
    """With a base address, every alert's and panel's link to a runbook begins with it, and nothing else changes."""
    base = "https://wiki.example.com/runbooks/"
    rendered = render(merged(shape("production"), {"monitoring": {"runbookBaseUrl": base}}))

    alerts = [
        rule
        for item in rendered.all("PrometheusRule")
        for group in item["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    assert [rule["annotations"]["runbook_url"] for rule in alerts] == [f"{base}{rule['alert']}.md" for rule in alerts]
    maps = [item for item in rendered.all("ConfigMap") if "dashboard" in item["metadata"]["name"]]
    links = [text for item in maps for text in item["data"].values()]
    assert any(base in text for text in links)
    assert not any("docs/runbooks/" in text for text in links)


def test_every_dashboard_is_a_config_map() -> None:
    """Each file of dashboards/ is a ConfigMap with the same JSON, labelled for Grafana's sidecar."""
    maps = [item for item in render(shape("production")).all("ConfigMap") if "dashboard" in item["metadata"]["name"]]

    installed = {name: json.loads(text) for item in maps for name, text in item["data"].items()}

    assert installed == {path.name: json.loads(path.read_text("utf-8")) for path in DASHBOARDS}
    assert DASHBOARDS
    assert all(item["metadata"]["labels"]["grafana_dashboard"] == "1" for item in maps)


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

    serving = {
        name
        for name, pod in rendered.pods()
        if any(
            port["name"] == spec["podMetricsEndpoints"][0]["port"]
            for port in pod["spec"]["containers"][0].get("ports", [])
        )
    }
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
