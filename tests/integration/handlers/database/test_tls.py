"""TLS to PostgreSQL: each `sslmode` means what it means everywhere else."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from salesloft_webhooks.errors import Unavailable
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.database.transactions import Database
from tests.support.postgres import NEEDS_POSTGRESQL, PostgresServer, new_postgres

pytestmark = NEEDS_POSTGRESQL


def certificate(folder: Path, name: str) -> None:
    """A certificate for a name, its own authority: ``<name>.pem`` and ``<name>.key``."""
    subject = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *subject]
    subprocess.run(
        [*command, "-keyout", f"{name}.key", "-out", f"{name}.pem"], cwd=folder, check=True, capture_output=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Certificates of the server (localhost), of a client (robin) and of a stranger."""
    made = tmp_path_factory.mktemp("certificates")
    for name in ("localhost", "robin", "stranger"):
        certificate(made, name)
    return made


@pytest.fixture(scope="module")
def tls_postgres(folder: Path) -> Iterator[PostgresServer]:
    """A server that takes both kinds of connections, and from ``robin`` only those with robin's certificate."""
    with new_postgres() as server:
        _demand_certificates(server, folder)
        yield server


def _demand_certificates(server: PostgresServer, folder: Path) -> None:
    files = {"ssl_cert_file": "localhost.pem", "ssl_key_file": "localhost.key", "ssl_ca_file": "robin.pem"}
    server.options = {"ssl": "on"} | {
        setting: str(server.place(name, (folder / name).read_bytes())) for setting, name in files.items()
    }
    rules = "hostssl all robin 127.0.0.1/32 cert\nhostnossl all robin all reject\nhost all all 127.0.0.1/32 trust\n"
    server.place("data/pg_hba.conf", rules.encode())
    server.start()
    server.execute("CREATE ROLE robin LOGIN")


async def encrypted(server: PostgresServer, query: str, place: str = "postgres@localhost") -> bool:
    """Connect with these parameters; whether the connection is encrypted."""
    engine = create_engine(f"postgresql://{place}:{server.port}/postgres?{query}")
    try:
        async with Database(engine).transaction() as connection:
            answer = await connection.execute(text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"))
            return bool(answer.scalar_one())
    finally:
        await engine.dispose()


@pytest.mark.parametrize(
    ("query", "place", "result"),
    [
        ("sslmode=disable", "postgres@localhost", False),
        ("sslmode=allow", "postgres@localhost", False),
        ("sslmode=prefer", "postgres@localhost", True),
        ("", "postgres@localhost", True),
        ("sslmode=require", "postgres@localhost", True),
        ("sslmode=verify-ca&sslrootcert={}/localhost.pem", "postgres@127.0.0.1", True),
        ("sslmode=verify-full&sslrootcert={}/localhost.pem", "postgres@localhost", True),
        ("sslmode=require&sslcert={0}/robin.pem&sslkey={0}/robin.key", "robin@localhost", True),
        ("sslmode=require&ssl_min_protocol_version=TLSv1.3", "postgres@localhost", True),
    ],
)
async def test_a_mode_that_fits_connects(
    tls_postgres: PostgresServer,
    folder: Path,
    query: str,
    place: str,
    result: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Encrypted or not as the mode says."""
    assert await encrypted(tls_postgres, query.format(folder), place) is result


@pytest.mark.parametrize(
    ("query", "place", "says"),
    [
        ("sslmode=require&sslrootcert={}/stranger.pem", "postgres@localhost", "certificate is not accepted"),
        ("sslmode=verify-ca&sslrootcert={}/stranger.pem", "postgres@localhost", "certificate is not accepted"),
        ("sslmode=verify-full&sslrootcert={}/localhost.pem", "postgres@127.0.0.1", "certificate is not accepted"),
        ("sslrootcert=system", "postgres@localhost", "certificate is not accepted"),
        ("sslmode=require", "robin@localhost", "the login is refused"),
        ("sslmode=disable", "robin@localhost", "the login is refused"),
    ],
)
async def test_a_mode_that_does_not_fit_pauses_the_group(
    tls_postgres: PostgresServer, folder: Path, query: str, place: str, says: str
) -> None:
    """And says why: a certificate can be mended while the events wait."""
    with pytest.raises(Unavailable, match=says):
        await encrypted(tls_postgres, query.format(folder), place)


async def test_a_server_without_tls_is_named_as_such(postgres: PostgresServer) -> None:
    """``sslmode=require`` never falls back."""
    with pytest.raises(Unavailable, match="speaks no TLS"):
        await encrypted(postgres, "sslmode=require")


async def test_parameters_reach_the_session(postgres: PostgresServer) -> None:
    """The application's name and options are in force where events are written."""
    engine = create_engine(
        f"postgres://postgres@127.0.0.1:{postgres.port}/postgres?application_name=hooks&options=-c%20work_mem%3D1MB"
    )

    async with Database(engine).transaction() as connection:
        values = [
            (await connection.execute(text(f"SHOW {name}"))).scalar_one() for name in ("application_name", "work_mem")
        ]

    assert values == ["hooks", "1MB"]
    await engine.dispose()
