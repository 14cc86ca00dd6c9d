"""Traces: configured by OpenTelemetry's own variables, and not even loaded when they are not set.

One trace tells one delivery's story across processes: the server span of the request, the span that publishes (its
W3C context is stored in the entry), and one span per attempt of each group, which is a child of the publishing span
*and* links to it. The link is what the messaging conventions require. The parent makes the sampling decision of the
receiver hold for the workers (ParentBased samplers do not look at links) and lets one query find the whole story.

Exceptions are recorded as their type and the code lines they passed, never with their message: a handler's error may
quote the event, and an event is personal data.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from salesloft_webhooks.startup_imports import collection_paused

if TYPE_CHECKING:
    from salesloft_webhooks.telemetry.tracing.sdk import Tracing

_active: list["Tracing"] = []


def active_tracing() -> "Tracing | None":
    """Makes the spans of this process, or None while tracing is off."""
    return _active[-1] if _active else None


@contextmanager
def configure_tracing(role: str) -> Iterator[None]:
    """Export spans for as long as the context lasts; leaving it flushes. Does nothing unless ``OTEL_*`` asks for it.

    On when ``OTEL_EXPORTER_OTLP_ENDPOINT``, ``OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`` or ``OTEL_TRACES_EXPORTER`` is set;
    off with ``OTEL_SDK_DISABLED=true`` or ``OTEL_TRACES_EXPORTER=none``. Protocol, headers, TLS, sampler, batching and
    resource attributes follow the OpenTelemetry specification's variables.

    Raises:
        ConfigurationError: if a variable asks for something this program does not have.
    """
    if not _wanted():
        yield
        return
    with collection_paused():
        from salesloft_webhooks.telemetry.tracing.sdk import Tracing  # noqa: PLC0415 - nobody should pay for it unasked

        tracing = Tracing.configured(role)
    _active.append(tracing)
    try:
        yield
    finally:
        _active.pop()
        tracing.shutdown()


def _wanted() -> bool:
    if os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    exporter = os.environ.get("OTEL_TRACES_EXPORTER", "").strip()
    if exporter == "none":
        return False
    names = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return bool(exporter) or any(os.environ.get(name) for name in names)
