"""What the chart installs for Prometheus and Grafana in one release: rules, dashboards, how its pods are scraped."""

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import yaml

from tests.chart.rendering import CHART, KUBERNETES, TOOLS, Object

IS_THERE = (TOOLS / "bin" / "helm").exists()
MISSING = "THE RULES AND DASHBOARDS OF TWO RELEASES ARE NOT TESTED: run `make tools` (needs Go)"
WANTED = (
    "monitoring.podMonitor.enabled=true",
    "monitoring.prometheusRule.enabled=true",
    "monitoring.dashboards.enabled=true",
    "monitoring.runbookBaseUrl=x://x/",
)
ORDER = ("recording", "receiver", "store", "worker", "operator", "link-swap", "backfill")
"""Of the rules: what is recorded is asked for by the others."""


@dataclass(frozen=True)
class InstalledRelease:
    """A release that Prometheus knows of."""

    namespace: str
    name: str

    @cached_property
    def objects(self) -> list[Object]:
        """What Helm makes of the chart."""
        where = ["--namespace", self.namespace, "--kube-version", KUBERNETES, "--set", ",".join(WANTED)]
        command = [str(TOOLS / "bin" / "helm"), "template", self.name, str(CHART), *where]
        text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
        return [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]

    @cached_property
    def groups(self) -> list[dict[str, Any]]:
        """Its groups of rules, those with recorded ones first."""
        found = [item for item in self.objects if item["kind"] == "PrometheusRule"]
        return [group for item in sorted(found, key=_place) for group in item["spec"]["groups"]]

    def rules(self) -> Iterator[dict[str, Any]]:
        """Its rules, recorded ones first."""
        for group in self.groups:
            yield from group["rules"]

    def dashboards(self) -> Iterator[dict[str, Any]]:
        """Its dashboards."""
        for item in self.objects:
            if item["kind"] == "ConfigMap" and "-dashboard-" in item["metadata"]["name"]:
                (text,) = item["data"].values()
                yield json.loads(text)

    def scraped(self, ports: dict[str, int]) -> dict[str, Any]:
        """How Prometheus scrapes its pods, as the Prometheus Operator writes what the chart's PodMonitor says.

        Args:
            ports: The operations port on this machine of each component; its pod is called as the chart calls it.
        """
        (monitor,) = [item for item in self.objects if item["kind"] == "PodMonitor"]
        (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
        kubernetes = "__meta_kubernetes_"
        pods = [
            {
                "targets": [f"127.0.0.1:{port}"],
                "labels": {
                    f"{kubernetes}namespace": self.namespace,
                    f"{kubernetes}pod_name": f"{self.name}-salesloft-webhooks-{component}-0",
                    f"{kubernetes}pod_container_name": component,
                },
            }
            for component, port in ports.items()
        ]
        usual = [
            {"source_labels": [f"{kubernetes}{source}"], "target_label": label}
            for source, label in (("namespace", "namespace"), ("pod_name", "pod"), ("pod_container_name", "container"))
        ]
        own = [{_snake(key): value for key, value in each.items()} for each in endpoint["relabelings"]]
        job = f"podMonitor/{self.namespace}/{monitor['metadata']['name']}/0"
        path = endpoint["path"]
        return {
            "job_name": job,
            "metrics_path": path,
            "static_configs": pods,
            "relabel_configs": [*usual, {"target_label": "endpoint", "replacement": endpoint["port"]}, *own],
        }


def _place(item: Object) -> int:
    return next(place for place, name in enumerate(ORDER) if item["metadata"]["name"].endswith(f"-{name}"))


def _snake(name: str) -> str:
    return re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
