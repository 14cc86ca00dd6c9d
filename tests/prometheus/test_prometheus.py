"""A real Prometheus scrapes a live pipeline with failures: dashboards and rules show what is there."""

import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.prometheus.declared import IS_THERE, KEY, operating
from tests.prometheus.traffic import post
from tests.support.backfill_process import BackfillProcess, silent_salesloft
from tests.support.console_process import ConsoleProcess
from tests.support.prometheus_processes import ALERTMANAGER, MISSING, PROMETHEUS, Alertmanager, Prometheus
from tests.support.receiver_process import SECRET, ReceiverProcess
from tests.support.role_process import RoleProcess
from tests.support.rules_and_dashboards import alerts, panel_expressions, rules
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

ABSENT = pytest.mark.skipif(PROMETHEUS is None or ALERTMANAGER is None, reason=MISSING)
pytestmark = [ABSENT, pytest.mark.timeout(240)]

VARIABLES = {
    "$cluster": ".*",
    "$namespace": ".*",
    "$release": ".*",
    "$group": ".*",
    "$source": ".*",
    "$__rate_interval": "20s",
}
ROLES = ("receiver", "worker", "backfill", "console", *(["operator"] if IS_THERE else []))
FIRING = {
    "SalesloftWebhooksDeadLetters",
    "SalesloftWebhooksDuplicates",
    "SalesloftWebhooksDurabilityDegraded",
    "SalesloftWebhooksQuarantine",
    "SalesloftWebhooksRetryStorm",
    "SalesloftWebhooksRotationUnfinished",
    "SalesloftWebhooksSignatureFailures",
}
"""What the traffic of this test must set off, waiting times aside."""
SILENT = {
    "SalesloftWebhooksBackfillAbsent": "there is a leader",
    "SalesloftWebhooksBackfillBehind": "lists are read each second",
    "SalesloftWebhooksBackfillStopped": "every list can be read",
    "SalesloftWebhooksBacklogGrowing": "the backlog stays small",
    "SalesloftWebhooksBacklogOld": "nothing is half an hour old",
    "SalesloftWebhooksChangesMissed": "a dozen are no more than usual",
    "SalesloftWebhooksCompactionOld": "there is no warehouse",
    "SalesloftWebhooksCrmQuota": "no CRM is asked",
    "SalesloftWebhooksCursorsLost": "the store keeps its cursors",
    "SalesloftWebhooksDeliveriesAbsent": "there is no level of last week to compare with",
    "SalesloftWebhooksDeliveriesBelowUsual": "there is no level of last week to compare with",
    "SalesloftWebhooksErrorBudgetBurn": "nothing is answered with 503",
    "SalesloftWebhooksGroupPaused": "no group is paused",
    "SalesloftWebhooksGroupWithoutConsumers": "the group has a worker",
    "SalesloftWebhooksHandlersSlow": "the handlers are fast",
    "SalesloftWebhooksHistoryShortened": "there is room for all history",
    "SalesloftWebhooksLinkSwapFallback": "its function gives links",
    "SalesloftWebhooksMemoryForeseen": "the store has no limit",
    "SalesloftWebhooksNoHandler": "the worker has a handler for all it wants",
    "SalesloftWebhooksOperatorAbsent": "there is a leader",
    "SalesloftWebhooksPoison": "nothing kills a worker",
    "SalesloftWebhooksReceiverAbsent": "there is a receiver",
    "SalesloftWebhooksRotationStuck": "no key is changed",
    "SalesloftWebhooksRowsPassedOver": "every row is an event",
    "SalesloftWebhooksStoreDown": "the store is there",
    "SalesloftWebhooksStoreMemory": "the store is nearly empty",
    "SalesloftWebhooksSubscriptionsForeign": "no subscription is somebody else's",
    "SalesloftWebhooksSubscriptionsIncomplete": "what is declared is subscribed to",
    "SalesloftWebhooksSubscriptionsSyncOld": "SalesLoft is asked each second",
}
"""What must not fire, and why its expression is empty."""
EMPTY_RECORDS = {
    "namespace_source:salesloft_webhooks_deliveries_accepted:usual1h": "needs a day of history",
}


