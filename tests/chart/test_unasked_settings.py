"""What nobody asked for is left to the program: what the chart sets overrules what a router or an image says."""

import pytest

from salesloft_webhooks.settings import Settings
from tests.chart.rendering import Object, Values, merged, render, shape

TIED = {"DRAIN_SECONDS", "GRACE_SECONDS", "SOURCE_PATH"}
"""What objects beside the process depend on: the time until the pod is killed, and the paths that lead to it."""

OWN_GROUP: Values = {"workers": {"scoring": {"handlers": ["scoring.handlers:router"]}}}
SHAPES: dict[str, Values] = {
    "default": OWN_GROUP,
    "external-store": merged(OWN_GROUP, {"valkey": {"enabled": False}, "redis": {"url": "redis://r:6379/0"}}),
    "endpoint": shape("link-swap"),
    "handler": {"linkSwap": {"enabled": True, "handler": "a:b", "allowedHosts": ["*"]}},
    "backfill": shape("backfill"),
    "operator": shape("operator"),
}


def defaults() -> dict[str, str]:
    """The settings that have a default, as texts by variable."""
    fields = {name.upper(): field.default for name, field in Settings.model_fields.items()}
    return {name: str(value).lower().removesuffix(".0") for name, value in fields.items()}


def said_again(environment: Object) -> set[str]:
    """The variables whose value is what the program does without them."""
    unset = defaults()
    return {name for name, value in environment.items() if str(value).lower() == unset.get(name)}


@pytest.mark.parametrize("values", SHAPES.values(), ids=SHAPES)
def test_no_variable_says_what_the_program_does_anyway(values: Values) -> None:
    """No process is given a setting at its default, but for those that another object depends on."""
    rendered = render(values)
    prefix = "shop-salesloft-webhooks-"
    components = [item["metadata"]["name"].removeprefix(prefix) for item in rendered.all("Deployment")]

    found = {component: said_again(rendered.environment(component)) - TIED for component in components}

    assert {component: names for component, names in found.items() if names} == {}


def test_a_routers_own_ordering_is_not_overruled() -> None:
    """No group has an ordering of the chart's unless somebody asked for one, for it or for all."""
    groups: Values = {"workers": {"scoring": {"handlers": ["scoring.handlers:router"]}}}
    for group in ("activity", "crm", "notify", "scoring"):
        assert "WORKER_ORDERING" not in render(groups).environment(f"worker-{group}"), group

    asked = render(merged(groups, {"workers": {"scoring": {"ordering": "none"}}}))
    all_of_them = render(merged(groups, {"workerDefaults": {"ordering": "none"}}))

    assert asked.environment("worker-scoring")["WORKER_ORDERING"] == "none"
    assert all_of_them.environment("worker-scoring")["WORKER_ORDERING"] == "none"


def test_what_a_built_in_group_needs_is_no_default_of_all() -> None:
    """`workerDefaults.ordering: none` leaves the order of `crm` to its handlers, as `workers.crm.ordering` does not."""
    for_all = render({"workerDefaults": {"ordering": "none"}})
    for_it = render({"workers": {"crm": {"ordering": "none"}}})

    assert "WORKER_ORDERING" not in for_all.environment("worker-crm")
    assert for_it.environment("worker-crm")["WORKER_ORDERING"] == "none"


def test_what_was_asked_for_is_set() -> None:
    """Each of these values reaches its processes, also one that is the program's default."""
    values: Values = {
        "redis": {"keyPrefix": "sl", "partitions": 1, "durability": "memory"},
        "workerDefaults": {"concurrency": 50},
        "linkSwap": {
            "enabled": True,
            "handler": "a:b",
            "allowedHosts": ["*"],
            "timeoutSeconds": 2,
            "onFailure": "identity",
            "concurrency": 50,
            "events": True,
        },
        "tracing": {"endpoint": "http://c:4317", "sampleRatio": 0},
    }

    worker = render(values).environment("worker-crm")
    swapping = render(values).environment("link-swap")

    assert {name: worker[name] for name in ("REDIS_KEY_PREFIX", "PARTITIONS", "DURABILITY", "WORKER_CONCURRENCY")} == {
        "REDIS_KEY_PREFIX": "sl",
        "PARTITIONS": "1",
        "DURABILITY": "memory",
        "WORKER_CONCURRENCY": "50",
    }
    assert swapping["LINK_SWAP_TIMEOUT_SECONDS"] == "2"
    assert swapping["LINK_SWAP_ON_FAILURE"] == "identity"
    assert swapping["LINK_SWAP_CONCURRENCY"] == "50"
    assert swapping["LINK_SWAP_EVENTS"] == "true"
    assert swapping["OTEL_TRACES_SAMPLER_ARG"] == "0"


@pytest.mark.parametrize(
    ("component", "kind", "section", "name"),
    [
        ("receiver", "Deployment", "receiver", "DRAIN_SECONDS"),
        ("worker-crm", "Deployment", "workerDefaults", "WORKER_GROUP"),
        ("backfill", "Deployment", "backfill", "SOURCE_PATH"),
        ("operator", "Deployment", "operator", "OPERATOR_LEASE_NAME"),
        ("operator-release", "Job", "operator", "REDIS_PASSWORD"),
        ("migrations", "Job", "migrations", "DATABASE_URL"),
    ],
)
def test_an_own_variable_takes_the_place_of_the_charts(component: str, kind: str, section: str, name: str) -> None:
    """Each name is there once, where the chart has it, with the user's value: Helm 4 refuses to apply it twice."""
    base = merged(shape("operator"), shape("backfill"))
    base = merged(base, {"database": {"existingSecret": {"name": "postgres"}}, "backfill": {"config": {}}})
    own = {"extraEnv": [{"name": "FIRST", "value": "1"}, {"name": name, "value": "mine"}]}
    asked: Values = {"database": {"migrations": own}} if section == "migrations" else {section: own}

    before = [each["name"] for each in render(base).container(component, kind)["env"]]
    after = render(merged(base, asked)).container(component, kind)["env"]

    assert [each["name"] for each in after] == [*before, "FIRST"]
    assert [each for each in after if each["name"] == name] == [{"name": name, "value": "mine"}]
