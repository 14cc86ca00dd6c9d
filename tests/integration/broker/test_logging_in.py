"""Ways to reach a real server and to log in to it: sockets, IPv6, users, passwords in files that change."""

import asyncio
import socket
from pathlib import Path

import pytest

from salesloft_webhooks.broker import Publisher, Store, Stored, open_store
from salesloft_webhooks.broker.connection.store import translated
from salesloft_webhooks.errors import ConfigurationError, StoreUnavailable
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.publish_observers import Recorder
from tests.support.servers import Server

USER = "salesloft"


@pytest.fixture
def guarded(own_server: Server) -> Server:
    """A server with a user beside the default one, whose password is ``first``."""
    own_server.start()
    with own_server.client() as redis:
        redis.execute_command("ACL SETUSER", USER, "reset", "on", ">first", "~sl:*", "+@all")
    return own_server


def rotate(server: Server, password: str) -> None:
    """Give the user another password, and no other."""
    with server.client() as redis:
        redis.execute_command("ACL SETUSER", USER, "resetpass", f">{password}")


async def ping(store: Store) -> bool:
    """Use the store once."""
    with translated():
        return bool(await store.client.ping())


async def users(server: Server) -> list[str]:
    """As whom the connections other than this one are logged in."""

    def look() -> list[str]:
        with server.client() as redis:
            mine = redis.client_id()
            return [str(each["user"]) for each in redis.client_list() if int(each["id"]) != mine]

    return await asyncio.to_thread(look)


async def test_a_unix_socket(own_server: Server, tmp_path: Path) -> None:
    """With unix:// everything is stored through the socket, into the database that the URL names."""
    path = tmp_path / "redis.sock"
    own_server.options |= {"unixsocket": str(path), "requirepass": "pw"}
    own_server.start()
    settings = Settings.load(redis_url=f"unix://:pw@{path}?db=4")
    async with open_store(settings) as store, Publisher(store, settings, Recorder()) as publisher:
        event = NewEvent("e1", "person.created", "person:1", "2026", b"{}")
        assert await publisher.publish(NewDelivery("default", (event,))) is Stored.NEW

    with own_server.client() as redis:
        redis.select(4)
        assert redis.xlen("sl:{0}:events") == 1


async def test_a_socket_that_is_not_there_is_told_without_its_path(tmp_path: Path) -> None:
    """The failure is named, the path is not."""
    async with open_store(Settings.load(redis_url=f"unix://{tmp_path}/redis.sock")) as store:
        with pytest.raises(StoreUnavailable, match="No such file") as caught:
            await ping(store)
    assert str(tmp_path) not in str(caught.value)


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6 loopback")
async def test_an_ipv6_address(own_server: Server) -> None:
    """A server is reached by its IPv6 address in brackets."""
    own_server.options["bind"] = "127.0.0.1 ::1"
    own_server.start()

    async with open_store(Settings.load(redis_url=f"redis://[::1]:{own_server.port}/0")) as store:
        assert await ping(store)


async def test_a_user_with_a_password_file(guarded: Server, tmp_path: Path) -> None:
    """REDIS_USERNAME and REDIS_PASSWORD_FILE log in; a wrong file is told in the server's words."""
    file = tmp_path / "password"
    file.write_text("\ufefffirst\r\n")
    settings = Settings.load(redis_url=guarded.url, redis_username=USER, redis_password_file=file)
    async with open_store(settings) as store:
        assert await ping(store)
        assert await users(guarded) == [USER]
    file.write_text("wrong")
    async with open_store(settings) as store:
        with pytest.raises(StoreUnavailable, match="WRONGPASS"):
            await ping(store)


async def test_living_connections_log_in_anew(guarded: Server, tmp_path: Path) -> None:
    """When the file changes, a connection that is open logs in with the new password, without being closed."""
    file = tmp_path / "password"
    file.write_text("first")
    settings = Settings.load(redis_url=guarded.url, redis_username=USER, redis_password_file=file)
    async with open_store(settings) as store:
        with translated():
            mine = await store.client.client_id()
        rotate(guarded, "second")
        file.write_text("second")
        before = _authentications(guarded)
        await asyncio.sleep(1.1)

        with translated():
            assert await store.client.client_id() == mine
        assert _authentications(guarded) == before + 1
        with translated():
            assert await store.client.client_id() == mine
        assert _authentications(guarded) == before + 1


def _authentications(server: Server) -> int:
    with server.client() as redis:
        return int(redis.info("commandstats").get("cmdstat_auth", {}).get("calls", 0))


async def test_a_password_that_the_server_does_not_know_yet(guarded: Server, tmp_path: Path) -> None:
    """The file may change first: open connections go on working, and new ones do as soon as the server knows it."""
    file = tmp_path / "password"
    file.write_text("first")
    settings = Settings.load(redis_url=guarded.url, redis_username=USER, redis_password_file=file)
    async with open_store(settings) as store:
        assert await ping(store)
        file.write_text("second")
        await asyncio.sleep(1.1)
        assert await ping(store)
        assert await users(guarded) == [USER]
        with guarded.client() as redis:
            redis.client_kill_filter(user=USER)
        await eventually_answers(store)
        async with open_store(settings.model_copy(update={"redis_password_file": file})) as stranger:
            with pytest.raises(StoreUnavailable, match="WRONGPASS"):
                await ping(stranger)

        rotate(guarded, "second")
        await asyncio.sleep(1.1)
        assert await ping(store)
        with guarded.client() as redis:
            redis.client_kill_filter(user=USER)
        await eventually_answers(store)


async def eventually_answers(store: Store) -> None:
    """The first use of a connection that was cut may fail; a later one does not."""
    for _ in range(50):
        try:
            assert await ping(store)
        except StoreUnavailable:
            await asyncio.sleep(0.05)
        else:
            return
    raise AssertionError("the store does not come back")


async def test_an_unusable_file_later_changes_nothing(guarded: Server, tmp_path: Path) -> None:
    """A file that is emptied or removed while we run leaves the password as it was."""
    file = tmp_path / "password"
    file.write_text("first")
    settings = Settings.load(redis_url=guarded.url, redis_username=USER, redis_password_file=file)
    async with open_store(settings) as store:
        for spoil in (lambda: file.write_text("\n"), file.unlink):
            spoil()
            await asyncio.sleep(1.1)
            assert await ping(store)
            with guarded.client() as redis:
                redis.client_kill_filter(user=USER)
            await eventually_answers(store)


@pytest.mark.parametrize(
    ("url", "content"),
    [
        ("redis://:s3cret@127.0.0.1:1/0", "first"),
        ("redis://127.0.0.1:1/0", ""),
        ("redis://127.0.0.1:1/0", None),
        ("redis://s3cret@127.0.0.1:1/0", "first"),
    ],
    ids=["a password in the url", "an empty file", "no file", "a user in the url"],
)
async def test_contradictions_are_refused(tmp_path: Path, url: str, content: str | None) -> None:
    """Two passwords or users, and a file that holds none, end the program at start, naming settings and no value."""
    file = tmp_path / "password"
    if content is not None:
        file.write_text(content)
    settings = Settings.load(redis_url=url, redis_password_file=file, redis_username=USER)

    with pytest.raises(ConfigurationError, match=r"REDIS_PASSWORD_FILE|REDIS_USERNAME") as caught:
        async with open_store(settings):
            pass
    assert "s3cret" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
