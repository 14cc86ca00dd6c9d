"""The init container that looks at what a role needs."""

from typing import Any

import pytest

from tests.chart.rendering import render


def pod(component: str, *, enabled: bool) -> dict[str, Any]:
    """The pod of a Deployment."""
    spec: dict[str, Any] = render({"doctor": {"enabled": enabled}}).one("Deployment", component)["spec"]
    found: dict[str, Any] = spec["template"]["spec"]
    return found


@pytest.mark.parametrize(("component", "role"), [("receiver", "receiver"), ("worker-activity", "worker")])
def test_it_sees_what_its_role_sees(component: str, role: str) -> None:
    """The same image, environment, files and limits, so that it finds what the role would find."""
    found = pod(component, enabled=True)
    (doctor,), (container, *_) = found["initContainers"], found["containers"]

    assert doctor["args"] == ["doctor", "--for", role]
    same = ("image", "imagePullPolicy", "env", "envFrom", "resources", "securityContext", "volumeMounts")
    assert [name for name in same if doctor.get(name) != container.get(name)] == []


def test_nobody_has_it_unasked() -> None:
    """A pod waits for nothing but its role."""
    assert "initContainers" not in pod("receiver", enabled=False)
