"""Who asks, and what they may do."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """What somebody may do. None includes another one: an operator need not see names."""

    VIEW = "view"
    """Look at everything, with personal data masked."""
    REVEAL = "reveal"
    """See the personal data of one event at a time, which is written down."""
    OPERATE = "operate"
    """Pause, redrive, replay, reprocess, have a follow-up run: what can be done again."""
    DESTROY = "destroy"
    """Discard, remove, erase, cancel follow-ups: what cannot."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who has signed in.

    Attributes:
        name: As the sign-in knows it; what the audit says.
        roles: What they may do.
    """

    name: str
    roles: frozenset[Role]

    def may(self, role: Role) -> bool:
        """Whether they may do what needs this role."""
        return role in self.roles
