"""Keeps one `ConsumerGroup` for every registered group, so that all can be seen; somebody's own is as good.

    ==============================  ==================================================================================
    an object of a group            then
    ==============================  ==================================================================================
    none                            one is created
    is being deleted                nothing; a new one comes when it is gone
    created, another is declared    the created one goes
    created, the group is gone      it goes, once the group has been gone for `GONE_SECONDS`: a store that comes back
                                    empty has its groups again when their workers register
    declared, the group is gone     it stays: `group_conditions` says so
    ==============================  ==================================================================================

A created object in which somebody declares anything is theirs from then on (`declares_nothing`).
"""

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from salesloft_webhooks.errors import ClusterConflict, ClusterForbidden, ClusterNotFound, ClusterRefused
from salesloft_webhooks.operator.api_group import CREATED_BY, OPERATOR
from salesloft_webhooks.operator.group_declaration import believed, declaration, declares_nothing, free_name
from salesloft_webhooks.operator.objects import GroupObject
from salesloft_webhooks.telemetry import get_logger

GONE_SECONDS = 30.0

log = get_logger(__name__)


class GroupObjects(Protocol):
    """Where the objects are."""

    async def create_group(self, name: str, spec: dict[str, str], labels: dict[str, str]) -> GroupObject:
        """A new one."""

    async def delete_group(self, group: GroupObject) -> None:
        """Remove one, if it is as it was read."""


class CreatedGroups:
    """The objects that nobody has declared.

    Args:
        cluster: Where they are.
        may_act: Whether this process works; asked before each change.
        gone_seconds: See the module.
        clock: Monotonic seconds.
    """

    def __init__(
        self,
        cluster: GroupObjects,
        may_act: Callable[[], bool],
        *,
        gone_seconds: float = GONE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster, self._may_act, self._clock, self._gone_seconds = cluster, may_act, clock, gone_seconds
        self._gone_since: dict[str, float] = {}

    async def keep(self, objects: Sequence[GroupObject], registered: Iterable[str]) -> list[GroupObject]:
        """Create what is missing, remove what is superfluous.

        Args:
            objects: All there are.
            registered: The groups there are, as the store has just said.

        Returns:
            All objects after it.

        Raises:
            ClusterUnavailable: some may be created; list them, and repeat it.
        """
        groups = set(registered)
        superfluous = self._superfluous(objects, groups)
        kept = [each for each in objects if each.metadata.name not in superfluous or not await self._delete(each)]
        missing = groups - {declaration(each).group for each in kept}
        for group in sorted(missing):
            if made := await self._create(group, kept):
                kept.append(made)
        return kept

    def _superfluous(self, objects: Sequence[GroupObject], groups: set[str]) -> set[str]:
        """Names of the created objects that are to go now."""
        now, chosen, names, gone = self._clock(), believed(objects), set(), {}
        for each in objects:
            if not declares_nothing(each) or each.metadata.deletion_timestamp:
                continue
            group = declaration(each).group
            if group not in groups:
                gone[group] = self._gone_since.get(group, now)
            long_gone = group in gone and now - gone[group] >= self._gone_seconds
            if long_gone or chosen[group] is not each:
                names.add(each.metadata.name)
        self._gone_since = gone
        return names

    async def _create(self, group: str, objects: Sequence[GroupObject]) -> GroupObject | None:
        name = free_name(group, {each.metadata.name: each for each in objects})
        if not self._may_act():
            return None
        try:
            return await self._cluster.create_group(
                name, {} if name == group else {"group": group}, {CREATED_BY: OPERATOR}
            )
        except (ClusterConflict, ClusterForbidden, ClusterRefused) as exc:  # the others go on
            log.warning("group.not_created", group=group, error=str(exc))
            return None

    async def _delete(self, each: GroupObject) -> bool:
        if not self._may_act():
            return False
        try:
            await self._cluster.delete_group(each)
        except ClusterNotFound:
            return True
        except (ClusterConflict, ClusterForbidden) as exc:
            log.warning("group.not_deleted", object=each.metadata.name, error=str(exc))
            return False
        return True
