"""These tests need the cluster of `.ci/cluster/run`; without it they are skipped by name."""

import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.kind.cluster import NAMESPACE, OUTSIDE, Release, absent, apply, kubectl, state_of_the_cluster
from tests.support.optional_tests import mark_below

KUBECONFIG = os.environ.get("KUBECONFIG")
"""What leads to the cluster; it is a setting of the operator's as well, of which tests see none."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark this directory's tests, and skip them where there is no such cluster."""
    mark_below(Path(__file__).parent, items, pytest.mark.kind, seconds=600, absent=_absent)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the pods beside what failed, before anything is deleted: the cluster is gone when a person reads of it.

    pytest asks the hooks of a test's own folders only; the tests beside neighbours import this one.
    """
    report = yield
    if report.failed:
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
    restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
    for name, labels in ((NAMESPACE, restricted), (OUTSIDE, {})):
        apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield
    # Of one session with both folders each has its own of these.
    kubectl("delete", "namespace", "--ignore-not-found", NAMESPACE, OUTSIDE)


@pytest.fixture(scope="module")
def release() -> Release:
    """The chart as `helm install` gives it, but for keys that the tests know.

    What the module before has left is upgraded to it, instead of removed and installed again.
    """
    release = Release()
    release.install()
    return release


@pytest.fixture(scope="module")
def nothing_installed() -> None:
    """No release, and nothing that an earlier one has kept on purpose."""
    Release().uninstall()
    kubectl("delete", "secret,persistentvolumeclaim", "--all")
