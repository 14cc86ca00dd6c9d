"""`acl`: the users of Redis that the roles log in as."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from salesloft_webhooks.cli.console import show_json
from salesloft_webhooks.cli.options import AsJson
from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesloft_webhooks.broker.rights import Role


def acl(
    *,
    roles: Annotated[
        list[str] | None, typer.Argument(metavar="[ROLE]...", help="receiver, worker, console, ...; all by default.")
    ] = None,
    user_prefix: Annotated[str, typer.Option(help="Before each user's name: users are the server's, not ours.")] = "",
    passwords: Annotated[
        Path | None,
        typer.Option(help="Folder with a file for each role that holds its password: its SHA-256 stands in the lines."),
    ] = None,
    cluster: Annotated[bool, typer.Option(help="For a Redis Cluster.")] = False,
    sentinel: Annotated[bool, typer.Option(help="The user at Sentinels, which is one for all roles.")] = False,
    aclfile: Annotated[bool, typer.Option("--file", help="Lines of the server's aclfile.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the user of Redis for each role, with what that role uses and nothing else: docs/redis_users.md.

    Lines of ACL SETUSER, which leave passwords as they are. Keys are those of REDIS_KEY_PREFIX. Asks no server.
    """
    from salesloft_webhooks.broker.rights import SENTINEL, acl_words
    from salesloft_webhooks.settings import Settings

    prefix = Settings.load().redis_key_prefix
    wanted = [] if sentinel else _roles(roles)
    users = {f"{user_prefix}{role}": acl_words(role, prefix, cluster=cluster) for role in wanted}
    if sentinel:
        users[f"{user_prefix}sentinel"] = list(SENTINEL)
    lines = {
        name: " ".join([name, "on", *_hash(passwords, name.removeprefix(user_prefix)), *words])
        for name, words in users.items()
    }
    if as_json:
        show_json({"users": [{"user": name, "rules": line.split()[1:]} for name, line in lines.items()]})
        return
    for line in lines.values():
        print(f"{'user' if aclfile else 'ACL SETUSER'} {line}")


def _roles(names: "Iterable[str] | None") -> "list[Role]":
    from salesloft_webhooks.broker.rights import Role

    known = [str(role) for role in Role]
    for name in names or ():
        if name not in known:
            raise typer.BadParameter(f"{name!r} is none of {', '.join(known)}.")
    return [Role(name) for name in names or known]


def _hash(folder: Path | None, role: str) -> list[str]:
    """A password as an ACL takes it without showing it; nothing without a folder."""
    if folder is None:
        return []
    from hashlib import sha256

    from salesloft_webhooks.secret_file import SecretFile

    secret = SecretFile(f"--passwords: {role}", folder / role, "password").value
    if secret.split() != [secret]:
        raise ConfigurationError(f"--passwords: {role}: a password has no blanks")
    return ["resetpass", f"#{sha256(secret.encode()).hexdigest()}"]
