"""How to log in: a fixed password, or one from a file that changes, as tokens of cloud services do."""

from pathlib import Path

from redis.credentials import CredentialProvider

from salesloft_webhooks.secret_file import SecretFile


class Credentials(CredentialProvider):
    """A user's name and password; asked by every connection when it is made, and before it is used again.

    Attributes:
        number: Rises whenever the password has become another one.

    Args:
        username: None: the server's default user.
        password: None: none, unless there is a file.
        file: The file that holds the password instead; a line break at its end is not part of it.
        setting: The file's setting, for messages.

    Raises:
        ConfigurationError: the file cannot be read or is empty. Later that only means that the password stays.
    """

    def __init__(
        self, username: str | None, password: str | None, *, file: Path | None = None, setting: str = ""
    ) -> None:
        self._username = username
        self._file = SecretFile(setting, file, "password") if file else None
        self._password = self._file.value if self._file else password or ""
        self._previous = self._password
        self._falling_back = False
        self.number = 0

    def refresh(self, *, now: bool = False) -> int:
        """Read the file again if it changed, once a second at most unless ``now``; returns `number`."""
        if self._file is not None and self._file.refresh(now=now):
            self.number += 1
            self._previous, self._password, self._falling_back = self._password, self._file.value, False
        return self.number

    def refused(self) -> None:
        """The server did not take what `get_credentials` gave: the next connection tries the other of the last two.

        The file may change before the server does, and nobody should be shut out meanwhile.
        """
        self._falling_back = not self._falling_back and self._previous != self._password

    @property
    def newest(self) -> tuple[str] | tuple[str, str]:
        """What AUTH takes, with the password as it stands in the file."""
        return self._with(self._password)

    @property
    def falling_back(self) -> bool:
        """Whether `get_credentials` gives the password before the newest."""
        return self._falling_back

    def _with(self, password: str) -> tuple[str] | tuple[str, str]:
        return (self._username, password) if self._username else (password,)

    def get_credentials(self) -> tuple[str] | tuple[str, str]:
        """What AUTH takes, for a new connection."""
        self.refresh(now=True)
        return self._with(self._previous if self._falling_back else self._password)

    async def get_credentials_async(self) -> tuple[str] | tuple[str, str]:
        """The same, for redis-py's asynchronous half. Reads a small file: nothing that would be worth a thread."""
        return self.get_credentials()
