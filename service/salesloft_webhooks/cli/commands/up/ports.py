"""Places to listen: free ones, and what to say about those that are not."""

import errno
from importlib.util import find_spec

from salesloft_webhooks.cli.commands.up.process_lookup import listeners
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.listening import listen
from salesloft_webhooks.settings import Settings

CONSOLE_PORT = int(Settings.model_fields["console_port"].default)


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on at the moment."""
    with listen(host, 0) as probe:
        port: int = probe.getsockname()[1]
        return port


def choose_console_port(host: str, port: int | None) -> int | None:
    """The console's port; None without the libraries that its pages need.

    Raises:
        ConfigurationError: see `choose_port`; without a choice, any free one does when the usual one is taken.
    """
    if find_spec("jinja2") is None:
        return None
    if port is not None:
        return choose_port(host, port, purpose="the console", option="--console-port")
    try:
        with listen(host, CONSOLE_PORT):
            return CONSOLE_PORT
    except OSError:
        return free_port(host)


def choose_port(host: str, port: int, *, purpose: str, option: str) -> int:
    """The port to use: ``port`` when it is free, any free one for 0.

    Raises:
        ConfigurationError: it is taken; says by whom, where that can be known, and what to do.
    """
    if port == 0:
        return free_port(host)
    try:
        with listen(host, port):
            return port
    except OSError as exc:
        problem = f"cannot be listened on at {host}: {exc.strerror}"
        if exc.errno == errno.EADDRINUSE:
            by = ", ".join(listeners(port))
            problem = f"is taken{f' by {by}' if by else ''}"
    raise ConfigurationError(f"port {port} ({purpose}) {problem}; choose another one with {option} (0: any free one)")
