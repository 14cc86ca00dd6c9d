"""How much memory the store may use, and how much of it history: values, and what of them is refused."""

import pytest

from tests.chart.rendering import Values, merged, refusal, render, shape
from tests.chart.test_refusals import OUTSIDE

CLUSTER: Values = merged(OUTSIDE, {"redis": {"url": "redis+cluster://r:6379"}})
GIB = 2**30


def limits(*, store: object = None, history: object = None) -> Values:
    """Both values."""
    return {"redis": {"storeMaxBytes": store, "historyMaxBytes": history}}


@pytest.mark.parametrize("component", ["receiver", "worker-crm", "console", "backfill"])
def test_every_role_has_both_limits(component: str) -> None:
    """Written out, not as 3e+11, which the settings refuse: who makes room and who forecasts reckon alike."""
    roles = merged(shape("console"), shape("backfill"))
    rendered = render(merged(roles, merged(OUTSIDE, limits(store=300 * GIB, history=200 * GIB))))

    environment = rendered.environment(component)

    assert environment["STORE_MAX_BYTES"] == str(300 * GIB)
    assert environment["HISTORY_MAX_BYTES"] == str(200 * GIB)


def test_without_them_there_is_no_variable() -> None:
    """The program's own defaults hold, and HISTORY_MAX_BYTES may still come from `config`."""
    assert not {"STORE_MAX_BYTES", "HISTORY_MAX_BYTES"} & render({}).environment("receiver").keys()

    rendered = render({"config": {"HISTORY_MAX_BYTES": GIB}})

    assert rendered.environment("worker-crm")["HISTORY_MAX_BYTES"] == str(GIB)


def test_the_history_of_a_cluster_may_be_more_than_one_server_has() -> None:
    """The one limit is for all servers together, the other for each."""
    environment = render(merged(CLUSTER, limits(store=GIB, history=2 * GIB))).environment("receiver")

    assert (environment["STORE_MAX_BYTES"], environment["HISTORY_MAX_BYTES"]) == (str(GIB), str(2 * GIB))


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (limits(store=GIB), ["redis.storeMaxBytes", "valkey.maxMemory"]),
        (merged(limits(history=GIB), {"config": {"HISTORY_MAX_BYTES": GIB}}), ["redis.historyMaxBytes", "config."]),
        (merged(OUTSIDE, limits(store=GIB, history=GIB)), ["redis.historyMaxBytes", "redis.storeMaxBytes"]),
        (merged(OUTSIDE, limits(store=320)), ["storeMaxBytes", "minimum"]),
        (merged(OUTSIDE, limits(store="8Gi")), ["storeMaxBytes", "want null or integer"]),
        (merged(OUTSIDE, limits(store=GIB + 0.5)), ["storeMaxBytes", "want null or integer"]),
        (merged(OUTSIDE, limits(history=-1)), ["historyMaxBytes", "minimum"]),
        (merged(OUTSIDE, {"config": {"STORE_MAX_BYTES": GIB}}), ["config", "STORE_MAX_BYTES"]),
    ],
    ids=["embedded", "twice", "history-fills-it", "megabytes", "unit", "half", "negative", "owned"],
)
def test_what_means_nothing_is_refused(values: Values, names: list[str]) -> None:
    """With the names of what is wrong."""
    message = refusal(values)

    assert all(name in message for name in names), message
