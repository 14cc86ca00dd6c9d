"""Addresses as people paste them: translated, or refused without a word of theirs."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.handlers.database.address import read_address
from salesloft_webhooks.handlers.database.engine import create_engine

PLACE = "robin:p%40ss@db.example.com:6432/events"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+asyncpg"])
def test_every_way_to_say_postgresql_means_its_asynchronous_driver(scheme: str) -> None:
    """What hosting services show (`postgres://`) needs no editing."""
    address = read_address(f"{scheme}://{PLACE}")

    assert address.url.drivername == "postgresql+asyncpg"
    assert (address.url.username, address.url.password, address.url.database) == ("robin", "p@ss", "events")
    assert address.hosts == (("db.example.com", 6432),)
    assert (address.driver, address.numbers) == ({}, {})


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite:///events.db", "events.db"),
        ("sqlite+aiosqlite:////data/events.db", "/data/events.db"),
        ("sqlite:///events.db?timeout=5", "events.db"),
        ("sqlite+aiosqlite://", None),
    ],
)
def test_every_way_to_say_sqlite_means_its_asynchronous_driver(url: str, file: str | None) -> None:
    """With or without the driver's name."""
    address = read_address(url)

    assert (address.url.drivername, address.url.database) == ("sqlite+aiosqlite", file)


@pytest.mark.parametrize(
    ("query", "driver", "numbers"),
    [
        ("sslmode=require", {"sslmode": "require"}, {}),
        ("ssl=require", {"sslmode": "require"}, {}),
        ("sslmode=verify-full&sslrootcert=/ca.pem", {"sslmode": "verify-full", "sslrootcert": "/ca.pem"}, {}),
        ("sslcert=/c.pem&sslkey=/k.pem", {"sslcert": "/c.pem", "sslkey": "/k.pem"}, {}),
        ("connect_timeout=3", {}, {"timeout": 3.0}),
        ("command_timeout=2.5", {}, {"command_timeout": 2.5}),
        ("application_name=crm", {"application_name": "crm"}, {}),
        ("options=-c%20search_path%3Dhooks", {"options": "-c search_path=hooks"}, {}),
        ("statement_cache_size=0", {}, {"statement_cache_size": 0}),
        ("prepared_statement_cache_size=50", {}, {"prepared_statement_cache_size": 50}),
        ("target_session_attrs=primary", {"target_session_attrs": "primary"}, {}),
        ("channel_binding=prefer&gssencmode=disable&client_encoding=UTF8&sslcompression=0", {}, {}),
        ("passfile=/pw&service=hooks&krbsrvname=pg", {"passfile": "/pw", "service": "hooks", "krbsrvname": "pg"}, {}),
        ("sslmode=&connect_timeout=", {}, {}),
    ],
    ids=lambda value: value.split("&")[0] if isinstance(value, str) else "",
)
def test_parameters_are_translated(query: str, driver: dict[str, str], numbers: dict[str, float]) -> None:
    """Names of libpq's become asyncpg's; what asks for what happens anyway, or for nothing, is dropped."""
    address = read_address(f"postgresql://{PLACE}?{query}")

    assert (address.driver, address.numbers) == (driver, numbers)


