"""Looks after all objects of a kind: asks for everything, and brings each one nearer to what it declares.

    ==============================  =================================================================================
    when                            what
    ==============================  =================================================================================
    every `resync_seconds`          each object is reconciled, whether anything has changed or not
    a bell rings                    everything is listed; objects of which something else is wanted are reconciled
    a Secret's bell rings, or a     everything is listed, and each object is reconciled: what was missed meanwhile is
    watch begins anew               unknown
    an object asked for it          that object is reconciled
    ==============================  =================================================================================

Watches ring bells and do nothing else; there is no cache to be wrong. A watch that ends, fails or says nothing for five
minutes begins anew. What is done is decided on a list that was just asked for: while the API server is away nothing is
done at all, and what somebody else may be doing by now (`Leadership.may_act`) is left to them.
"""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from salesloft_webhooks.background import Background, cancellation_requested
from salesloft_webhooks.errors import ClusterConflict, ClusterError, SalesloftWebhooksError, error_type
from salesloft_webhooks.operator.api_group import Kind
from salesloft_webhooks.operator.cluster_watch import SILENCE_SECONDS
from salesloft_webhooks.operator.lease import Leadership
from salesloft_webhooks.operator.objects import Metadata
from salesloft_webhooks.telemetry import get_logger

PAUSE_SECONDS = 0.5
"""Between two lists at least: many bells in a row are one."""
SOON_SECONDS = 1.0
FIRST_BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 1.0, 30.0

log = get_logger(__name__)


class Reconciled(Protocol):
    """An object."""

    @property
    def metadata(self) -> Metadata:
        """See there."""


Ours = TypeVar("Ours", bound=Reconciled)


class Controller(Protocol[Ours]):
    """What is done for the objects of one kind.

    Attributes:
        kind: Which.
    """

    kind: Kind

    async def list(self) -> Sequence[Ours]:
        """All objects.

        Raises:
            ClusterError: they cannot be had.
        """

    async def reconcile(self, each: Ours) -> float | None:
        """Bring one nearer to what it declares.

        Returns:
            Seconds until it wants to be looked at again; None: whenever it is its turn.

        Raises:
            SalesloftWebhooksError: something stood in the way; it is tried again after a while.
        """

    def secrets(self, objects: Sequence[Ours]) -> Collection[str]:
        """Names of the Secrets that the objects depend on."""


class Watched(Protocol):
    """What is needed of `Cluster` for bells."""

    def changes(self, kind: Kind, name: str | None = None, silence_seconds: float = ...) -> AsyncGenerator[str]:
        """See `Cluster.changes`."""


@dataclass(slots=True)
class _Known:
    """An object as it was looked at last."""

    wishes: tuple[object, ...]
    due: float
    failures: int = 0


@dataclass(slots=True)
class Bell:
    """Rung by whoever sees that something has changed."""

    event: asyncio.Event = field(default_factory=asyncio.Event)
    everything: bool = True

    def ring(self, *, everything: bool) -> None:
        """Have everything listed; with ``everything``, have each object reconciled, too."""
        self.everything = self.everything or everything
        self.event.set()

    async def rung(self, seconds: float) -> None:
        """Wait for it, but no longer than that."""
        try:
            async with asyncio.timeout(seconds):
                await self.event.wait()
        except TimeoutError:
            return

    def heard(self) -> bool:
        """Whether each object is to be reconciled. From here on, what is rung belongs to the next look."""
        self.event.clear()
        everything, self.everything = self.everything, False
        return everything


