"""What is told of a round: events on the object, and figures."""

from collections.abc import Sequence
from datetime import UTC, datetime

from salesloft_webhooks.operator.cluster import Cluster
from salesloft_webhooks.operator.objects import SubscriptionObject
from salesloft_webhooks.operator.subscription_conditions import named
from salesloft_webhooks.operator.subscription_status import SubscriptionStatus
from salesloft_webhooks.operator.times import unix_seconds
from salesloft_webhooks.subscriptions import Create, Desired, Enable, Phase, Round, SigningKey, Step
from salesloft_webhooks.telemetry import OperatorTelemetry, SubscriptionChange

_REASONS = {
    SubscriptionChange.CREATED: "Created",
    SubscriptionChange.ENABLED: "ReEnabled",
    SubscriptionChange.DELETED: "Deleted",
}


class News:
    """Tells it.

    Args:
        cluster: Where events are written.
        telemetry: Where figures go.
    """

    def __init__(self, cluster: Cluster, telemetry: OperatorTelemetry) -> None:
        self._cluster, self._telemetry = cluster, telemetry

    async def changed(self, of: SubscriptionObject, done: Sequence[Step]) -> None:
        """Steps that SalesLoft has confirmed."""
        for change, reason in _REASONS.items():
            steps = [step for step in done if _change(step) is change]
            for step in steps:
                self._telemetry.changed(of.metadata.name, change, step.event)
            if steps:
                words = ", ".join(_words(step) for step in steps)
                # That SalesLoft has switched us off is news which somebody should read.
                kind = "Warning" if change is SubscriptionChange.ENABLED else "Normal"
                await self._cluster.record_event(of, kind, reason, f"{reason} {len(steps)} at SalesLoft: {words}")

    async def warned(self, of: SubscriptionObject, reason: str, words: str) -> None:
        """Something that somebody has to look at."""
        await self._cluster.record_event(of, "Warning", reason, words)

    async def foreign(self, of: SubscriptionObject, before: SubscriptionStatus, after: SubscriptionStatus) -> None:
        """Subscriptions at our address that are not ours, if they are others than before."""
        if after.foreign and after.foreign != before.foreign:
            words = f"not ours, none of the keys gives their token: {named(after.foreign)}"
            await self.warned(of, "Conflicting", words)

    def seen(self, of: SubscriptionObject, desired: Desired, done: Round, status: SubscriptionStatus) -> None:
        """Figures of a round whose list was had."""
        self._telemetry.synced(
            of.metadata.name,
            desired=len(desired.routes),
            active=len(done.plan.active),
            disabled=sum(not each.enabled for each in status.subscriptions or ()),
            foreign=len(done.plan.foreign),
        )

    def trying(self, of: SubscriptionObject, status: SubscriptionStatus) -> None:
        """That SalesLoft is about to be asked."""
        self._telemetry.trying(of.metadata.name, _last_sync(status))

    def unseen(self, of: SubscriptionObject, status: SubscriptionStatus) -> None:
        """That there was no list."""
        self._telemetry.not_synced(of.metadata.name, _last_sync(status))

    def rotation(
        self, of: SubscriptionObject, status: SubscriptionStatus, keys: Sequence[SigningKey], *, managed: bool
    ) -> None:
        """How far the change of the key is; a single key that nothing else was signed with is no change.

        Args:
            of: Whose key.
            status: As it is to be written.
            keys: Those there are.
            managed: Whether the operator itself takes older keys away: then that is part of the change.
        """
        phase = status.rotation_phase or Phase.IDLE
        older = any(each.key != status.key for each in status.subscriptions or ())
        phases = (Phase.SPREADING, Phase.CREATING, Phase.DRAINING, *((Phase.RETIRING,) if managed else ()))
        under_way = phase in phases and (older or len(keys) > 1)
        since = _moment(status.key_seen_at) if under_way and status.key_seen_at else None
        self._telemetry.rotation(of.metadata.name, phase, since)


def _change(step: Step) -> SubscriptionChange:
    if isinstance(step, Create):
        return SubscriptionChange.CREATED
    return SubscriptionChange.ENABLED if isinstance(step, Enable) else SubscriptionChange.DELETED


def _words(step: Step) -> str:
    return step.event if isinstance(step, Create) else f"{step.event} ({step.id})"


def _last_sync(status: SubscriptionStatus) -> datetime | None:
    return None if status.last_sync_time is None else _moment(status.last_sync_time)


def _moment(written: str) -> datetime:
    return datetime.fromtimestamp(unix_seconds(written), UTC)
