"""Carries the declared limits to the store, and takes back those that are declared no more.

Nothing is remembered for it: who declares a limit stands beside it in the store, so what was declared and is no more is
seen to be gone by the next look, whoever takes it. Limits by hand come before declared ones, and stay.
"""

from collections.abc import Callable, Mapping, Sequence

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.handler_limiting import HandlerLimit, declare_handler_limits
from salesloft_webhooks.broker.administration.limiting import StoredLimits
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.operator.group_declaration import Declaration
from salesloft_webhooks.telemetry import get_logger

log = get_logger(__name__)
SOURCE = "declared"
NOTHING = SaidLimits()


class DeclaredLimits:
    """The limits of all groups, and of their handlers.

    Args:
        store: Where they stand.
        namespace: Whose declarations are ours.
        may_act: Whether this process works; asked before each change.
    """

    def __init__(self, store: Store, namespace: str, may_act: Callable[[], bool]) -> None:
        self._store, self._namespace, self._may_act = store, namespace, may_act

    async def carry_out(
        self,
        groups: Mapping[str, StoredLimits],
        handlers: Mapping[str, Sequence[HandlerLimit]],
        declared: Mapping[str, Declaration],
    ) -> None:
        """Let each group, and each of its handlers, be limited as is declared.

        Args:
            groups: What limits every registered group.
            handlers: What limits the handlers of each.
            declared: What is declared, by group. What cannot be read changes nothing.

        Raises:
            StoreError: some may be carried out; look again, and repeat it.
        """
        for group, stored in groups.items():
            said = declared.get(group)
            if said is not None and said.unreadable:
                continue
            await self._limit_group(group, stored.said.get(SOURCE, NOTHING), said.limits if said else NOTHING)
            before = {each.handler: each.declared for each in handlers.get(group, ())}
            await self._limit_handlers(group, before, said.handler_limits if said else {})

    def _changes(self, before: SaidLimits, wanted: SaidLimits) -> bool:
        """Whether what stands in the store is ours to change, and another."""
        # What another namespace declares stays, or two operators would overrule each other for ever.
        ours = not before.words or before.by.partition("/")[0] == self._namespace
        return ours and wanted != before

    async def _limit_group(self, group: str, before: SaidLimits, wanted: SaidLimits) -> None:
        if not self._changes(before, wanted) or not self._may_act():
            return
        in_force = await set_limits(self._store, group, SOURCE, wanted)
        log.info("group.limits_changed", group=group, declared=wanted.text, now=in_force.limits.text)

    async def _limit_handlers(
        self, group: str, before: Mapping[str, SaidLimits], declared: Mapping[str, SaidLimits]
    ) -> None:
        changed = {
            name: declared.get(name, NOTHING)
            for name in sorted({*before, *declared})
            if self._changes(before.get(name, NOTHING), declared.get(name, NOTHING))
        }
        if not changed or not self._may_act():
            return
        await declare_handler_limits(self._store, group, changed)
        for name, wanted in changed.items():
            log.info("group.handler_limits_changed", group=group, handler=name, declared=wanted.text)