class ControlLoop(Generic[Ours]):
    """Repeats it.

    Args:
        controller: What is done.
        cluster: Whose changes ring.
        leadership: Whether it may be done.
        resync_seconds: See above.
        silence_seconds: How long a watch may say nothing.
        clock: Monotonic seconds.

    Attributes:
        last_success: When everything was last listed, by the clock; None: never.
    """

    def __init__(
        self,
        controller: Controller[Ours],
        cluster: Watched,
        leadership: Leadership,
        *,
        resync_seconds: float,
        silence_seconds: float = SILENCE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.last_success: float | None = None
        self._controller, self._cluster, self._leadership = controller, cluster, leadership
        self._resync, self._silence, self._clock = resync_seconds, silence_seconds, clock
        self._known: dict[str, _Known] = {}
        self._bell = Bell()
        self._watches: dict[str | None, asyncio.Task[None]] = {}
        self._term = 0

    async def run(self) -> None:
        """Go on until cancelled."""
        async with Background() as background:
            self._watch(background, [])
            failures = 0
            while True:
                await self._new_term()
                try:
                    objects = await self._pass()
                except ClusterError as exc:
                    if cancellation_requested():
                        raise asyncio.CancelledError from exc
                    failures += 1
                    log.warning("operator.list_failed", kind=self._controller.kind, error=str(exc))
                    self._bell.ring(everything=False)
                    await asyncio.sleep(_backoff(failures))
                    continue
                failures = 0
                self._watch(background, self._controller.secrets(objects))
                await asyncio.sleep(PAUSE_SECONDS)
                await self._bell.rung(self._seconds_left())

    async def _new_term(self) -> None:
        """Wait until this process works; what another one has done meanwhile is unknown."""
        term = await self._leadership.granted()
        if term != self._term:
            self._term = term
            self._known.clear()

    async def _pass(self) -> Sequence[Ours]:
        """List everything, and reconcile what is due."""
        everything = self._bell.heard()
        try:
            objects = await self._controller.list()
        except ClusterError:
            self._bell.ring(everything=everything)
            raise
        self.last_success = self._clock()
        there = {each.metadata.uid for each in objects}
        self._known = {uid: known for uid, known in self._known.items() if uid in there}
        for each in objects:
            known = self._known.get(each.metadata.uid)
            wishes = each.metadata.wishes
            if everything or known is None or known.wishes != wishes or known.due <= self._clock():
                if not self._leadership.may_act():
                    self._bell.ring(everything=everything)
                    break
                await self._reconcile(each, known.failures if known else 0)
        return objects

    async def _reconcile(self, each: Ours, failures: int) -> None:
        seconds: float | None
        try:
            seconds, failures = await self._controller.reconcile(each), 0
        except ClusterConflict:  # somebody has written it meanwhile: what is wanted may be another thing by now
            seconds = SOON_SECONDS
        except Exception as exc:
            if cancellation_requested():
                raise asyncio.CancelledError from exc
            failures += 1
            seconds = _backoff(failures)
            known = isinstance(exc, SalesloftWebhooksError)  # else a mistake of ours, that must not end the others
            name, error = each.metadata.name, str(exc) if known else error_type(exc)
            log.warning("operator.reconcile_failed", object=name, error=error, exc_info=not known)
        due = self._clock() + min(self._resync if seconds is None else seconds, self._resync)
        self._known[each.metadata.uid] = _Known(each.metadata.wishes, due, failures)

    def _seconds_left(self) -> float:
        due = min((known.due for known in self._known.values()), default=self._clock() + self._resync)
        return max(due - self._clock(), 0.0)

    def _watch(self, background: Background, secrets: Collection[str]) -> None:
        """Have a watch on our kind, and on each of these Secrets, and on no other."""
        wanted = {None, *secrets}
        for name in self._watches.keys() - wanted:
            self._watches.pop(name).cancel()
        for name in wanted - self._watches.keys():
            self._watches[name] = background.start(self._listen(name), name=f"watch {name or self._controller.kind}")

    async def _listen(self, secret: str | None) -> None:
        """Ring for changes of our kind, or of a Secret."""
        kind, failures = (self._controller.kind, 0) if secret is None else (Kind.SECRET, 0)
        while True:
            try:
                async for _ in self._cluster.changes(kind, secret, self._silence):
                    failures = 0
                    self._bell.ring(everything=secret is not None)
                failures = 0
            except ClusterError as exc:
                if cancellation_requested():
                    raise asyncio.CancelledError from exc
                failures += 1
                log.debug("operator.watch_ended", kind=kind, error=str(exc))
            self._bell.ring(everything=True)
            await asyncio.sleep(_backoff(failures))


def _backoff(failures: int) -> float:
    return min(FIRST_BACKOFF_SECONDS * 2.0 ** min(max(failures - 1, 0), 10), LONGEST_BACKOFF_SECONDS)
