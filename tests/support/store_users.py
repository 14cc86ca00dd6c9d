"""A user of Redis for each role, as `salesloft-webhooks acl` describes it, on every server that a test starts."""

import re

from salesloft_webhooks.broker.rights import Role, acl_words

PLAIN = re.compile(r"redis://(?=127\.0\.0\.1:)")
"""An address of a server of the tests, without a login."""


def password(role: Role) -> str:
    """Of a role's user."""
    return f"password-of-{role}"


def user_words(role: Role, *, cluster: bool) -> list[str]:
    """A role's user, as a server's configuration has it."""
    return [str(role), "on", f">{password(role)}", *acl_words(role, cluster=cluster)]


def as_role(url: str, role: Role) -> str:
    """An address with a role's login, if it has none and is that of a server of the tests."""
    return PLAIN.sub(f"redis://{role}:{password(role)}@", url)
