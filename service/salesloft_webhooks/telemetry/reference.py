"""Writes ``docs/metrics.md`` from the definitions: ``python -m salesloft_webhooks.telemetry.reference`` prints it."""

import inspect
import re
import sys
from collections.abc import Iterator
from enum import StrEnum

from prometheus_client import CollectorRegistry

from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.errors import RejectionReason, UnreadableReason
from salesloft_webhooks.telemetry import metrics
from salesloft_webhooks.telemetry.alert_telemetry import AlertDelivery, AlertKind
from salesloft_webhooks.telemetry.histogram import Histogram
from salesloft_webhooks.telemetry.labels import AttemptOutcome, DeadLetterReason
from salesloft_webhooks.telemetry.link_swap_telemetry import LinkOutcome, LinkSwapOutcome, LinkSwapReason
from salesloft_webhooks.telemetry.operator_labels import ReconcileResult, SubscriptionChange, WatchEnd
from salesloft_webhooks.telemetry.tally import Tally

_INTRODUCTION = """\
# Metrics

Generated from the definitions in `telemetry/` by `make docs`; a test fails when the two differ.

Every role serves its own at `/metrics` of the operations port (9090 by default). Every name begins with
`salesloft_webhooks_`; durations are seconds, sizes bytes. Label values come from the closed sets at the end of this
page or from the configuration, never from a sender: an event type that is not in the table is labelled `other`. The
usual `process_*` and `python_*` metrics are there, too.

What is said about groups and partitions belongs to the store: every receiver and worker reports the same, so take the
`max` over them. **Scale workers on `salesloft_webhooks_group_backlog_entries`.**
"""
_LABELS = {
    "source": "Name of a configured source.",
    "dialect": "How the sender signs: the name of a dialect, such as `envelope`.",
    "key": "Position of a key in its setting, 0 first.",
    "event_type": "Dotted event type; `follow_up/` and the name of a task, of the first 50 of a process; or `other`.",
    "group": "Consumer group.",
    "partition": "Number of a stream.",
    "role": "`receiver` or `worker`.",
    "route": "Path of a page or an action of the console, names in the place of its parts.",
    "act": "What somebody did in the console: see `console.*` in docs/logs.md.",
    "method": "Of an HTTP request.",
    "code": "Status of an answer, or `unreachable`, `timeout`, `broken`, `unreadable`.",
    "object": "Name of a `SalesloftSubscription`.",
    "kind": "Of an alert; or of an object in Kubernetes: `SalesloftSubscription`, `ConsumerGroup`, `Secret`.",
    "phase": "`Idle`, `Spreading`, `Creating`, `Draining` or `Retiring`: see docs/subscriptions.md.",
    "crm": "A CRM, as the setting `backend` has it.",
    "version": "Version of this program.",
}
_VALUES: dict[str, type[StrEnum]] = {
    "`outcome` of deliveries": DeliveryOutcome,
    "`outcome` of attempts": AttemptOutcome,
    "`reason` of signature failures": RejectionReason,
    "`reason` of unreadable deliveries": UnreadableReason,
    "`reason` of dead letters": DeadLetterReason,
    "`outcome` of link swaps": LinkSwapOutcome,
    "`reason` of link swaps": LinkSwapReason,
    "`outcome` of links": LinkOutcome,
    "`result` of reconciles": ReconcileResult,
    "`change` of subscriptions": SubscriptionChange,
    "`why` of watches": WatchEnd,
    "`kind` of alerts": AlertKind,
    "`delivery` of alerts": AlertDelivery,
}


def definitions(registry: CollectorRegistry) -> Iterator[metrics.Definition]:
    """The metrics we define in a registry, in their order; the client's own process collectors are left out."""
    return (metric for metric in registry._collector_to_names if isinstance(metric, metrics.Definition))  # noqa: SLF001 - no public way to list them


def exposed_name(metric: metrics.Definition) -> str:
    """The name that Prometheus stores: counters end in ``_total``, infos in ``_info``."""
    (family,) = metric.describe()
    return family.name + {"counter": "_total", "info": "_info"}.get(family.type, "")


def page() -> str:
    """The whole page."""
    parts = [_INTRODUCTION]
    for title, registry in metrics.REGISTRIES.items():
        parts.append(f"## {title}\n\n| metric | type | labels | meaning |\n|---|---|---|---|")
        parts.extend(_row(metric) for metric in definitions(registry))
        parts.append("")
    parts.append("## Labels\n\n| label | meaning |\n|---|---|")
    parts.extend(f"| `{name}` | {meaning} |" for name, meaning in _LABELS.items())
    for title, values in _VALUES.items():
        parts.append(f"\n### {title}\n\n| value | meaning |\n|---|---|")
        parts.extend(f"| `{value}` | {meaning} |" for value, meaning in described(values).items())
    return "\n".join(parts) + "\n"


def _row(metric: metrics.Definition) -> str:
    (family,) = metric.describe()
    if family.type == "info":
        labels: tuple[str, ...] = ("version",)
    elif isinstance(metric, Histogram | Tally):
        labels = metric.label_names
    else:
        labels = tuple(metric._labelnames)  # noqa: SLF001 - no public way
    shown = ", ".join(f"`{label}`" for label in labels)
    return f"| `{exposed_name(metric)}` | {family.type} | {shown} | {family.documentation} |"


def described(values: type[StrEnum]) -> dict[str, str]:
    """The members of an enum with the docstring that stands below each in the source."""
    source = inspect.getsource(values)
    found = re.findall(r' = "(\w+)"[^\n]*\n\s+"""(.*?)"""', source, re.DOTALL)
    return {value: " ".join(text.split()).replace("``", "`") for value, text in found}


if __name__ == "__main__":
    sys.stdout.write(page())
