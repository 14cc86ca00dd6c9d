"""One Deployment per consumer group, each scaled and configured on its own."""

import pytest

from salesloft_webhooks.telemetry import render_metrics
from tests.chart.rendering import NAMESPACE, PREFIX, Values, merged, render, shape

KEDA: Values = {"autoscaling": {"type": "keda", "keda": {"serverAddress": "http://prometheus:9090"}}}
DATABASE: Values = {"database": {"existingSecret": {"name": "postgres"}}}


def test_a_group_is_removed_by_null() -> None:
    """`workers.crm: null` removes the group and leaves the others."""
    everything = {item["metadata"]["name"] for item in render().all("Deployment")}

    names = {item["metadata"]["name"] for item in render({"workers": {"crm": None}}).all("Deployment")}

    assert names == everything - {f"{PREFIX}-worker-crm"}


def test_a_worker_overrides_only_what_it_names() -> None:
    """A worker's field wins over the default, deep inside maps too, and changes no other worker."""
    rendered = render(
        {
            "workerDefaults": {"concurrency": 20, "resources": {"limits": {"memory": "300Mi"}}},
            "workers": {"crm": {"resources": {"requests": {"cpu": "2"}}}},
        }
    )

    crm, notify = rendered.container("worker-crm"), rendered.container("worker-notify")

    assert crm["resources"] == {"requests": {"cpu": "2", "memory": "128Mi"}, "limits": {"memory": "300Mi"}}
    assert notify["resources"]["requests"]["cpu"] == "100m"
    assert rendered.environment("worker-crm")["WORKER_CONCURRENCY"] == "20"


def test_a_group_of_ones_own_gets_what_it_was_given() -> None:
    """Handlers, events, filter, ordering, concurrency, settings and image of a group reach its pods, and only its."""
    rendered = render(shape("own-handlers"))

    environment = rendered.environment("worker-scoring")

    assert environment["WORKER_GROUP"] == "scoring"
    assert environment["WORKER_HANDLERS"] == "scoring.handlers:router"
    assert environment["WORKER_EVENTS"] == "email.*,call.completed"
    assert environment["WORKER_WHERE"] == "data.crm_id exists and not data.do_not_contact = true"
    assert (environment["WORKER_ORDERING"], environment["WORKER_CONCURRENCY"]) == ("entity", "20")
    assert environment["HANDLER_TIMEOUT_SECONDS"] == "45"
    assert rendered.container("worker-scoring")["image"] == "registry.example.com/scoring:1.4.0"
    assert rendered.container("receiver")["image"] == "salesloft-webhooks:0.1.0"


def test_the_default_image_is_pinned_by_digest_for_all() -> None:
    """A digest wins over the tag, and workers without an image of their own use it."""
    digest = "sha256:" + "0" * 64

    rendered = render({"image": {"registry": "r.example.com", "repository": "x/y", "tag": "1", "digest": digest}})

    for component in ("receiver", "worker-crm"):
        assert rendered.container(component)["image"] == f"r.example.com/x/y@{digest}"


def test_an_own_tag_is_not_overruled_by_the_default_digest() -> None:
    """A worker's own tag is used although the default image is pinned by digest."""
    values = {
        "image": {"repository": "x/y", "digest": "sha256:" + "0" * 64},
        "workers": {"notify": {"image": {"tag": "2"}}},
    }

    assert render(values).container("worker-notify")["image"] == "x/y:2"


def test_keda_scales_on_the_true_backlog() -> None:
    """The ScaledObject asks Prometheus for this group's backlog in this release and divides it by the target."""
    rendered = render(merged(DATABASE, {"workers": {"crm": KEDA}}))

    scaled = rendered.one("ScaledObject", "worker-crm")["spec"]

    assert scaled["scaleTargetRef"]["name"] == f"{PREFIX}-worker-crm"
    assert scaled["triggers"][0]["metadata"]["query"] == (
        f'max(salesloft_webhooks_group_backlog_entries{{namespace="{NAMESPACE}",pod=~"{PREFIX}-.*",group="crm"}})'
    )
    assert scaled["triggers"][0]["metadata"]["threshold"] == "500"
    assert scaled["minReplicaCount"] >= 1
    assert "replicas" not in rendered.one("Deployment", "worker-crm")["spec"]
    assert rendered.one("Deployment", "worker-notify")["spec"]["replicas"] == 1


