"""The chart knows the built-in groups, by the file that is generated from their table."""

import pytest

from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS
from tests.chart.rendering import PREFIX, Values, refusal, render

FILE: Values = {"handlersFile": {"existingSecret": "handlers"}}


def test_the_table_of_built_in_groups_runs_by_default() -> None:
    """Without values there is a worker for every row that is on by default, with the row's database."""
    rendered = render()
    rows = {f"{PREFIX}-worker-{row.name}": row for row in BUILTIN_GROUPS if row.on_by_default}

    workers = {item["metadata"]["name"] for item in rendered.all("Deployment")} - {f"{PREFIX}-receiver"}
    files = {item["metadata"]["name"] for item in rendered.all("PersistentVolumeClaim")}

    assert workers == set(rows)
    assert {name for name in files if "worker" in name} == {name for name, row in rows.items() if row.writes_database}


def test_a_member_of_a_built_in_family_needs_no_handlers() -> None:
    """`workers.forward-<endpoint>` is built in, and takes every field like any other group."""
    rendered = render({**FILE, "workers": {"forward-billing": {"concurrency": 3}}})

    environment = rendered.environment("worker-forward-billing")

    assert environment["WORKER_GROUP"] == "forward-billing"
    assert environment["WORKER_CONCURRENCY"] == "3"
    assert "WORKER_HANDLERS" not in environment


@pytest.mark.parametrize("name", ["forward", "forwards-billing", "activity-2"])
def test_a_name_that_resembles_a_built_in_one_is_not_built_in(name: str) -> None:
    """Without handlers it is refused, and the message lists what is built in."""
    message = refusal({"workers": {name: {}}})

    assert f"workers.{name}.handlers" in message
    built_in = sorted(f"{row.prefix}*" if row.prefix else row.name for row in BUILTIN_GROUPS)
    assert f"({', '.join(built_in)} have)" in message


def test_a_forwarding_group_without_its_endpoint_is_refused() -> None:
    """Its endpoint stands in the handlers file; without one, its own or the release's, no pod would start."""
    message = refusal({"workers": {"forward-billing": {}}})

    assert "workers.forward-billing needs handlersFile.existingSecret" in message
    own = {"extraEnv": [{"name": "HANDLERS_FILE", "value": "/own/handlers.yaml"}]}
    assert render({"workers": {"forward-billing": own}}).environment("worker-forward-billing")["HANDLERS_FILE"]


def test_a_warehouse_without_its_address_is_refused() -> None:
    """Its address stands in the handlers file, too; with one, a group of that name needs no handlers of its own."""
    message = refusal({"workers": {"warehouse": {}}})

    assert "workers.warehouse needs handlersFile.existingSecret" in message
    environment = render({**FILE, "workers": {"warehouse": {"concurrency": 500}}}).environment("worker-warehouse")
    assert (environment["WORKER_GROUP"], environment["WORKER_CONCURRENCY"]) == ("warehouse", "500")
    assert "WORKER_HANDLERS" not in environment
