"""No alert of one release is set off, or hidden, by another release: by the rules that the chart installs for both."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.rendering import CHART, TOOLS
from tests.rules.test_rules import ALERTS, CASES, needs_promtool

RELEASES = {
    "one-namespace": (("sales", "shop"), ("sales", "other")),
    "two-namespaces": (("sales", "shop"), ("support", "shop")),
}
ORDER = ("recording", "receiver", "store", "worker", "operator", "link-swap", "backfill")

pytestmark = pytest.mark.skipif(
    not (TOOLS / "bin" / "helm").exists(), reason="THE RULES OF TWO RELEASES ARE NOT TESTED: run `make tools` (needs Go)"
)


def installed(namespace: str, release: str) -> Iterator[dict[str, Any]]:
    """The groups of rules that the chart installs for a release, recording rules first."""
    wanted = ["monitoring.podMonitor.enabled=true", "monitoring.prometheusRule.enabled=true", "monitoring.runbookBaseUrl=x://x/"]
    where = ["--namespace", namespace, "--kube-version", "1.30.14", "--set", ",".join(wanted)]
    command = [str(TOOLS / "bin" / "helm"), "template", release, str(CHART), *where]
    text = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    objects = [item for item in yaml.load_all(text, Loader=yaml.CSafeLoader) if item]
    rules = [item for item in objects if item["kind"] == "PrometheusRule"]
    for item in sorted(rules, key=lambda item: [item["metadata"]["name"].endswith(f"-{name}") for name in ORDER], reverse=True):
        for group in item["spec"]["groups"]:
            yield {**group, "name": f"{namespace}-{release}-{group['name']}"}


@pytest.fixture(scope="module", params=RELEASES.values(), ids=RELEASES.keys())
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder with the rules of two releases in `rules.yaml`, and which these are."""
    folder = tmp_path_factory.mktemp("rules")
    groups = [group for release in request.param for group in installed(*release)]
    (folder / "rules.yaml").write_text(yaml.safe_dump({"groups": groups}), "utf-8")
    return folder, request.param


def labelled(series: str, namespace: str, release: str) -> str:
    """A series as the PodMonitor of a release labels it."""
    name, _, labels = series.partition("{")
    return f'{name}{{namespace="{namespace}",release="{release}",instance="{namespace}-{release}",{labels or "}"}'


def expected(check: dict[str, Any], namespace: str, release: str) -> dict[str, Any]:
    """That this release has exactly the alerts that a case of one installation expects."""
    alert = check["alertname"]
    where = f'alertname="{alert}",alertstate="firing"'
    of_release = f'namespace="{namespace}",release="{release}"'
    samples = []
    for item in check["exp_alerts"]:
        own = {key: str(value) for key, value in item["exp_labels"].items() if key not in {"namespace", "release"}}
        listed = ",".join(f'{key}="{value}"' for key, value in own.items())
        samples.append({"labels": f"ALERTS{{{where},{of_release},{listed}}}", "value": 1})
    return {"expr": f"ALERTS{{{where},{of_release}}}", "eval_time": check["eval_time"], "exp_samples": samples}


@needs_promtool
@pytest.mark.parametrize("alert", ALERTS)
def test_releases_do_not_see_each_other(both: tuple[Path, Any], alert: str) -> None:
    """With the series of one case in one release and those of the next case in another one, each has its own alerts."""
    folder, releases = both
    document = yaml.safe_load((CASES / f"{alert}.yaml").read_text("utf-8"))
    cases = [case for case in document["tests"] if not any('release="' in each["series"] for each in case["input_series"])]
    tests = []
    for case, neighbour in zip(cases, [*cases[1:], cases[0]], strict=True):
        together = (case, neighbour) if case["interval"] == neighbour["interval"] else (case,)
        series, checks = [], []
        for each, release in zip(together, releases, strict=False):
            series += [{**item, "series": labelled(item["series"], *release)} for item in each["input_series"]]
            checks += [expected(check, *release) for check in each["alert_rule_test"]]
        tests.append({"interval": case["interval"], "input_series": series, "promql_expr_test": checks})
    file = folder / f"{alert}.yaml"
    interval = document["evaluation_interval"]
    file.write_text(yaml.safe_dump({"rule_files": ["rules.yaml"], "evaluation_interval": interval, "tests": tests}), "utf-8")

    done = subprocess.run(["promtool", "test", "rules", file.name], cwd=folder, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
