"""Telemetry: the only room that knows structlog's set-up, Prometheus objects and the OpenTelemetry SDK.

Business code opens a span and calls verbs on it::

    with telemetry.delivery(source, headers) as delivery:
        delivery.stored("person.updated", duplicate=False)

    with telemetry.attempt(event) as attempt:
        attempt.retried(error, after_seconds=2.5)

Each verb feeds metrics, traces and logs from the one fact it is given. Verbs never raise, block or touch the network.
"""

from salesloft_webhooks.telemetry.alert_telemetry import AlertDelivery, AlertKind, AlertTelemetry
from salesloft_webhooks.telemetry.attempt_span import AttemptSpan
from salesloft_webhooks.telemetry.backfill_telemetry import BackfillState, BackfillTelemetry, Found
from salesloft_webhooks.telemetry.batch_telemetry import BatchTelemetry
from salesloft_webhooks.telemetry.console_telemetry import ConsoleTelemetry
from salesloft_webhooks.telemetry.crm_telemetry import CrmQuota
from salesloft_webhooks.telemetry.delivery_span import DeliverySpan
from salesloft_webhooks.telemetry.link_swap_telemetry import LinkSwapOutcome, LinkSwapReason, LinkSwapTelemetry
from salesloft_webhooks.telemetry.logs import Logger, configure_logging, get_logger
from salesloft_webhooks.telemetry.metrics import render_metrics
from salesloft_webhooks.telemetry.operator_labels import ReconcileResult, SubscriptionChange, WatchEnd
from salesloft_webhooks.telemetry.operator_telemetry import OperatorTelemetry
from salesloft_webhooks.telemetry.receiver_telemetry import ReceiverTelemetry
from salesloft_webhooks.telemetry.salesloft_telemetry import SalesloftTelemetry
from salesloft_webhooks.telemetry.tracing import configure_tracing
from salesloft_webhooks.telemetry.warehouse_telemetry import CompactionTelemetry, WarehouseTelemetry
from salesloft_webhooks.telemetry.worker_telemetry import WorkerTelemetry

__all__ = [
    "AlertDelivery",
    "AlertKind",
    "AlertTelemetry",
    "AttemptSpan",
    "BackfillState",
    "BackfillTelemetry",
    "BatchTelemetry",
    "CompactionTelemetry",
    "ConsoleTelemetry",
    "CrmQuota",
    "DeliverySpan",
    "Found",
    "LinkSwapOutcome",
    "LinkSwapReason",
    "LinkSwapTelemetry",
    "Logger",
    "OperatorTelemetry",
    "ReceiverTelemetry",
    "ReconcileResult",
    "SalesloftTelemetry",
    "SubscriptionChange",
    "WarehouseTelemetry",
    "WatchEnd",
    "WorkerTelemetry",
    "configure_logging",
    "configure_tracing",
    "get_logger",
    "render_metrics",
]
