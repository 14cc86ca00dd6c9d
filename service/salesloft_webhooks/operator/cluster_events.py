"""Events on our objects: what `kubectl describe` shows of what has happened.

An event is news, nothing that anything depends on: one that cannot be written is dropped. The same news of the same
object is one event with a count, at most every `AGAIN_SECONDS`, so that a failure in every round does not fill etcd.
"""

import hashlib
import time
from collections.abc import Callable
from typing import Any

from lightkube import AsyncClient
from lightkube.types import PatchType

from salesloft_webhooks.errors import ClusterConflict, ClusterError
from salesloft_webhooks.operator.api_group import API_VERSION, MANAGER, Kind
from salesloft_webhooks.operator.cluster_errors import cluster_errors
from salesloft_webhooks.operator.cluster_resources import Events
from salesloft_webhooks.operator.objects import Owner, SubscriptionObject
from salesloft_webhooks.operator.times import micro_time
from salesloft_webhooks.telemetry import get_logger

AGAIN_SECONDS = 300.0
MOST_REMEMBERED = 1_000
LONGEST_NOTE = 1024
"""In bytes: the server counts no characters, whatever it says."""

log = get_logger(__name__)


class EventRecorder:
    """Writes events.

    Args:
        client: The way to the server.
        namespace: Where our objects are.
        instance: Which process reports.
        clock: Monotonic seconds.
    """

    def __init__(
        self, client: AsyncClient, namespace: str, instance: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._namespace, self._instance, self._clock = client, namespace, instance, clock
        self._written: dict[str, tuple[int, float]] = {}

    async def record(self, about: Owner, kind: str, reason: str, note: str) -> None:
        """Write an event, or count it once more.

        Args:
            about: The object.
            kind: ``Normal`` or ``Warning``.
            reason: What has happened, in one word.
            note: What has happened, for people; cut to `LONGEST_NOTE`.
        """
        note = note.encode()[:LONGEST_NOTE].decode(errors="ignore")
        name = _name(about, kind, reason, note)
        count, at = self._written.get(name, (0, 0.0))
        if count and self._clock() - at < AGAIN_SECONDS:
            return
        if len(self._written) >= MOST_REMEMBERED:
            self._written.clear()
        self._written[name] = (count + 1, self._clock())
        try:
            if count == 0 and await self._create(name, about, kind, reason, note):
                return
            await self._count(name, max(count + 1, 2))
        except ClusterError as exc:
            self._written.pop(name, None)
            log.warning("operator.event_lost", object=about.metadata.name, reason=reason, error=str(exc))

    async def _create(self, name: str, about: Owner, kind: str, reason: str, note: str) -> bool:
        """Whether there was none of this name."""
        event: Events = Events.from_dict(
            {
                "metadata": {"name": name, "namespace": self._namespace},
                "eventTime": micro_time(),
                "reportingController": f"{API_VERSION.partition('/')[0]}/{MANAGER}",
                "reportingInstance": self._instance[:128],
                "action": "Reconcile",
                "reason": reason,
                "type": kind,
                "note": note,
                "regarding": _reference(about, self._namespace),
            }
        )
        try:
            with cluster_errors("write an event"):
                await self._client.create(event)
        except ClusterConflict:
            return False
        return True

    async def _count(self, name: str, count: int) -> None:
        change = {"series": {"count": count, "lastObservedTime": micro_time()}}
        with cluster_errors("count an event"):
            await self._client.patch(
                Events, name, change, namespace=self._namespace, patch_type=PatchType.MERGE, field_manager=MANAGER
            )


def _name(about: Owner, kind: str, reason: str, note: str) -> str:
    text = f"{about.metadata.uid}\0{kind}\0{reason}\0{note}"
    return f"{about.metadata.name[:200].rstrip('-.')}.{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _reference(about: Owner, namespace: str) -> dict[str, Any]:
    kind = Kind.SUBSCRIPTION if isinstance(about, SubscriptionObject) else Kind.GROUP
    return {
        "apiVersion": API_VERSION,
        "kind": str(kind),
        "namespace": namespace,
        "name": about.metadata.name,
        "uid": about.metadata.uid,
        "resourceVersion": about.metadata.resource_version,
    }
