"""Carries the declared pauses to the store, and takes back those that are declared no more (`declared_pause`)."""

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.stored_pause import FoundPause, Pause, StoredPause, replace_pause
from salesloft_webhooks.operator.declared_pause import DeclaredPause, pause_to_be
from salesloft_webhooks.operator.group_declaration import Declaration
from salesloft_webhooks.telemetry import get_logger

log = get_logger(__name__)


class PauseOutcome(Struct, frozen=True):
    """How a group's pause is after a look.

    Attributes:
        pause: Of all partitions together.
        set_anew: It was missing somewhere, and was set.
        complete: Every partition has what it is to have; else somebody was faster, which the next look sees.
    """

    pause: StoredPause = StoredPause()
    set_anew: bool = False
    complete: bool = True


class GroupPauses:
    """The pauses of all groups.

    Args:
        store: Where they stand.
        namespace: Whose declarations are ours.
        may_act: Whether this process works; asked before each change.
    """

    def __init__(self, store: Store, namespace: str, may_act: Callable[[], bool]) -> None:
        self._store, self._namespace, self._may_act = store, namespace, may_act

    async def carry_out(
        self, found: Mapping[str, Sequence[FoundPause]], declared: Mapping[str, Declaration]
    ) -> dict[str, PauseOutcome]:
        """Let each group have the pause it is to have.

        Args:
            found: The pauses there are: of every registered group, one for each partition.
            declared: What is declared, by group. What cannot be read changes nothing.

        Returns:
            By group, how it is now.

        Raises:
            StoreError: some may be carried out; look again, and repeat it.
        """
        outcomes = {}
        for group, partitions in found.items():
            said = declared.get(group)
            if said is not None and said.unreadable:
                outcomes[group] = PauseOutcome(one_pause([each.pause for each in partitions]))
            else:
                outcomes[group] = await self._of_group(group, partitions, said.pause if said else None)
        return outcomes

    async def _of_group(self, group: str, found: Sequence[FoundPause], declared: DeclaredPause | None) -> PauseOutcome:
        pauses, missing, complete = [], False, True
        for each in found:
            wanted = pause_to_be(each.pause, declared, namespace=self._namespace, now_ms=each.now_ms)
            done = wanted == each.pause or await self._replace(group, each, wanted)
            missing = missing or (done and wanted != each.pause and each.pause.kind in {Pause.NONE, Pause.BREAKER})
            complete = complete and done
            pauses.append(wanted if done else each.pause)
        return PauseOutcome(one_pause(pauses), missing, complete)

    async def _replace(self, group: str, found: FoundPause, wanted: StoredPause) -> bool:
        if not self._may_act() or not await replace_pause(self._store, group, found, wanted):
            return False
        before, partition = found.pause.kind, found.partition
        log.info("group.pause_changed", group=group, partition=partition, before=before, now=wanted.kind)
        return True


def one_pause(pauses: Sequence[StoredPause]) -> StoredPause:
    """The pause of all partitions together: a declared one says most, one by hand more than a breaker's."""
    ranks = (Pause.DECLARED, Pause.MANUAL, Pause.BREAKER, Pause.NONE)
    return min(pauses, key=lambda pause: ranks.index(pause.kind), default=StoredPause())