def test_keda_rests_falls_back_and_hears_others() -> None:
    """Idle pods, their cooldown, the fallback and more triggers are passed on; unasked there are none."""
    more = {
        "idleReplicas": 0,
        "cooldownPeriod": 60,
        "fallback": {"failureThreshold": 5, "behavior": "currentReplicasIfHigher"},
        "extraTriggers": [{"type": "cpu", "metricType": "Utilization", "metadata": {"value": "80"}}],
    }
    plain = render(merged(DATABASE, {"workers": {"crm": KEDA}})).one("ScaledObject", "worker-crm")["spec"]
    asked = merged(KEDA, {"autoscaling": {"keda": more}})
    spec = render(merged(DATABASE, {"workers": {"crm": asked}})).one("ScaledObject", "worker-crm")["spec"]

    assert (spec["idleReplicaCount"], spec["cooldownPeriod"], spec["minReplicaCount"]) == (0, 60, 1)
    assert spec["fallback"] == {"failureThreshold": 5, "behavior": "currentReplicasIfHigher", "replicas": 2}
    assert [trigger["type"] for trigger in spec["triggers"]] == ["prometheus", "cpu"]
    assert "idleReplicaCount" not in plain
    assert "cooldownPeriod" not in plain
    assert plain["fallback"] == {"failureThreshold": 3, "replicas": 2}


def test_keda_asks_for_a_metric_that_exists() -> None:
    """The metric in the query is one that workers expose."""
    query = render(merged(DATABASE, {"workers": {"crm": KEDA}})).one("ScaledObject", "worker-crm")
    name = query["spec"]["triggers"][0]["metadata"]["query"].removeprefix("max(").partition("{")[0]

    body, _ = render_metrics()

    assert f"# TYPE {name} gauge" in body.decode()


@pytest.mark.parametrize(
    ("type_", "kind", "other"),
    [("hpa", "HorizontalPodAutoscaler", "ScaledObject"), ("keda", "ScaledObject", "HorizontalPodAutoscaler")],
    ids=["hpa", "keda"],
)
def test_a_group_is_scaled_by_one_thing(type_: str, kind: str, other: str) -> None:
    """A group has a HorizontalPodAutoscaler or a ScaledObject, never both."""
    autoscaling = merged(KEDA["autoscaling"], {"type": type_})

    rendered = render({"workers": {"notify": {"autoscaling": autoscaling}}})

    assert len(rendered.all(kind)) == 1
    assert rendered.all(other) == []


def test_stopping_fits_into_the_grace_period() -> None:
    """Handlers have less time to finish than Kubernetes gives the pod."""
    rendered = render()
    pod = rendered.one("Deployment", "worker-crm")["spec"]["template"]["spec"]

    assert float(rendered.environment("worker-crm")["GRACE_SECONDS"]) < pod["terminationGracePeriodSeconds"]


def test_workers_never_see_the_signing_keys() -> None:
    """Only the receiver mounts the keys: a handler cannot leak what its pod does not have."""
    rendered = render()

    for name, pod in rendered.pods():
        volumes = {volume["name"] for volume in pod["spec"].get("volumes", [])}
        assert ("keys" in volumes) == (name in {f"{PREFIX}-receiver", f"{PREFIX}-test"}), name


