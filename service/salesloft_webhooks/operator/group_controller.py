"""Consumer groups: one object for each, the pauses that are declared, and how each group stands.

One look does everything, every `LOOK_SECONDS`: list the objects, ask the store, create and remove objects of our own
(`created_groups`), carry out what is declared (`group_pauses`, `group_limits`), then write for each object how its
group is (`group_status`). Nothing is kept from one look to the next but when a status was last written, so whoever dies
anywhere is followed by a look that decides the same.

    ========================  ========================================================================================
    what is away              then
    ========================  ========================================================================================
    Kubernetes' API server    there is no list, so nothing is decided; pauses with an end do end, in the store
    the store                 no object is created or removed; conditions turn to `Unknown`, figures stay and say of
                              when they are
    both, or this process     pauses stay as they are
    ========================  ========================================================================================
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from msgspec import Struct

from salesloft_webhooks.broker import Store
from salesloft_webhooks.errors import StoreError
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.controller import Reconciliation
from salesloft_webhooks.operator.created_groups import GONE_SECONDS, CreatedGroups, GroupObjects
from salesloft_webhooks.operator.group_declaration import Declaration, believed, declaration
from salesloft_webhooks.operator.group_limits import DeclaredLimits
from salesloft_webhooks.operator.group_look import GroupLook, look_at_groups
from salesloft_webhooks.operator.group_pauses import GroupPauses, PauseOutcome
from salesloft_webhooks.operator.group_status import differs, group_status
from salesloft_webhooks.operator.group_view import GroupState, GroupView
from salesloft_webhooks.operator.objects import GroupObject
from salesloft_webhooks.operator.pause_events import DECLARATION, PAUSED_AGAIN, pause_event
from salesloft_webhooks.operator.times import seconds_time
from salesloft_webhooks.telemetry import OperatorTelemetry, ReconcileResult, get_logger

LOOK_SECONDS = 5.0
"""How often everything is looked at: its loop's `resync_seconds`."""
WRITE_SECONDS = 15.0
"""A status is written as rarely, unless its `spec` has changed: somebody waits for that."""

log = get_logger(__name__)


class GroupCluster(GroupObjects, Protocol):
    """Kubernetes, as far as groups need it."""

    @property
    def namespace(self) -> str:
        """Where the objects are."""

    async def list_groups(self) -> Sequence[GroupObject]:
        """All objects."""

    async def patch_status(self, of: GroupObject, status: Mapping[str, Any]) -> GroupObject:
        """Write a status."""

    async def record_event(self, about: GroupObject, kind: str, reason: str, note: str) -> None:
        """Say what has happened."""


class _Found(Struct, frozen=True):
    """What a look has found and done.

    Attributes:
        look: What the store has said; None: it could not be asked.
        names: By group, the object that speaks for it.
        outcomes: By group, how its pause is.
    """

    look: GroupLook | None = None
    names: Mapping[str, str] = {}
    outcomes: Mapping[str, PauseOutcome] = {}


