"""What `helm template` makes of the chart, as objects."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

Object = dict[str, Any]
Values = dict[str, Any]

ROOT = Path(__file__).parents[2]
CHART = ROOT / "charts" / "salesloft-webhooks"
TOOLS = ROOT / ".tools"
RELEASE = "shop"
NAMESPACE = "sales"
PREFIX = f"{RELEASE}-salesloft-webhooks"
KUBERNETES = "1.30.14"
IN_A_CLUSTER = ("--api-versions", "v1/Secret")
"""What an installation and Argo CD say of a cluster, as of each of its kinds."""


class Refused(AssertionError):
    """Helm refused values that a test expected it to take; carries its message."""


@dataclass(frozen=True)
class Rendered:
    """One rendering of the chart."""

    objects: tuple[Object, ...]

    def all(self, kind: str) -> list[Object]:
        """Every object of a kind."""
        return [item for item in self.objects if item["kind"] == kind]

    def one(self, kind: str, component: str) -> Object:
        """The one object of a kind with a component's name, such as ``receiver`` or ``worker-crm``."""
        return self.one_named(kind, f"{PREFIX}-{component}" if component else PREFIX)

    def one_named(self, kind: str, name: str) -> Object:
        """The one object of a kind with this name."""
        (found,) = [item for item in self.all(kind) if item["metadata"]["name"] == name]
        return found

    def pods(self) -> Iterator[tuple[str, Object]]:
        """Name and pod (or pod template) of everything that runs containers."""
        for item in self.objects:
            if item["kind"] == "Pod":
                yield item["metadata"]["name"], item
            elif item["kind"] in {"Deployment", "StatefulSet", "Job"}:
                yield item["metadata"]["name"], item["spec"]["template"]
            elif item["kind"] == "CronJob":
                yield item["metadata"]["name"], item["spec"]["jobTemplate"]["spec"]["template"]

    def container(self, component: str, kind: str = "Deployment") -> Object:
        """The main container of a component."""
        containers: list[Object] = self.one(kind, component)["spec"]["template"]["spec"]["containers"]
        return containers[0]

    def environment(self, component: str) -> dict[str, Any]:
        """A component's variables: value, or where it comes from; shared settings included."""
        shared = self.one("ConfigMap", "config")["data"]
        own = {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in self.container(component)["env"]}
        return {**shared, **own}


def _template(values: str, program: str, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / "bin" / program), "template", RELEASE, str(CHART), "--namespace", NAMESPACE]
    return subprocess.run(
        [*command, "--kube-version", KUBERNETES, *IN_A_CLUSTER, "--values", "-", *arguments],
        input=values,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@cache
def _rendered(values: str, program: str) -> Rendered:
    completed = _template(values, program, ())
    if completed.returncode:
        raise Refused(completed.stderr)
    return Rendered(tuple(item for item in yaml.load_all(completed.stdout, Loader=yaml.CSafeLoader) if item))


def render(values: Values | None = None, *, program: str = "helm") -> Rendered:
    """The chart with these values; the test fails with Helm's message when it refuses them."""
    return _rendered(json.dumps(values or {}), program)


def refusal(values: Values, *, program: str = "helm") -> str:
    """Helm's message about values that it must refuse."""
    completed = _template(json.dumps(values), program, ())
    assert completed.returncode != 0, "the chart took values it must refuse"
    return completed.stderr


def shapes() -> list[Path]:
    """The supported shapes: `ci/*-values.yaml`."""
    return sorted((CHART / "ci").glob("*-values.yaml"))


def shape(name: str) -> Values:
    """The values of one supported shape."""
    loaded: Values = yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text("utf-8"))
    return loaded


def merged(base: Values, changes: Values) -> Values:
    """Values as Helm would merge them: maps deeply, the rest replaced."""
    result = dict(base)
    for key, change in changes.items():
        old = result.get(key)
        result[key] = merged(old, change) if isinstance(old, dict) and isinstance(change, dict) else change
    return result
