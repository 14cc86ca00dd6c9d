"""Whether changes may be made: what is asked, and what is refused."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from salesloft_webhooks.cli.commands.subscriptions.drift import show_rows
from salesloft_webhooks.cli.commands.subscriptions.rows import Row, step_row
from salesloft_webhooks.cli.console import confirm
from salesloft_webhooks.cli.failures import fail

if TYPE_CHECKING:
    from salesloft_webhooks.cli.commands.subscriptions.session import Look

LOSSES = frozenset({"unwanted", "foreign"})
"""Why a deletion ends deliveries. Others delete what something else delivers as well."""


def losses(changes: list[Row]) -> list[Row]:
    """Deletions after which something is not delivered any more."""
    return [row for row in changes if row.why in LOSSES]


@dataclass(slots=True)
class Consent:
    """Asks once for each change.

    Attributes:
        yes: Do not ask.
        allow_deletes: Do not refuse that more goes than comes.
        shown: Show a table with the question.
    """

    yes: bool
    allow_deletes: bool
    shown: bool
    _agreed: set[Row] = field(default_factory=set)

    def ask(self, look: "Look") -> None:
        """Ask for what nobody has agreed to yet; ends the command without consent."""
        changes = [step_row(step, look.keys) for step in look.round.plan.steps]
        if self._agreed.issuperset(changes):
            return
        going, coming = len(losses(changes)), sum(row.action == "create" for row in changes)
        if going > coming and not self.allow_deletes:
            fail(
                f"{going} subscription(s) would be deleted and {coming} created, which looks like a mistake in the "
                "file: `subscriptions plan` shows them, --allow-deletes does it"
            )
        if self.shown and not self.yes:
            show_rows(changes)
        confirm(f"Make {len(changes)} change(s) at SalesLoft?", yes=self.yes)
        self._agreed.update(changes)
