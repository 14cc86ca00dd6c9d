"""docs/operations.md, "Rotate keys", Redis password: rehearsed under load, as written and with its mistake."""

import json

import pytest

from tests.e2e.effects import await_finished, recorded
from tests.e2e.load import load_on
from tests.e2e.pods import Pipeline
from tests.support.servers import Server
from tests.support.waiting import wait_until

USER, OLD, NEW = "salesloft", "password-of-yesterday", "password-of-tomorrow"
RIGHTS = ("~sl:*", "+@all", "-@admin", "-@dangerous", "+info", "+config|get")

pytestmark = pytest.mark.timeout(180)


def url(server: Server, password: str) -> str:
    """The address of the user with this password."""
    return f"redis://{USER}:{password}@127.0.0.1:{server.port}/0"


def acl(server: Server, *rules: str) -> None:
    """``ACL SETUSER salesloft ...`` by the administrator."""
    with server.client() as redis:
        redis.execute_command("ACL", "SETUSER", USER, *rules)


def log_in_again(server: Server) -> None:
    """``CLIENT KILL USER salesloft``."""
    with server.client() as redis:
        assert redis.execute_command("CLIENT", "KILL", "USER", USER) > 0


def test_the_password_of_an_acl_user_is_rotated(pipeline: Pipeline) -> None:
    """Second password, restarts, first password gone, everybody logged in again: all answered 200, handled once."""
    server = pipeline.server.start()
    acl(server, "on", f">{OLD}", *RIGHTS)
    pipeline.start(url(server, OLD))
    with load_on(*pipeline.receivers) as load:
        acl(server, f">{NEW}")
        pipeline.restart(url(server, NEW))
        acl(server, f"<{OLD}")
        log_in_again(server)
        load.await_more()
        pipeline.await_available(1)
    await_finished(server, "activity")

    assert set(load.answers) <= {0, 200}
    assert recorded(pipeline.database) == sorted(load.accepted)


def test_the_password_of_the_embedded_server_is_rotated(pipeline: Pipeline) -> None:
    """With the second password set at run time, only the server's own restart is felt; nothing is lost or doubled."""
    server = pipeline.server
    server.options["requirepass"] = OLD
    old_url = server.start().url
    pipeline.start(old_url)
    with load_on(*pipeline.receivers) as load:
        with server.client() as redis:
            redis.execute_command("ACL", "SETUSER", "default", f">{NEW}")
        pipeline.restart(old_url.replace(OLD, NEW))
        assert set(load.answers) <= {0, 200}, "the pods were restarted without an outage"
        server.stop()
        server.options["requirepass"] = NEW
        server.start()
        load.await_more()
        pipeline.await_available(1)
    await_finished(server, "activity")

    assert set(load.answers) <= {0, 200, 503}
    assert recorded(pipeline.database) == sorted(load.accepted)


def test_forgotten_processes_say_so_and_come_back(pipeline: Pipeline, capfd: pytest.CaptureFixture[str]) -> None:
    """A removed password is felt when connections end: 503, metrics, a log that says why; put back, all is well."""
    server = pipeline.server.start()
    acl(server, "on", f">{OLD}", f">{NEW}", *RIGHTS)
    pipeline.start(url(server, OLD))
    with load_on(*pipeline.receivers) as load:
        acl(server, f"<{OLD}")
        load.await_more()
        assert set(load.answers) == {200}, "connections that are logged in stay so"

        log_in_again(server)
        load.await_more(503, count=3)
        pipeline.await_available(0)
        wait_until(
            lambda: all("WRONGPASS" in answer for answer in pipeline.readiness()),
            description="after the grace time, readiness says why",
        )
        acl(server, f">{OLD}")
        load.await_more()
        pipeline.await_available(1)
    await_finished(server, "activity")

    assert set(load.answers) <= {200, 503}
    assert recorded(pipeline.database) == sorted(load.accepted)
    logs = "".join(capfd.readouterr())
    assert_explained(logs)
    assert not [password for password in (OLD, NEW) if password in logs]


def assert_explained(logs: str) -> None:
    """Each role has logged at its highest level that the store is away, and that the password is why."""
    lines = [json.loads(line) for line in logs.splitlines() if line.startswith("{")]
    explained = [line for line in lines if "WRONGPASS" in line.get("reason", "")]
    assert {(line["role"], line["event"], line["level"]) for line in explained} == {
        ("receiver", "store.unavailable", "error"),
        ("worker", "store.unavailable", "error"),
    }
