"""Who has which roles: a file with names, each of which counts only if it is exactly the one that was proven.

    people:
      robin@example.com: [view, reveal, operate]
    groups:
      sales-operations: [view, operate]
    everybody: [view]

There are no patterns: in another program an unanchored one let in whoever registered a fitting domain (CVE-2022-30034).
"""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from salesloft_webhooks.configuration_files import load_file
from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotAllowed

SETTING = "CONSOLE_ROLES_FILE"


class RoleFile(BaseModel):
    """What the file says.

    Attributes:
        people: Roles by e-mail address, or by what else the sign-in calls somebody.
        groups: Roles by group.
        everybody: Roles of whoever has signed in.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    people: dict[str, frozenset[Role]] = Field(default_factory=dict)
    groups: dict[str, frozenset[Role]] = Field(default_factory=dict)
    everybody: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as was proven.

    Attributes:
        name: Their e-mail address; without one, what the sign-in calls them.
        groups: Those they are in.
    """

    name: str
    groups: frozenset[str] = frozenset()


def read_role_file(path: Path) -> RoleFile:
    """What a file says.

    Raises:
        ConfigurationError: it cannot be read, or is not one.
    """
    return load_file(SETTING, path, RoleFile)


def person_of(identity: Identity, roles: RoleFile) -> Person:
    """Somebody, with their roles.

    Raises:
        NotAllowed: they have none.
    """
    given = roles.everybody | roles.people.get(identity.name, frozenset())
    for group in identity.groups:
        given |= roles.groups.get(group, frozenset())
    person = Person(identity.name, given)
    if not given:
        raise NotAllowed(person, None, identity.groups)
    return person
