"""The plan of a demo keeps it away from everything real; that of `up` keeps the user's settings."""

from dataclasses import replace
from pathlib import Path

import pytest

from salesloft_webhooks.cli.commands.up.data_folder import DataFolder
from salesloft_webhooks.cli.commands.up.plan import DEMO_SECRETS, Plan, UpOptions
from salesloft_webhooks.handlers.builtin_groups import BUILTIN_GROUPS

REAL = {
    "SALESLOFT_WEBHOOK_SECRET": "genuine-secret",
    "salesloft_callback_token": "genuine-token",
    "DATABASE_URL": "postgresql+asyncpg://genuine/database",
    "NOTIFY_URLS": "mailto://genuine",
    "SOURCES_FILE": "/genuine/sources.yaml",
    "REDIS_URL": "redis://genuine:6379/0",
    "WORKER_HANDLERS": "genuine.handlers:router",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """A prepared folder, with real settings in the environment."""
    folder = DataFolder(tmp_path / "data")
    folder.prepare()
    for name, value in REAL.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MAX_ATTEMPTS", "3")
    return folder


def plan(folder: DataFolder, *, demo: bool) -> Plan:
    """The plan for a data folder on the default ports."""
    return Plan(UpOptions(folder, demo, "127.0.0.1", 8_000, 9_090, 6_379))


def test_nothing_real_reaches_a_demo(folder: DataFolder) -> None:
    """No secret, address or file of the environment is in the environment of any process of a demo."""
    made = plan(folder, demo=True)

    programs = [made.server(), *made.roles(), made.simulator()]

    for program in filter(None, programs):
        assert not [value for value in program.environment.values() if "genuine" in value]


ROLES_SECRETS = {
    "receiver": {"SALESLOFT_WEBHOOK_SECRET", "SALESLOFT_CALLBACK_SECRET_FILE", "LINK_SWAP_SECRET", "BODY_KEY_FILE"},
    "console": {"CONSOLE_PROXY_SECRET_FILE", "CONSOLE_TOKENS_FILE", "SALESLOFT_API_TOKEN", "BODY_KEY_FILE"},
    "crm": {"DATABASE_URL", "NOTIFY_URLS", "ALERT_URLS", "BODY_KEY_FILE", "HANDLERS_FILE", "SALESLOFT_API_TOKEN"},
    "valkey": set[str](),
}
"""Of what follows, what each process reads."""


@pytest.mark.parametrize("name", ROLES_SECRETS)
def test_a_process_is_given_the_secrets_that_its_role_reads(
    folder: DataFolder, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """And no other, whichever case it is written in; what is no setting of ours, and numbers, reach all of them."""
    for each in set().union(*ROLES_SECRETS.values()) | {"OPERATOR_API_URLS", "KUBECONFIG"}:
        monkeypatch.setenv(each, f"planted-{each}")
    monkeypatch.setenv("OTEL_SERVICE_NAME", "mine")
    made = Plan(replace(plan(folder, demo=False).options, console_port=8_080))
    programs = {program.name: program.environment for program in (made.server(), *made.roles())}

    given = programs[name]

    assert {each for each, value in given.items() if value.startswith("planted-")} == ROLES_SECRETS[name]
    assert ("salesloft_callback_token" in given) is (name == "receiver")
    assert ("REDIS_URL" in given) is (name != "valkey")
    assert (given["OTEL_SERVICE_NAME"], given["MAX_ATTEMPTS"]) == ("mine", "3")


def test_a_demo_keeps_numbers(folder: DataFolder) -> None:
    """Tuning is welcome in a demo, too."""
    assert plan(folder, demo=True).environment["MAX_ATTEMPTS"] == "3"


def test_up_works_with_the_users_sources_and_database(folder: DataFolder) -> None:
    """Without --demo, only the store is embedded: keys and database are those of the environment."""
    environment = plan(folder, demo=False).environment

    assert environment["SALESLOFT_WEBHOOK_SECRET"] == "genuine-secret"
    assert environment["DATABASE_URL"] == REAL["DATABASE_URL"]
    assert environment["REDIS_URL"].startswith("redis://:")
    assert environment["REDIS_URL"].endswith("@127.0.0.1:6379/0")


def test_the_users_secrets_are_not_written_down(folder: DataFolder) -> None:
    """What other terminals are told holds invented secrets in a demo, and none otherwise."""
    published = plan(folder, demo=False).published
    of_demo = plan(folder, demo=True).published

    assert not [value for value in published.values() if "genuine" in value], "a database's address has a password, too"
    assert of_demo["DATABASE_URL"].endswith(str(folder.database))
    assert of_demo["SALESLOFT_WEBHOOK_SECRET"] == folder.secret("DEMO_SALESLOFT_WEBHOOK_SECRET")


def test_groups_have_their_own_processes_and_ports(folder: DataFolder) -> None:
    """Each built-in group that is on by default is one worker; settings of a single worker are not inherited by all."""
    roles = list(plan(folder, demo=False).roles())

    workers = [role for role in roles if "WORKER_GROUP" in role.environment]

    assert [role.environment["WORKER_GROUP"] for role in workers] == [
        row.name for row in BUILTIN_GROUPS if row.on_by_default
    ]
    assert len({role.environment["OPS_PORT"] for role in roles}) == len(roles)
    assert not [role.name for role in roles if "WORKER_HANDLERS" in role.environment]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_the_console_is_for_this_machine_unless_people_sign_in(
    host: str, folder: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a sign-in, in a demo always, it listens on the loopback interface only; the user's own sign-in stays."""
    options = UpOptions(folder, demo=True, host=host, port=8_000, ops_port=9_090, store_port=6_379, console_port=8_080)
    monkeypatch.setenv("CONSOLE_AUTH", "proxy")

    [demo] = [role for role in Plan(options).roles() if role.name == "console"]
    [own] = [role for role in Plan(replace(options, demo=False)).roles() if role.name == "console"]

    assert (demo.environment["CONSOLE_AUTH"], demo.environment["HOST"]) == ("none", "127.0.0.1")
    assert (own.environment["CONSOLE_AUTH"], own.environment["HOST"]) == ("proxy", host)
    assert Plan(options).console_url == "http://127.0.0.1:8080"
    assert [role for role in plan(folder, demo=True).roles() if role.name == "console"] == []


def test_everything_stored_is_on_disk(folder: DataFolder) -> None:
    """The server syncs every write, and the receiver promises no less."""
    made = plan(folder, demo=False)
    made.server()

    configuration = (folder.valkey / "valkey.conf").read_text()

    assert "appendonly yes\n" in configuration
    assert "appendfsync always\n" in configuration
    assert "bind 127.0.0.1\n" in configuration
    assert made.environment["DURABILITY"] == "fsync"


def test_the_password_is_in_no_command_line(folder: DataFolder) -> None:
    """Everybody on the machine can read command lines."""
    made = plan(folder, demo=True)

    commands = [" ".join(program.command) for program in (made.server(), *made.roles(), made.simulator()) if program]

    secrets = [
        folder.secret(name) for name in ("VALKEY_PASSWORD", "DEMO_SALESLOFT_WEBHOOK_SECRET", "DEMO_SALESLOFT_API_TOKEN")
    ]
    assert not [command for command in commands if any(secret in command for secret in secrets)]


def test_the_simulated_salesloft_knows_none_of_our_keys(folder: DataFolder) -> None:
    """It signs with the tokens of what is registered there; the real one is given nothing else either."""
    program = plan(folder, demo=True).simulator()

    assert program is not None
    ours = [folder.secret(name) for name in ("VALKEY_PASSWORD", *(f"DEMO_{name}" for name in DEMO_SECRETS))]
    assert not [value for value in program.environment.values() if any(secret in value for secret in ours)]
    assert program.environment["SALESLOFT_API_TOKEN"] == folder.secret("DEMO_SALESLOFT_API_TOKEN")


def test_salesloft_is_simulated_in_a_demo_only(folder: DataFolder) -> None:
    """Otherwise nothing is started that could be taken for it, and no other terminal is led to it."""
    made = plan(folder, demo=False)

    assert made.simulator() is None
    assert not [name for name in made.published if name.startswith("SALESLOFT_API")]
    assert plan(folder, demo=True).published["SALESLOFT_API_URL"].startswith("http://127.0.0.1:")
