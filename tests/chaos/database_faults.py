"""The database that effects are rows in ends, hangs, or takes none: a scene of its own, all on one machine."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.fault import Fault, Strike
from tests.chaos.live import Live
from tests.chaos.scenes import Scene, Surroundings, plain
from tests.support.postgres import PROGRAMS, PostgresServer, new_postgres

NAME = "effects"
OUTAGE_SECONDS = 6.0
LONGEST_TRANSACTION_SECONDS = 60
TAKEN = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and datname is not null"


def stopped(*, kill: bool) -> Strike:
    """It is shut down, as for an upgrade, or crashes and starts on its log."""

    @contextmanager
    def strike(live: Live) -> Iterator[None]:
        live.surroundings.parts.stop(kill=kill)
        yield
        live.surroundings.parts.start()

    return strike


@contextmanager
def frozen(live: Live) -> Iterator[None]:
    """All its processes hang."""
    server: PostgresServer = live.surroundings.parts
    server.freeze()
    yield
    server.thaw()


@contextmanager
def connections_ended(live: Live) -> Iterator[None]:
    """An administrator ends every connection, again and again."""
    for _ in range(5):
        live.surroundings.parts.execute(TAKEN)
        time.sleep(0.2)
    yield


@contextmanager
def read_only(live: Live) -> Iterator[None]:
    """As a former primary that has become a standby: new connections write nothing, and there are only new ones."""
    server: PostgresServer = live.surroundings.parts
    server.execute("alter system set default_transaction_read_only = on")
    server.execute("select pg_reload_conf()")
    server.execute(TAKEN)
    yield
    server.execute("alter system reset default_transaction_read_only")
    server.execute("select pg_reload_conf()")


@contextmanager
def locked(live: Live) -> Iterator[None]:
    """Somebody's long transaction holds the table, as a careless migration does."""
    server: PostgresServer = live.surroundings.parts
    statement = f"begin; lock table activities in access exclusive mode; select pg_sleep({LONGEST_TRANSACTION_SECONDS})"
    login = ["-h", "127.0.0.1", "-p", str(server.port), "-U", "postgres", "-d", NAME]
    with subprocess.Popen([server.programs / "psql", "-XAtq", *login, "-c", statement]) as holder:
        yield
        server.execute("select pg_terminate_backend(pid) from pg_stat_activity where query like 'begin; lock table%'")
        holder.wait()


@contextmanager
def _opened(folder: Path) -> Iterator[Surroundings]:
    store = plain("fsync", {"appendonly": "yes", "appendfsync": "always"})
    with store(folder) as surroundings, new_postgres() as postgres:
        url = postgres.start().create_migrated_database(NAME)
        surroundings.parts = postgres
        surroundings.settings |= {
            "DATABASE_URL": url,
            "WORKER_HANDLERS": "tests.chaos.database_witness:router",
        }
        yield surroundings


SCENES = [
    Scene(
        "database",
        "as `fsync`; each effect is a row in a PostgreSQL",
        _opened,
        "" if PROGRAMS else "PostgreSQL is not installed",
    )
]
HERE = ("database",)
BACK = "it is back after 6 s; the groups, which have paused, try it and go on"
FAULTS = [
    Fault(
        "database killed", "SIGQUIT to the database's server: a crash.", stopped(kill=True), BACK, OUTAGE_SECONDS, HERE
    ),
    Fault("database shut down", "It is shut down, as for an upgrade.", stopped(kill=False), BACK, OUTAGE_SECONDS, HERE),
    Fault("database frozen", "SIGSTOP to all its processes.", frozen, BACK, OUTAGE_SECONDS, HERE),
    Fault(
        "database's connections ended",
        "`pg_terminate_backend` of every connection, five times in a second.",
        connections_ended,
        "by itself: they are opened again",
        0.0,
        HERE,
    ),
    Fault(
        "database read-only",
        "It is what a primary is after a fail-over: it takes connections and no writes.",
        read_only,
        "it takes writes again after 6 s",
        OUTAGE_SECONDS,
        HERE,
    ),
    Fault(
        "table locked",
        "Somebody's transaction holds the table of the effects.",
        locked,
        "the transaction is ended after 6 s",
        OUTAGE_SECONDS,
        HERE,
    ),
]
