"""The command starts fast because it loads only what the command at hand needs."""

import subprocess
import sys

import pytest

HEAVY = (
    "redis",
    "sqlalchemy",
    "salesloft_webhooks.settings",
    "opentelemetry",
    "prometheus_client",
    "apprise",
    "httpx2",
    "aiohttp",
)


def imported(*arguments: str) -> set[str]:
    """The modules that a run of the command has loaded at its end."""
    program = (
        "import sys\n"
        "from salesloft_webhooks.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print('\\n' + ' '.join(sys.modules), file=sys.stderr)"
    )
    result = subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True, check=True)
    return set(result.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("arguments", [("--help",), ("version",), ("dead", "list", "--help")], ids=" ".join)
def test_help_and_version_load_nothing_heavy(arguments: tuple[str, ...]) -> None:
    """No library of a role or a store, and no settings, are loaded for a few lines of text."""
    assert not imported(*arguments).intersection(HEAVY)


@pytest.mark.parametrize("command", ["receiver", "worker", "version"])
def test_a_command_loads_no_other_command(command: str) -> None:
    """Of the modules of commands only the one that was asked for is loaded."""
    folder = "salesloft_webhooks.cli.commands."

    modules = (name.removeprefix(folder) for name in imported(command, "--help") if name.startswith(folder))
    loaded = {name.partition(".")[0] for name in modules}

    assert loaded == {command}
