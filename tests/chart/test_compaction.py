"""The warehouse's compaction: a CronJob with what the workers of the group have, off until asked for."""

import pytest
import yaml

from tests.chart.rendering import Object, Rendered, Values, merged, refusal, render, shape
from tests.support.documents import blocks

ON: Values = {
    "handlersFile": {"existingSecret": "h"},
    "workers": {"warehouse": {"image": {"repository": "r.example.com/acme", "tag": "1.0.0"}}},
    "compaction": {"enabled": True},
}


def pod(rendered: Rendered) -> Object:
    """What the Job's pod is like."""
    spec: Object = rendered.one("CronJob", "compaction")["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    return spec


def test_there_is_none_unasked() -> None:
    """Neither with the group nor without."""
    assert render(merged(ON, {"compaction": {"enabled": False}})).all("CronJob") == render().all("CronJob") == []


def test_it_runs_the_command_in_the_workers_image() -> None:
    """Which has Arrow, as ours does not; with the grace that was asked for."""
    rendered = render(merged(ON, {"compaction": {"graceMinutes": 90}}))

    (container,) = pod(rendered)["containers"]
    assert container["args"] == ["warehouse", "compact", "--grace-minutes", "90"]
    assert container["image"] == rendered.container("worker-warehouse")["image"] == "r.example.com/acme:1.0.0"
    assert {"name": "HANDLERS_FILE", "value": "/etc/salesloft-webhooks/handlers/handlers.yaml"} in container["env"]


def test_it_has_what_leads_to_the_storage_and_no_login_of_the_store() -> None:
    """Account, credentials, volumes, egress and nodes of the group, and the file of handlers; Redis it cannot reach."""
    rendered = render(merged(shape("warehouse"), {"workers": {"warehouse": {"nodeSelector": {"disk": "large"}}}}))

    job, worker = pod(rendered), rendered.one("Deployment", "worker-warehouse")["spec"]["template"]["spec"]
    for name in ("serviceAccountName", "nodeSelector", "securityContext", "volumes"):
        assert job[name] == worker[name]
    own, theirs = job["containers"][0], worker["containers"][0]
    assert (own["volumeMounts"], own["envFrom"]) == (theirs["volumeMounts"], theirs["envFrom"])
    assert {each["name"] for each in own["env"]} == {"HANDLERS_FILE"}
    egress = rendered.one("NetworkPolicy", "compaction")["spec"]["egress"]
    assert [[port["port"] for port in rule["ports"]] for rule in egress] == [[53, 53], [443]]


def test_two_never_run_at_once_and_none_for_ever() -> None:
    """One that hangs would hold up all later ones; a failed one is not repeated at once, but at its next time."""
    spec = render(shape("warehouse")).one("CronJob", "compaction")["spec"]

    assert (spec["concurrencyPolicy"], spec["schedule"], spec["timeZone"]) == ("Forbid", "0 3 * * *", "Europe/Berlin")
    assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] == 10800
    assert spec["jobTemplate"]["spec"]["backoffLimit"] == 0
    assert "timeZone" not in render(ON).one("CronJob", "compaction")["spec"]


@pytest.mark.parametrize("workers", [{}, {"warehouse": {"enabled": False}}])
def test_without_the_group_it_is_refused(workers: Values) -> None:
    """With the names of both values."""
    message = refusal({"handlersFile": {"existingSecret": "h"}, "workers": workers, "compaction": {"enabled": True}})

    assert "compaction.enabled" in message
    assert "workers.warehouse" in message


def test_without_a_handlers_file_there_is_nothing_to_mount() -> None:
    """The group may have its file by a variable of its own; no empty list is left."""
    variable = {"name": "HANDLERS_FILE", "value": "/acme/handlers.yaml"}
    values: Values = {"workers": {"warehouse": {"extraEnv": [variable]}}, "compaction": {"enabled": True}}

    job = pod(render(values))

    assert job["containers"][0]["env"] == [variable]
    assert "volumes" not in job
    assert "volumeMounts" not in job["containers"][0]


def test_the_page_shows_values_that_work() -> None:
    """Those of docs/warehouse.md make the worker and the CronJob, both with the image of one's own."""
    (values,) = (
        yaml.safe_load(block.text) for block in blocks("docs/warehouse.md", "yaml") if "workers:" in block.text
    )

    rendered = render(values)

    assert pod(rendered)["containers"][0]["image"] == "registry.example.com/acme-hooks:1.0.0"
    assert rendered.container("worker-warehouse")["image"] == "registry.example.com/acme-hooks:1.0.0"
