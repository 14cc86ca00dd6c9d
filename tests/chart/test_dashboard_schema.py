"""The dashboards are what Grafana says dashboards are: by the types of its package `@grafana/schema`."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.installed_release import InstalledRelease
from tests.support.published_types import PACKAGES, THERE, type_faults
from tests.support.rules_and_dashboards import dashboards

TYPES = Path(__file__).with_name("dashboard_types.ts")
RELEASE = InstalledRelease("sales", "shop")

pytestmark = pytest.mark.skipif(
    not THERE,
    reason="DASHBOARDS ARE NOT COMPARED WITH GRAFANA'S SCHEMA: run `make tools` with npm installed",
)


def faults(directory: Path, documents: dict[str, Any]) -> list[str]:
    """What the compiler finds wrong with dashboards, by their names."""
    shutil.copy(TYPES, directory)
    published = f"{PACKAGES}/grafana-schema/dist/types"
    packages = {"@grafana/schema": [f"{published}/index.d.ts"], "@grafana/schema/raw/*": [f"{published}/raw/*.d.ts"]}
    return type_faults(directory, f"import type {{ Dashboard }} from './{TYPES.stem}'", documents, packages)


def broken() -> dict[str, Any]:
    """Dashboards with one fault each, by what Grafana's types say of it."""
    panels: dict[str, dict[str, Any]] = {
        "unknown_word": {
            "fieldConfig": {"defaults": {"thresholds": {"mode": "abslute", "steps": []}}, "overrides": []}
        },
        "unknown_option": {"options": {"tooltip": {"mode": "multi", "sort": "none"}, "legnd": {}}},
        "wrong_place": {"gridPos": {"x": "0", "y": 1, "w": 8, "h": 8}},
    }
    return {
        name: {"schemaVersion": 42, "panels": [{"type": "timeseries", "title": "broken", **panel}]}
        for name, panel in panels.items()
    }


def test_dashboards_fit_the_published_types(tmp_path: Path) -> None:
    """Those of the repository and those of a release have nothing that Grafana does not know; faults would be seen."""
    installed = {f"installed-{number}": each for number, each in enumerate(RELEASE.dashboards())}

    found = faults(tmp_path, {**dashboards(), **installed, **broken()})

    assert len(installed) == len(dashboards())
    assert {line.partition(".ts(")[0].rpartition("/")[2] for line in found if ".ts(" in line} == set(broken()), found