class GroupController:
    """Does it.

    Args:
        cluster: Where the objects are.
        store: Where the groups are.
        may_act: Whether this process works.
        telemetry: Who is told.
        write_seconds: See `WRITE_SECONDS`.
        gone_seconds: See `created_groups`.
        clock: Monotonic seconds.

    Attributes:
        kind: `ConsumerGroup`.
    """

    kind = Kind.GROUP

    def __init__(
        self,
        cluster: GroupCluster,
        store: Store,
        may_act: Callable[[], bool],
        telemetry: OperatorTelemetry,
        *,
        write_seconds: float = WRITE_SECONDS,
        gone_seconds: float = GONE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._store, self._clock, self._write_seconds = cluster, store, clock, write_seconds
        self._telemetry = telemetry
        self._created = CreatedGroups(cluster, may_act, gone_seconds=gone_seconds, clock=clock)
        self._pauses = GroupPauses(store, cluster.namespace, may_act)
        self._limits = DeclaredLimits(store, cluster.namespace, may_act)
        self._found, self._unavailable = _Found(), ""
        self._written: dict[str, float] = {}
        self._set_anew: set[str] = set()

    def secrets(self, _objects: Sequence[GroupObject]) -> Collection[str]:
        """Groups depend on none."""
        return ()

    async def list(self) -> Sequence[GroupObject]:
        """All objects, after everything but their status has been done.

        Raises:
            ClusterError: they cannot be had, or one could not be created.
        """
        objects = list(await self._cluster.list_groups())
        self._found = _Found()
        try:
            look = await look_at_groups(self._store)
            objects = await self._created.keep(objects, look.registered)
            chosen = believed(objects)
            declared = {group: declaration(each) for group, each in chosen.items()}
            outcomes = await self._pauses.carry_out(look.pauses, declared)
            await self._limits.carry_out(look.limits, look.handler_limits, declared)
        except StoreError as exc:
            self._store_is(str(exc))
            return objects
        self._store_is("")
        names = {group: each.metadata.name for group, each in chosen.items()}
        self._found = _Found(look, names, outcomes)
        self._set_anew |= {group for group, outcome in outcomes.items() if outcome.set_anew}
        there = {each.metadata.uid for each in objects}
        self._written = {uid: at for uid, at in self._written.items() if uid in there}
        return objects

    def _store_is(self, unavailable: str) -> None:
        """Note why the store cannot be asked; empty: it can. Logged when it changes, not at every look."""
        if unavailable and unavailable != self._unavailable:
            log.warning("operator.store_unavailable", error=unavailable)
        elif self._unavailable and not unavailable:
            log.info("operator.store_available")
        self._unavailable = unavailable

    async def reconcile(self, each: GroupObject) -> Reconciliation:
        """Write how a group is, if that says something new.

        Raises:
            ClusterError: it could not be written.
        """
        view, group = self._view(each), declaration(each).group
        if view.state is GroupState.PRESENT and group in self._set_anew:
            self._set_anew.discard(group)
            if each.status.get("pausedBy") == DECLARATION and not _changed(each):
                await self._cluster.record_event(each, *PAUSED_AGAIN)
        status = group_status(each, view)
        if self._may_be_written(each) and differs(each.status, status, view.at):
            if event := pause_event(each.status, status, view):
                await self._cluster.record_event(each, *event)
            await self._cluster.patch_status(each, status)
            self._telemetry.status_written(self.kind)
            self._written[each.metadata.uid] = self._clock()
        return self._reconciliation(view, group)

    def _may_be_written(self, each: GroupObject) -> bool:
        written = self._written.get(each.metadata.uid)
        return written is None or _changed(each) or self._clock() - written >= self._write_seconds

    def _view(self, each: GroupObject) -> GroupView:
        """What is known of an object's group."""
        look, said = self._found.look, declaration(each)
        if look is None:
            return GroupView(state=GroupState.UNKNOWN, at=time.time())
        state, message = self._state(each, said, look)
        stats = look.stats.get(said.group)
        pause = self._found.outcomes.get(said.group, PauseOutcome()).pause
        over = said.pause.until_ms if said.pause and said.pause.over(round(look.at * 1_000)) else None
        ended = "" if over is None else seconds_time(over / 1_000)
        return GroupView(
            state=state,
            at=look.at,
            stats=stats,
            pause=pause,
            message=message,
            over=ended,
            limited_by="; ".join(look.limits[said.group].lines) if said.group in look.limits else "",
            handler_limits=tuple(look.handler_limits.get(said.group, ())),
        )

    def _state(self, each: GroupObject, said: Declaration, look: GroupLook) -> tuple[GroupState, str]:
        """Whether an object speaks for a group, and if not, why."""
        group, name = said.group, self._found.names.get(said.group, "")
        if said.unreadable:
            return GroupState.UNREADABLE, said.unreadable
        if group not in look.registered:
            dead = look.stats[group].dead if group in look.stats else 0
            kept = f"; dead letters of one that was removed: {dead}" if dead else ""
            return GroupState.ABSENT, f"there is no group {group}: its workers register it when they start{kept}"
        if name != each.metadata.name:
            return GroupState.ELSEWHERE, f"{name} speaks for the group {group}" if name else "it is being deleted"
        return GroupState.PRESENT, ""

    def _reconciliation(self, view: GroupView, group: str) -> Reconciliation:
        if view.state is GroupState.UNKNOWN:
            return Reconciliation(ReconcileResult.FAILED, reason=view.state)
        if view.state is not GroupState.PRESENT:
            return Reconciliation(ReconcileResult.BLOCKED, reason=view.state)
        complete = self._found.outcomes.get(group, PauseOutcome()).complete
        return Reconciliation(ReconcileResult.SETTLED if complete else ReconcileResult.PROGRESSING)


def _changed(each: GroupObject) -> bool:
    """Whether something else is declared than what the status is about."""
    return each.status.get("observedGeneration") != each.metadata.generation
