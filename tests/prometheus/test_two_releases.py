"""Three releases in one real Prometheus, as the chart has them scraped: what one is told is only about itself."""

import itertools
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.http_client import request
from tests.support.installed_release import IS_THERE, MISSING, InstalledRelease
from tests.support.prometheus_processes import MISSING as NO_PROMETHEUS
from tests.support.prometheus_processes import PROMETHEUS, Prometheus
from tests.support.receiver_process import ReceiverProcess, delivery, envelope, native_headers
from tests.support.rules_and_dashboards import panel_expressions, panels, rules
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until
from tests.support.worker_process import WorkerProcess

pytestmark = [
    pytest.mark.skipif(PROMETHEUS is None, reason=NO_PROMETHEUS),
    pytest.mark.skipif(not IS_THERE, reason=MISSING),
    pytest.mark.timeout(90),
]

WELL = InstalledRelease("sales", "shop")
ILL = InstalledRelease("sales", "other")
"""In the namespace of the one that is well."""
ALSO_ILL = InstalledRelease("support", "shop")
"""With the name of the one that is well."""
GONE = InstalledRelease("sales", "gone")
"""Its rules are there, and nothing of it runs."""
RELEASES = (WELL, ILL, ALSO_ILL)
FIRING = {
    "SalesloftWebhooksDeadLetters",
    "SalesloftWebhooksDuplicates",
    "SalesloftWebhooksQuarantine",
    "SalesloftWebhooksRetryStorm",
    "SalesloftWebhooksSignatureFailures",
}
"""What the traffic of those that are ill must set off, waiting times aside."""
CHOSEN = {"$__rate_interval": "20s", "$group": ".*", "$source": ".*"}
CHOICES = re.compile(r"label_values\((.*), (\w+)\)")

Answers = dict[str, list[Any]]


@dataclass(frozen=True)
class Told:
    """What each release was told at one time.

    Attributes:
        together: By the Prometheus that knows them all.
        alone: By one that has the very same samples, of that release only.
        careless: The repository's own queries, which name no release: told by both.
    """

    together: dict[InstalledRelease, Answers]
    alone: dict[InstalledRelease, Answers]
    careless: tuple[Answers, Answers]


def asked(release: InstalledRelease) -> Iterator[str]:
    """Every query that the chart installs for a release: of its rules, panels and choices."""
    yield from (rule["expr"] for rule in release.rules())
    for dashboard in release.dashboards():
        yield from (target["expr"] for panel in panels(dashboard) for target in panel["targets"])
        for variable in dashboard["templating"]["list"]:
            if variable["type"] == "query":
                series, label = CHOICES.fullmatch(variable["query"]).groups()  # type: ignore[union-attr]
                yield f"group by ({label}) ({series})"


def filled(expression: str) -> str:
    """A panel's query with everything chosen at its top."""
    for variable, value in {**CHOSEN, "$cluster": ".*", "$namespace": ".*", "$release": ".*"}.items():
        expression = expression.replace(variable, value)
    return expression


def answers(prometheus: Prometheus, queries: Iterator[str], at: float) -> Answers:
    """What each query says at a time, in a fixed order."""
    return {
        query: sorted(prometheus.query(filled(query), at), key=lambda result: str(result["metric"]))
        for query in queries
    }


def careless() -> Iterator[str]:
    """The queries as the repository has them, before the chart makes them a release's own."""
    return itertools.chain((rule["expr"] for rule in rules()), (expression for _, expression in panel_expressions()))


def post(well: ReceiverProcess, ill: ReceiverProcess, stop: threading.Event) -> None:
    """Traffic until stopped: to one what is good, to the other what fails, is repeated, forged, unreadable."""
    number = 0
    while not stop.wait(0.01):
        number += 1
        well.send(delivery(envelope(f"e{number}", event_type="person.updated")))
        for _ in range(2):
            ill.send(delivery(envelope(f"e{number}", event_type=("person.created", "person.deleted")[number % 2])))
        ill.send(request("POST", "/webhooks/salesloft", native_headers(b"{}", "person_updated", "forged"), b"{}"))
        if number % 10 == 0:
            ill.send(delivery(b"not json"))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    """What they are told, once those that are ill are known to be."""
    directory = tmp_path_factory.mktemp("releases")
    with ExitStack() as stack:
        pods = [running(stack, directory / name) for name in ("well", "ill")]
        for role in itertools.chain(*pods):
            role.wait_until_ready("each pod")
        stop = threading.Event()
        sender = threading.Thread(target=post, args=(*(receiver for receiver, _ in pods), stop))
        sender.start()
        stack.callback(sender.join)
        stack.callback(stop.set)
        ports = [{"receiver": receiver.ops_port, "worker": worker.ops_port} for receiver, worker in pods]
        scrapes = [release.scraped(ports[release is not WELL]) for release in RELEASES]
        documents = {
            f"{release.namespace}-{release.name}.yaml": {"groups": [named(group, release) for group in release.groups]}
            for release in (*RELEASES, GONE)
        }
        prometheus = stack.enter_context(
            Prometheus(directory / "all", scrapes=scrapes, documents=documents, patience="0s", interval="500ms")
        )
        wait_until(
            lambda: all(firing(prometheus, release) >= FIRING for release in (ILL, ALSO_ILL)),
            seconds=30,
            description=f"{FIRING} fire",
        )
        yield look(stack, prometheus, directory)


