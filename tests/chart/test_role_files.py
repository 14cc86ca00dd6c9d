"""Files that only some roles have: the keys of bodies, and the addresses of the people who are told."""

import pytest

from tests.chart.rendering import Rendered, Values, merged, render, shape

FOLDER = "/etc/salesloft-webhooks"
READERS = ["worker-activity", "worker-crm", "worker-notify", "console", "backfill"]
WRITERS = ["receiver", "link-swap"]


def mounted(rendered: Rendered, component: str) -> dict[str, tuple[str, str]]:
    """What Secrets the pods have, as {file: (Secret, entry)}; a file mounted by `subPath` would never change."""
    pod = rendered.one("Deployment", component)["spec"]["template"]["spec"]
    volumes = {volume["name"]: volume.get("secret") for volume in pod["volumes"]}
    mounts = [mount for mount in pod["containers"][0]["volumeMounts"] if volumes[mount["name"]]]
    assert all("subPath" not in mount and mount["readOnly"] for mount in mounts)
    return {
        f"{mount['mountPath']}/{item['path']}": (volumes[mount["name"]]["secretName"], item["key"])
        for mount in mounts
        for item in volumes[mount["name"]]["items"]
    }


@pytest.mark.parametrize("component", [*READERS, *WRITERS])
def test_all_that_have_to_do_with_bodies_have_their_keys(component: str) -> None:
    """Each role that reads or writes bodies finds the keys' file where its setting says, as a file that changes."""
    rendered = render(shape("files"))
    path = rendered.environment(component)["BODY_KEY_FILE"]

    assert path == f"{FOLDER}/body-keys/body-keys"
    assert mounted(rendered, component)[path] == ("body-keys", "keys")


def test_encrypting_can_be_stopped_everywhere() -> None:
    """With `bodyKeys.encrypt: false` receivers have no keys, and who reads what is stored only decrypts with them."""
    rendered = render(merged(shape("files"), {"bodyKeys": {"encrypt": False}}))

    assert [name for name in [*READERS, *WRITERS] if "BODY_KEY_FILE" in rendered.environment(name)] == READERS
    assert not [name for name in WRITERS if "body-keys" in str(rendered.one("Deployment", name))]
    assert {rendered.environment(name)["ENCRYPT_BODIES"] for name in READERS} == {"false"}
    assert "ENCRYPT_BODIES" not in render(shape("files")).environment("backfill")


def test_the_operator_has_no_keys_of_bodies() -> None:
    """The operator reads no body, and so has neither the keys nor the addresses."""
    operator = render(merged(shape("operator"), shape("files"))).one("Deployment", "operator")

    assert "BODY_KEY_FILE" not in str(operator)
    assert "ALERT_URLS_FILE" not in str(operator)


def test_the_trial_can_read_what_became_of_its_delivery() -> None:
    """The pod of `helm test` looks its event up, and so has the keys, mounted where its setting says."""
    pod = render(shape("files")).one("Pod", "test")["spec"]
    (container,) = pod["containers"]

    assert {"name": "BODY_KEY_FILE", "value": f"{FOLDER}/body-keys/body-keys"} in container["env"]
    assert {"name": "body-keys", "mountPath": f"{FOLDER}/body-keys", "readOnly": True} in container["volumeMounts"]
    assert "body-keys" in {volume["name"] for volume in pod["volumes"]}


def test_workers_tell_people_and_nobody_else_has_the_addresses() -> None:
    """Every worker has the addresses as a file that changes, the period and the console's link; no other role."""
    rendered = render(shape("files"))
    for name in READERS[:3]:
        environment = rendered.environment(name)
        assert environment["ALERT_URLS_FILE"] == f"{FOLDER}/alert-urls/alert-urls"
        assert environment["ALERT_PERIOD_SECONDS"] == "3600"
        assert mounted(rendered, name)[environment["ALERT_URLS_FILE"]] == ("people", "urls")

    assert rendered.one("ConfigMap", "config")["data"]["CONSOLE_URL"] == "https://console.example.com"
    for name in [*READERS[3:], *WRITERS]:
        assert "alert-urls" not in str(rendered.one("Deployment", name))


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        (shape("files"), {"to": [{"ipBlock": {"cidr": "10.9.0.0/16"}}], "ports": [{"port": 443}, {"port": 587}]}),
        ({"alerts": {"existingSecret": "people"}}, {"ports": [{"port": 443}]}),
        ({}, None),
    ],
    ids=["stated", "anywhere", "nobody"],
)
def test_the_way_out_is_open_where_people_are_told(values: Values, rule: Values | None) -> None:
    """Workers reach what `networkPolicy.alerts` states, and only where somebody is to be told."""
    egress = render(values).one("NetworkPolicy", "worker-notify")["spec"]["egress"]

    assert [other for other in egress if {"port": 443} in other["ports"]] == ([rule] if rule else [])
