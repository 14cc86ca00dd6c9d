"""Tokens in a file: for scripts, and for browsers where no proxy signs people in.

One a line, ``name:role[,role...]:sha256``, the last being the SHA-256 of the token in hex, so that the file gives
nobody a token. That is safe because tokens are long and random; a password would be found by trying.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request

from salesloft_webhooks.console.people import Person, Role
from salesloft_webhooks.console.refusals import NotSignedIn
from salesloft_webhooks.console.sign_in.watched_file import WatchedFile
from salesloft_webhooks.errors import ConfigurationError

SETTING = "CONSOLE_TOKENS_FILE"
_LINE = re.compile(r"(?P<name>[^:\s][^:]*):(?P<roles>[a-z, ]+):(?P<digest>[0-9a-f]{64})")

Tokens = Mapping[str, Person]
"""Whose token has which digest."""


def read_tokens(path: Path) -> Tokens:
    """What a file says; empty lines and those that begin with ``#`` say nothing.

    Raises:
        ConfigurationError: it cannot be read, or a line is none. The message has the line's number and nothing of it.
    """
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as exc:
        problem = f"the file cannot be read: {exc.strerror}"
    except UnicodeDecodeError:
        problem = "the file is not UTF-8"
    else:
        return dict(_token(number, line) for number, line in enumerate(lines, 1) if line.strip() and line[0] != "#")
    raise ConfigurationError(f"{SETTING}: {problem}")


def _token(number: int, line: str) -> tuple[str, Person]:
    match = _LINE.fullmatch(line.strip())
    names = {name.strip() for name in match["roles"].split(",")} if match else set()
    if not match or not names <= set(Role):
        raise ConfigurationError(f"{SETTING}: line {number} is not name:role,role:sha256 (roles: {', '.join(Role)})")
    return match["digest"], Person(match["name"].strip(), frozenset(map(Role, names)))


class TokenSignIn:
    """Whoever shows a token is whom the file says: as ``Bearer``, or as the password of a browser's own sign-in.

    Args:
        path: The file.

    Raises:
        ConfigurationError: it cannot be used.
    """

    challenge = 'Basic realm="salesloft-webhooks console", charset="UTF-8"'

    def __init__(self, path: Path) -> None:
        self._file = WatchedFile(SETTING, path, read_tokens)

    async def person(self, request: Request) -> Person:
        """See `SignIn`."""
        scheme, _, sent = _authorization(request)
        name, token = None, sent
        if scheme == "basic":
            name, token = _basic(sent)
        elif scheme != "bearer":
            raise NotSignedIn("A token is needed")
        person = self._file.content.get(sha256(token.encode()).hexdigest())
        if person is None or name not in {None, person.name}:
            raise NotSignedIn("This token is not known")
        return person

    def carries_own_proof(self, request: Request) -> bool:
        """See `SignIn`: no browser adds a bearer's token by itself, while it repeats a password with every request."""
        return _authorization(request)[0] == "bearer"


def _authorization(request: Request) -> tuple[str, str, str]:
    sent = request.headers.getlist("authorization")
    scheme, blank, value = sent[0].partition(" ") if len(sent) == 1 else ("", "", "")
    return scheme.lower(), blank, value.strip()


def _basic(sent: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(sent, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return name, password