def running(stack: ExitStack, directory: Path) -> tuple[ReceiverProcess, WorkerProcess]:
    """A receiver and a worker with a store of their own, which are about to be ready."""
    directory.mkdir()
    server = Server(
        engines()["valkey"], directory, {"maxmemory": "256mb", "maxmemory-policy": "noeviction", "appendonly": "yes"}
    ).start()
    stack.callback(server.stop, kill=True)
    settings = {"UPKEEP_SECONDS": "1"}
    receiver = ReceiverProcess(server.url, settings)
    handling = {"WORKER_HANDLERS": "tests.prometheus.handlers:router", "MAX_ATTEMPTS": "4"}
    worker = WorkerProcess("demo", server.url, {**handling, "BACKOFF_BASE_SECONDS": "0.05", **settings})
    worker.launch()
    stack.callback(worker.kill)
    receiver.launch()
    stack.callback(receiver.kill)
    return receiver, worker


def named(group: dict[str, Any], release: InstalledRelease) -> dict[str, Any]:
    """A group of rules under a name that no other release's has: what is one object each in a cluster."""
    return {**group, "name": f"{release.namespace}-{release.name}-{group['name']}"}


def firing(prometheus: Prometheus, release: InstalledRelease) -> set[str]:
    """Which alerts of a release fire."""
    where = f'alertstate="firing",namespace="{release.namespace}",release="{release.name}"'
    return {result["metric"]["alertname"] for result in prometheus.query(f"ALERTS{{{where}}}")}


def look(stack: ExitStack, prometheus: Prometheus, directory: Path) -> Told:
    """Ask everything now, and again at that time with all but one release forgotten."""
    at = time.time()
    # A sample counts from the time at which its scrape began, and comes when it has ended: on a slow machine later than
    # the snapshot, and then one side has it only. Rules are evaluated as often.
    wait_until(
        lambda: all(float(each["value"][1]) > at + 2 for each in prometheus.query("timestamp(up)")),
        description="every scrape that began until then has ended",
    )
    copy = prometheus.snapshot()
    together = {release: answers(prometheus, asked(release), at) for release in (*RELEASES, GONE)}
    alone = {}
    others: Answers = {}
    for number, release in enumerate(RELEASES):
        its_own = directory / f"alone-{number}"
        shutil.copytree(copy, its_own / "data")
        one = stack.enter_context(Prometheus(its_own, documents={}))
        for label in (f'release!="{release.name}"', f'namespace!="{release.namespace}"'):
            one.forget(f'{{__name__=~".+",{label}}}')
        alone[release] = answers(one, asked(release), at)
        others = others or answers(one, careless(), at)
    return Told(together, alone, (answers(prometheus, careless(), at), others))


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: f"{release.namespace}-{release.name}")
def test_nothing_a_release_is_told_depends_on_another_one(told: Told, release: InstalledRelease) -> None:
    """With every series of the others gone, each rule, panel and choice of a release answers what it did with them."""
    assert told.together[release] == told.alone[release]
    assert sum(map(bool, told.alone[release].values())) > 60


def test_the_comparison_sees_what_is_mixed(told: Told) -> None:
    """The same queries without their release's labels do answer differently, so the comparison would notice it."""
    with_others, alone = told.careless

    assert sum(with_others[query] != alone[query] for query in alone) > 50


def test_each_release_has_its_own_alerts(told: Told) -> None:
    """What is well is told of nothing, what is ill of what ails it, and what is not there that it is not."""
    found = {
        release: {rule["alert"] for rule in release.rules() if "alert" in rule and each[rule["expr"]]}
        for release, each in told.together.items()
    }

    assert found[WELL] == set()
    assert found[ILL] >= FIRING
    assert found[ALSO_ILL] == found[ILL]
    assert found[GONE] == {"SalesloftWebhooksReceiverAbsent"}
