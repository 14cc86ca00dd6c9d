"""Fixtures that start real servers, once a session and engine, and hand out an empty one to each test."""

import gc
import logging
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
import structlog

from salesloft_webhooks.telemetry.log_output import LogOutput
from tests.support.servers import NO_REDIS, Server, engines, refused_to_roles

# Unconfigured, structlog draws each traceback with Rich, which takes a tenth of a second for each failed attempt.
_PLAIN = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[structlog.contextvars.merge_contextvars, structlog.processors.add_log_level, _PLAIN])

# How long an example takes says more about the machine than about the code; what has to be fast is measured elsewhere.
hypothesis.settings.register_profile("unhurried", deadline=None)
hypothesis.settings.load_profile("unhurried")

# A shell lets what it starts in the background ignore Ctrl-C. Every program that a test starts would do so, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


_MOST_PROCESSES = 12
"""More would only start more servers."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes `-n auto` has: one for each core. With more, tests of times wait for each other."""
    return min(_MOST_PROCESSES, os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--collect-garbage`, for whoever looks for the test that leaves something behind."""
    parser.addoption(
        "--collect-garbage",
        action="store_true",
        help="collect garbage after each test: what it left open fails itself, and not whichever test comes later",
    )


@pytest.fixture(autouse=True)
def _collected(request: pytest.FixtureRequest) -> Iterator[None]:
    """Of the fixtures of a test, this one is set up first and ends last; see `pytest_addoption`."""
    yield
    if request.config.getoption("--collect-garbage"):
        request.node.funcargs.clear()  # the values of fixtures that have ended are garbage, too
        gc.collect()


def _engine_parameters() -> list[object]:
    present = engines()
    missing = pytest.mark.skip(reason=NO_REDIS)
    return [
        pytest.param(present["valkey"], id="valkey"),
        pytest.param(present.get("redis"), id="redis", marks=() if "redis" in present else missing),
    ]


@contextmanager
def _running(program: str, directory: Path) -> Iterator[Server]:
    server = Server(program, directory).start()
    yield server
    server.stop()


def _emptied(server: Server) -> Server:
    with server.client() as client:
        client.flushall()
    return server


@pytest.fixture(scope="session", params=_engine_parameters())
def shared_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running server per engine; use `server`, which empties it."""
    with _running(request.param, tmp_path_factory.mktemp("server")) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """An empty real server; tests run once with Valkey 9 and once with Debian's Redis 7.0."""
    return _emptied(shared_server)


@pytest.fixture(scope="session")
def shared_valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One running Valkey; use `valkey`, which empties it."""
    with _running(engines()["valkey"], tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def valkey(shared_valkey: Server) -> Server:
    """An empty Valkey, for tests in which the engine makes no difference."""
    return _emptied(shared_valkey)


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A persistent Valkey of the test's own, not yet started, which it may kill and restart."""
    directory = tmp_path / "valkey"
    directory.mkdir()
    server = Server(engines()["valkey"], directory, {"appendonly": "yes", "appendfsync": "always"})
    yield server
    server.stop(kill=True)


@pytest.fixture(autouse=True)
def _nothing_refused_to_roles() -> Iterator[None]:
    """A right that a role lacks fails the test in which it is missed; who means to see that asks the server first."""
    yield
    refused = refused_to_roles()
    assert refused == set(), f"servers have refused: {refused}"


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """A command that ran in this process leaves no way into its own output, which is closed, to a later test."""
    root, configuration = logging.getLogger(), structlog.get_config()
    yield
    if left := [handler for handler in root.handlers if isinstance(handler, LogOutput)]:
        for handler in left:
            root.removeHandler(handler)
        structlog.configure(**configuration)


@pytest.fixture(autouse=True)
def _signals_as_before() -> Iterator[None]:
    """What a server in this process does with Ctrl-C is over when its test is, in whatever order servers have ended."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the developer's shell reaches a test."""
    for name in os.environ:
        if name.startswith(
            (
                "SALESLOFT_",
                "REDIS_",
                "CONSOLE_",
                "WORKER_",
                "OTEL_",
                "DATABASE_",
                "DURABILITY",
                "SOURCES_",
                "OPERATOR_",
                "KUBE",
            )
        ):
            monkeypatch.delenv(name)
