"""Carries the declared limits to the store, and takes back those that are declared no more.

Nothing is remembered for it: who declares a limit stands beside it in the store, so what was declared and is no more is
seen to be gone by the next look, whoever takes it. Limits by hand come before declared ones, and stay.
"""

from collections.abc import Callable, Mapping

from salesloft_webhooks.broker import Store
from salesloft_webhooks.broker.administration.limiting import StoredLimits
from salesloft_webhooks.broker.group_limits import set_limits
from salesloft_webhooks.limits import SaidLimits
from salesloft_webhooks.operator.group_declaration import Declaration
from salesloft_webhooks.telemetry import get_logger

log = get_logger(__name__)
SOURCE = "declared"
NOTHING = SaidLimits()


class DeclaredLimits:
    """The limits of all groups.

    Args:
        store: Where they stand.
        namespace: Whose declarations are ours.
        may_act: Whether this process works; asked before each change.
    """

    def __init__(self, store: Store, namespace: str, may_act: Callable[[], bool]) -> None:
        self._store, self._namespace, self._may_act = store, namespace, may_act

    async def carry_out(self, found: Mapping[str, StoredLimits], declared: Mapping[str, Declaration]) -> None:
        """Let each group be limited as is declared.

        Args:
            found: What limits every registered group.
            declared: What is declared, by group. What cannot be read changes nothing.

        Raises:
            StoreError: some may be carried out; look again, and repeat it.
        """
        for group, stored in found.items():
            said = declared.get(group)
            if said is not None and said.unreadable:
                continue
            before, wanted = stored.said.get(SOURCE, NOTHING), said.limits if said else NOTHING
            ours = before.by.partition("/")[0] == self._namespace
            # What another namespace declares stays, or two operators would overrule each other for ever.
            if wanted == before or (before.words and not ours) or not self._may_act():
                continue
            in_force = await set_limits(self._store, group, SOURCE, wanted)
            log.info("group.limits_changed", group=group, declared=wanted.text, now=in_force.limits.text)