@pytest.mark.parametrize(
    ("place", "hosts"),
    [
        ("a:1,b:2/x", (("a", 1), ("b", 2))),
        ("a,b/x?port=6432", (("a", 6432), ("b", 6432))),
        ("a,b/x?port=1,2", (("a", 1), ("b", 2))),
        ("robin:pw@[::1]:5433,[fe80::2]/x", (("::1", 5433), ("fe80::2", None))),
        ("/x?host=a:1&host=b:2", (("a", 1), ("b", 2))),
        ("/x?host=a,b&port=1,2", (("a", 1), ("b", 2))),
    ],
)
def test_lists_of_hosts_lead_to_one_that_can_be_written_to(
    place: str, hosts: tuple[tuple[str, int | None], ...]
) -> None:
    """In libpq's ways to write them and SQLAlchemy's; with several the default is the one that takes writes."""
    address = read_address(f"postgresql://{place}")

    assert address.hosts == hosts
    assert address.driver == {"target_session_attrs": "read-write"}
    assert read_address(f"postgresql://{place.replace('/x', '/y')}").url.database is not None


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("a:65535/x", ("a", 65_535)),
        ("%2Fvar%2Frun%2Fpostgresql/x", ("/var/run/postgresql", None)),
        ("/x?host=/var/run/postgresql", ("/var/run/postgresql", None)),
        ("/x", (None, None)),
        ("[::1]/x", ("::1", None)),
    ],
)
def test_a_single_host_may_be_a_socket_or_left_out(place: str, host: tuple[str | None, int | None]) -> None:
    """As in libpq; what is left out the driver finds by itself (PGHOST, PGPORT)."""
    address = read_address(f"postgresql://{place}")

    assert address.hosts == (host,)
    assert address.driver == {}


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("sslmode=no-verify", "sslmode: expected disable, allow, prefer, require, verify-ca, verify-full"),
        ("ssl=true", "sslmode: expected"),
        ("channel_binding=require", "channel_binding: the driver can only do disable, prefer"),
        ("gssencmode=require", "gssencmode"),
        ("hostaddr=10.0.0.1", "hostaddr is nothing the driver can do"),
        ("pgbouncer=true", "pgbouncer is nothing the driver can do"),
        ("currentSchema=hooks", "currentSchema is nothing"),
        ("target_session_attrs=standby", "target_session_attrs: expected any, read-write, primary"),
        ("connect_timeout=soon", "connect_timeout: expected a number"),
        ("statement_cache_size=1.5", "statement_cache_size: expected a number"),
        ("sslmod=require", "parameter 1 is not known (is sslmode meant?)"),
        ("sslmode=require&geheim=x", "parameter 2 is not known"),
        ("port=5432,x", "hosts: expected"),
        ("port=65536", "hosts: a port is at most 65535"),
        ("sslrootcert=/geheim/ca.pem", "sslrootcert: the file cannot be read (No such file or directory)"),
        ("sslcert=/geheim/c.pem", "sslcert, sslkey: the files cannot be read"),
        ("sslmode=verify-full", "sslmode=verify-... needs sslrootcert"),
        ("sslrootcert=system&sslmode=require", "sslrootcert=system needs sslmode=verify-full"),
    ],
)
def test_what_nobody_can_do_is_refused(query: str, says: str) -> None:
    """A sentence that names the parameter by a name of ours and never shows a value."""
    with pytest.raises(ConfigurationError) as caught:
        create_engine(f"postgresql://geheim:geheim@geheim/geheim?{query}")

    assert str(caught.value).startswith("DATABASE_URL: ")
    assert says in str(caught.value)
    assert "geheim" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


@pytest.mark.parametrize("query", ["sslrootcert", "sslcert"])
def test_a_file_that_holds_something_else_is_refused(tmp_path: Path, query: str) -> None:
    """A certificate that is none is found at the start, not at each connection."""
    file = tmp_path / "geheim.pem"
    file.write_text("not a certificate")

    with pytest.raises(ConfigurationError, match=query) as caught:
        create_engine(f"postgresql://localhost/x?{query}={file}")

    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        *("postgresql://u:geheim@geheim@h/x", "postgresql://u@geheim:geheim@h/x"),
        *("geheim", "geheim://x/y", "postgresql:geheim", "sqlite://geheim/x", "sqlite:///x?geheim=1"),
        *(
            "sqlite:///x?timeout=geheim",
            "postgresql://geheim,/x",
            "postgresql://h:geheim/x",
            "postgresql://h:1,h:2:3/x",
        ),
        *("sqlite:///geheim\udcff", "postgresql://u:geheim\udcff@h/x", "postgresql://h/geheim%00"),
    ],
)
def test_an_address_that_cannot_be_read_is_refused(url: str) -> None:
    """With a sentence that shows what is expected and nothing of what was found."""
    with pytest.raises(ConfigurationError, match="DATABASE_URL") as caught:
        read_address(url)

    assert "geheim" not in str(caught.value)
    assert caught.value.__context__ is None


@given(st.text(alphabet="abzäq0:/@?&=,%[]+ #-._\x00", max_size=60), st.sampled_from(["postgresql", "sqlite"]))
def test_whatever_is_pasted_ends_in_an_address_or_a_sentence(rest: str, scheme: str) -> None:
    """No other error, and no piece of the address in the sentence."""
    marked = "".join("q7x" if character == "q" else character for character in rest)
    refusal: Exception | None = None
    try:
        read_address(f"{scheme}://{marked}")
    except ConfigurationError as exc:
        refusal = exc

    assert "q7x" not in str(refusal)
    assert refusal is None or refusal.__context__ is None