@dataclass
class Observed:
    """A live pipeline with its Prometheus and Alertmanager."""

    prometheus: Prometheus
    alertmanager: Alertmanager

    def alert_states(self) -> dict[str, set[str]]:
        """The names of alerts by the state they are in."""
        found: dict[str, set[str]] = {}
        for rule in self.prometheus.rules():
            if rule["type"] == "alerting":
                found.setdefault(rule["state"], set()).add(rule["name"])
        return found


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """Receiver, worker, traffic, Prometheus and Alertmanager, once the first figures are there."""
    directory = tmp_path_factory.mktemp("observed")
    server = Server(engines()["valkey"], directory, {"maxmemory": "256mb", "maxmemory-policy": "noeviction"}).start()
    settings = {"UPKEEP_SECONDS": "1"}
    own = {
        "SALESLOFT_WEBHOOK_SECRET": f"the-new-secret,{SECRET}",
        "SALESLOFT_CALLBACK_SECRET": KEY,
        "LINK_SWAP_HANDLER": "tests.prometheus.handlers:swap",
        "LINK_SWAP_ALLOWED_HOSTS": "*",
    }
    receiver = ReceiverProcess(server.url, own | settings)
    worker = WorkerProcess(
        "demo",
        server.url,
        {
            "WORKER_HANDLERS": "tests.prometheus.handlers:router",
            "MAX_ATTEMPTS": "4",
            "BACKOFF_BASE_SECONDS": "0.05",
            **settings,
        },
    )
    stop = threading.Event()
    try:
        with receiver, ExitStack() as stack:
            worker.start()
            console = stack.enter_context(ConsoleProcess(server.url, settings))
            sender = threading.Thread(target=post, args=(receiver, console, stop))
            sender.start()
            stack.callback(sender.join)
            stack.callback(stop.set)
            salesloft = stack.enter_context(silent_salesloft(people=12))
            backfill = BackfillProcess(salesloft, server.url, settings).start()
            stack.callback(backfill.kill)
            roles: list[RoleProcess] = [receiver, worker, backfill, console]
            if IS_THERE:
                roles.append(stack.enter_context(operating(directory, server.url, salesloft)))
            yield stack.enter_context(watching(directory, *roles))
    finally:
        worker.kill()
        server.stop(kill=True)


class watching(ExitStack):  # noqa: N801 - reads as a verb where it is used
    """Prometheus and Alertmanager on the processes."""

    def __init__(self, directory: Path, *roles: RoleProcess) -> None:
        super().__init__()
        self._directory = directory
        self._targets = {name: [role.ops_port] for name, role in zip(ROLES, roles, strict=True)}

    def __enter__(self) -> Observed:  # type: ignore[override]
        alertmanager = self.enter_context(Alertmanager(self._directory / "alertmanager"))
        prometheus = self.enter_context(
            Prometheus(self._directory / "prometheus", targets=self._targets, alertmanager=alertmanager, patience="0s")
        )
        found = Observed(prometheus, alertmanager)
        wait_until(
            lambda: found.alert_states().get("firing", set()) >= FIRING,
            seconds=90,
            description=f"{FIRING} fire",
        )
        return found


def test_all_roles_are_scraped(observed: Observed) -> None:
    """Prometheus reads the operations ports of all roles without complaint."""
    up = {result["metric"]["job"]: result["value"][1] for result in observed.prometheus.query("up")}

    assert up == dict.fromkeys(ROLES, "1")


def test_every_panel_shows_data(observed: Observed) -> None:
    """Each query of each dashboard is understood and returns a figure."""
    without = []

    for panel, expression in panel_expressions():
        for variable, value in VARIABLES.items():
            expression = expression.replace(variable, value)  # noqa: PLW2901 - the same query, filled in
        is_shown = IS_THERE or "salesloft_webhooks_operator_" not in expression
        is_shown = is_shown and "salesloft_webhooks_crm_quota_" not in expression  # only Salesforce says it
        is_shown = is_shown and "salesloft_webhooks_warehouse_" not in expression  # there is no warehouse
        if is_shown and not observed.prometheus.query(expression):
            without.append((panel, expression))

    assert len(panel_expressions()) > 40
    assert without == []


def test_every_rule_evaluates(observed: Observed) -> None:
    """Each rule is healthy; each recording rule returns data, or is known to need more history than a test has."""
    evaluated = observed.prometheus.rules()
    empty = {rule["record"] for rule in rules() if "record" in rule and not observed.prometheus.query(rule["record"])}

    assert {rule["health"] for rule in evaluated} == {"ok"}
    assert empty == set(EMPTY_RECORDS)


def test_alerts_fire_on_what_is_wrong_and_on_nothing_else(observed: Observed) -> None:
    """The failures of the traffic set off their alerts; every other alert is silent for a stated reason."""
    states = observed.alert_states()

    assert states.get("firing", set()) == FIRING
    assert states["inactive"] - FIRING == set(SILENT)
    assert FIRING | set(SILENT) == {alert["alert"] for alert in alerts()}


def test_alertmanager_receives_an_alert(observed: Observed) -> None:
    """An alert arrives where people are told, with its severity, its figures and its runbook."""

    def received() -> list[dict[str, dict[str, str]]]:
        found = observed.alertmanager.alerts()
        return [alert for alert in found if alert["labels"]["alertname"] == "SalesloftWebhooksDeadLetters"]

    wait_until(lambda: bool(received()), seconds=30, description="Alertmanager has the alert")

    (alert,) = received()
    assert alert["labels"]["group"] == "demo"
    assert alert["labels"]["severity"] == "warning"
    assert re.search(r"gave up on [0-9.]+k? events", alert["annotations"]["description"])
    assert alert["annotations"]["runbook_url"] == "docs/runbooks/SalesloftWebhooksDeadLetters.md"


def test_the_backlog_to_scale_by_is_told_by_both_roles(observed: Observed) -> None:
    """The true backlog of the group is there from the receiver as well as from the worker."""
    found = observed.prometheus.query("salesloft_webhooks_group_backlog_entries")

    assert {(result["metric"]["job"], result["metric"]["group"]) for result in found} == {
        ("receiver", "demo"),
        ("worker", "demo"),
    }