def test_sqlite_lives_on_a_volume_of_its_own() -> None:
    """Without a database each worker that writes has a kept volume, and the old pod lets go before the new starts."""
    rendered = render()
    deployment = rendered.one("Deployment", "worker-activity")["spec"]

    claim = rendered.one("PersistentVolumeClaim", "worker-activity")

    assert deployment["strategy"] == {"type": "Recreate"}
    assert (
        deployment["template"]["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"]
        == (claim["metadata"]["name"])
    )
    assert claim["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep"
    assert rendered.environment("worker-activity")["DATABASE_URL"].startswith("sqlite+aiosqlite:////var/lib/")
    assert "DATABASE_URL" not in rendered.environment("worker-notify")


def test_a_database_replaces_the_volumes() -> None:
    """With a database no worker has a volume, its URL comes from the Secret, and pods are replaced without a gap."""
    rendered = render(DATABASE)

    assert rendered.all("PersistentVolumeClaim") == []
    assert rendered.environment("worker-crm")["DATABASE_URL"] == {
        "secretKeyRef": {"name": "postgres", "key": "database-url"}
    }
    assert rendered.one("Deployment", "worker-crm")["spec"]["strategy"]["type"] == "RollingUpdate"


def test_the_schema_is_migrated_before_an_upgrade() -> None:
    """The Job runs before upgrades, and after a first install, when the release's own Secrets exist."""
    job = render(DATABASE).one("Job", "migrations")

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,pre-upgrade"
    assert job["spec"]["template"]["spec"]["containers"][0]["args"] == ["migrate"]
    assert render().all("Job") == []
    assert render(merged(DATABASE, {"database": {"migrations": {"enabled": False}}})).all("Job") == []


def test_the_handlers_file_is_mounted_into_workers_only() -> None:
    """The Secret with the handlers' configuration is a file for every worker, and the receiver has none of it."""
    rendered = render({"handlersFile": {"existingSecret": "mine", "key": "crm.yaml"}})

    pod = rendered.one("Deployment", "worker-notify")["spec"]["template"]["spec"]
    mounts = {mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]}

    assert pod["volumes"] == [
        {
            "name": "handlers",
            "secret": {
                "secretName": "mine",
                "defaultMode": 0o440,
                "items": [{"key": "crm.yaml", "path": "handlers.yaml"}],
            },
        }
    ]
    assert rendered.environment("worker-notify")["HANDLERS_FILE"] == mounts["handlers"] + "/handlers.yaml"
    assert "HANDLERS_FILE" not in rendered.environment("receiver")


def test_a_disabled_group_has_no_objects() -> None:
    """`enabled: false` removes a group with everything that belongs to it, also where Helm ignores a null."""
    rendered = render({"workers": {"crm": {"enabled": False}}})

    assert "worker-crm" not in str([item["metadata"]["name"] for item in rendered.objects])


def test_no_answer_about_the_backlog_is_not_an_empty_one() -> None:
    """KEDA falls back when Prometheus knows nothing, instead of taking pods away."""
    scaled = {"autoscaling": {"type": "keda", "keda": {"serverAddress": "http://prometheus:9090"}}}
    (trigger,) = render({"workers": {"notify": scaled}}).one("ScaledObject", "worker-notify")["spec"]["triggers"]

    assert trigger["metadata"]["ignoreNullValues"] == "false"


@pytest.mark.parametrize(
    ("shape_name", "phases"),
    [("production", "post-install,pre-upgrade"), ("external-secrets", "post-install,post-upgrade")],
)
def test_migrations_run_when_what_they_need_is_there(shape_name: str, phases: str) -> None:
    """Before an upgrade, unless the address is the release's own object then; their policy comes and goes with them."""
    rendered = render(shape(shape_name))
    job, policy = rendered.one("Job", "migrations"), rendered.one("NetworkPolicy", "migrations")

    assert [item["metadata"]["annotations"]["helm.sh/hook"] for item in (job, policy)] == [phases, phases]
    weights = [int(item["metadata"]["annotations"]["helm.sh/hook-weight"]) for item in (policy, job)]
    assert weights == sorted(set(weights))
    assert job["spec"]["template"]["spec"]["serviceAccountName"] == "default"
