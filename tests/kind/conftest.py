"""These tests need the cluster of `.ci/cluster/run`; without it they are skipped by name."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.kind.cluster import CONTEXT, NAMESPACE, OUTSIDE, Release, absent, kubectl, state_of_the_cluster
from tests.support.optional_tests import mark_below

KUBECONFIG = os.environ.get("KUBECONFIG")
"""What leads to the cluster; it is a setting of the operator's as well, of which tests see none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip them where there is no such cluster."""
    mark_below(Path(__file__).parent, items, pytest.mark.kind, seconds=600, absent=_absent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the pods beside what failed, before anything is deleted: the cluster is gone when a person reads of it."""
    report = yield
    if report.failed and Path(__file__).parent in item.path.parents:
        report.sections.append(("the cluster at that moment", state_of_the_cluster()))
    return report


def _absent() -> str | None:
    return (reason := absent()) and f"NO POD OF THE CHART IS TESTED: {reason} (make test-kind)"


@pytest.fixture(autouse=True)
def _cluster_is_found(_clean_environment: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Helm and kubectl know the way in each test."""
    if KUBECONFIG:
        monkeypatch.setenv("KUBECONFIG", KUBECONFIG)


@pytest.fixture(scope="session", autouse=True)
def namespaces() -> Iterator[None]:
    """The release's namespace, which enforces the restricted Pod Security Standard, and one for its senders."""
    scope = ("--context", CONTEXT)
    kubectl("create", "namespace", NAMESPACE, *scope)
    kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    kubectl("create", "namespace", OUTSIDE)
    yield
    kubectl("delete", "namespace", NAMESPACE, OUTSIDE)


@pytest.fixture(scope="module")
def release() -> Iterator[Release]:
    """The chart as `helm install` gives it, but for keys that the tests know."""
    release = Release()
    release.install()
    yield release
    release.uninstall()
    # What stays on purpose would make the next module's release a continuation of this one.
    kubectl("delete", "secret,persistentvolumeclaim", "--all")
