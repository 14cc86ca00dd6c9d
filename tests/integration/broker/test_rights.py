"""The table of rights: nothing that the code sends is missing from it, and servers refuse all else to each user."""

import ast
import re
from typing import Any

import pytest
import redis

from salesloft_webhooks.broker.keys import Keys
from salesloft_webhooks.broker.rights import RIGHTS, WRITES, Role, acl_words, calls
from salesloft_webhooks.broker.scripts import script
from tests.support.rules_and_dashboards import ROOT
from tests.support.servers import Server, refused_to_roles
from tests.support.store_users import password

BROKER = ROOT / "service/salesloft_webhooks/broker"
SCRIPTS = sorted(file.stem for file in (BROKER / "lua").glob("*.lua"))
OTHER_NAMES = {
    "config_get": "config|get",
    "delete": "del",
    "xinfo_groups": "xinfo|groups",
    "xpending_range": "xpending",
    "sentinel_masters": "",
}
"""Of redis-py's methods, the commands; others are called as theirs. Sentinels have users of their own."""
NOT_SENT = {"pipeline", "initialize", "get_primaries", "get_node_from_key", "get_node", "execute_command", "aclose"}
NOT_SENT |= {"execute", "done", "wait"}
ANY_KEY = "nobodys"
REFUSAL = r"(?i)no permission|NOPERM|can't (access|run)"


def sent_in_code() -> set[str]:
    """Every command that the broker's modules name: redis-py's methods called on a client or a pipeline, and words."""
    found: set[str] = set()
    for file in BROKER.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                owner = node.func.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name.lstrip("_") in {"client", "asking", "asked"} and node.func.attr not in NOT_SENT:
                    found.add(OTHER_NAMES.get(node.func.attr, node.func.attr))
    return found - {""}


def test_every_script_is_somebodys() -> None:
    """A script that is in nobody's rights would be refused to whoever runs it, or is run by nobody."""
    assert sorted(set().union(*(RIGHTS[role].scripts for role in Role))) == SCRIPTS


def test_every_command_of_the_code_is_somebodys() -> None:
    """A command that a module comes to send stands in the table, and none stands there that no module sends."""
    listed = set[str]().union(*(RIGHTS[role].commands for role in Role))

    assert sent_in_code() | {"bgrewriteaof", "bgsave"} == listed  # those two: server_files.py


def test_every_key_is_somebodys() -> None:
    """Each name of `Keys` is matched by a pattern of a role."""
    keys, found = Keys("sl"), []
    patterns = {pattern for role in Role for pattern in RIGHTS[role].keys}
    for name in (name for name in vars(Keys) if isinstance(getattr(Keys, name), property)):
        key = getattr(keys, name).removeprefix("sl:")
        if not any(re.fullmatch(glob_as_expression(pattern), key) for pattern in patterns):
            found.append(key)

    assert found == []
    assert any(re.fullmatch(glob_as_expression(pattern), "{12}:events") for pattern in patterns)


def glob_as_expression(pattern: str) -> str:
    """A pattern of Redis as a regular expression."""
    return re.escape(pattern).replace(r"\*", ".*").replace(r"\[0\-9\]", "[0-9]")


def test_who_looks_can_change_nothing() -> None:
    """The user `look` has not one command that writes."""
    assert RIGHTS[Role.LOOK].called & WRITES == set()


def test_a_prefix_is_taken_literally() -> None:
    """Whatever stands in it opens no other keys."""
    assert r"~a\*b\[c\]:groups" in acl_words(Role.LOOK, "a*b[c]")


def ask(client: Any, *words: str) -> Any:
    """One command."""
    return client.execute_command(*words)


def allowed(client: redis.Redis, role: Role) -> set[str]:
    """Every command that the server would run for a role's user, whatever the key."""
    found = set()
    listed: list[str] = ask(client, "COMMAND LIST")
    for name in listed:
        about: Any = client.connection_pool.get_connection()
        try:
            about.send_command("COMMAND", "INFO", name)
            arity = int(about.read_response()[0][1])
        finally:
            client.connection_pool.release(about)
        words = name.split("|")
        words += ["1"] * (abs(arity) - len(words))
        try:
            answer = ask(client, "ACL DRYRUN", role, *words)
        except redis.ResponseError as exc:  # an argument that is none of its
            answer = str(exc)
        if "to run the" not in str(answer) and not is_container(name, listed):
            found.add(name)
    return found


def is_container(name: str, listed: list[str]) -> bool:
    """Whether it does nothing without a second word."""
    return any(each.startswith(f"{name}|") for each in listed) and name != "command"


@pytest.mark.parametrize("role", Role)
def test_a_server_would_run_nothing_else(server: Server, role: Role) -> None:
    """Of all the commands it knows, a role's user has those of its table and of its connection, and no more."""
    with server.client() as client:
        connection = set(client.acl_cat("connection")) - set(client.acl_cat("dangerous"))
        known = set(ask(client, "COMMAND LIST"))

        assert set(client.acl_cat("write")) >= WRITES
        assert {name for name in set().union(*(calls(each) for each in SCRIPTS)) if name not in known} == set()
        assert allowed(client, role) == RIGHTS[role].called | {"eval", "evalsha"} | connection


REFUSED = (
    ("FLUSHALL",),
    ("KEYS", "*"),
    ("CONFIG", "SET", "save", "x"),
    ("ACL", "SETUSER", "x", "+@all"),
    ("SHUTDOWN",),
    ("MONITOR",),
    ("CLIENT", "LIST"),
    ("CLIENT", "KILL", "TYPE", "normal"),
    ("REPLICAOF", "localhost", "1"),
    ("SCRIPT", "FLUSH"),
    ("FUNCTION", "LIST"),
    ("MIGRATE", "127.0.0.1", "1", "sl:x", "0", "1"),
    ("DUMP", "sl:{0}:events"),
    ("RESTORE", "sl:{0}:events", "0", "x"),
    ("SWAPDB", "0", "1"),
    ("SUBSCRIBE", "x"),
    ("PUBLISH", "x", "y"),
    ("GET", ANY_KEY),
    ("GET", "sl2:partitions"),
    ("GET", "slx"),
    ("EVAL", f"return redis.call('GET', '{ANY_KEY}')", "0"),
    ("EVAL", "return redis.call('FLUSHALL')", "0"),
    ("EVAL", "return redis.call('XLEN', KEYS[1])", "1", "another:{0}:events"),
)
OTHERS_KEYS = {
    Role.RECEIVER: ("sl:audit", "sl:alerts", "sl:backfill", "sl:salesloft:budget", "sl:{runs}", "sl:g:crm"),
    Role.WORKER: ("sl:audit", "sl:receivers", "sl:salesloft:budget", "sl:{runs}:unfinished", "sl:search:key"),
    Role.BACKFILL: ("sl:audit", "sl:alerts", "sl:receivers", "sl:{runs}", "sl:g:crm"),
    Role.OPERATOR: ("sl:audit", "sl:alerts", "sl:backfill", "sl:{runs}", "sl:deliveries"),
    Role.CONSOLE: ("sl:alerts", "sl:subscriptions:disabled"),
    Role.LOOK: ("sl:search:key", "sl:salesloft:budget", "sl:encryption"),
    Role.ACT: ("sl:search:key", "sl:subscriptions:disabled"),
}
"""Keys of this installation that a role has no business with."""


@pytest.mark.parametrize("role", Role)
def test_what_is_outside_is_refused(server: Server, role: Role) -> None:
    """What an administrator does, other prefixes' keys, and keys of others here, in a command and in a script."""
    others: list[tuple[str, ...]] = [("GET", key) for key in OTHERS_KEYS[role]]
    others += [("EVAL", "return redis.call('EXISTS', KEYS[1])", "1", key) for key in OTHERS_KEYS[role]]
    with redis.Redis(port=server.port, username=role, password=password(role)) as client:
        for words in (*REFUSED, *others):
            with pytest.raises(redis.ResponseError, match=REFUSAL):
                ask(client, *words)
    server.refused()


def test_a_missed_right_is_told_once(server: Server) -> None:
    """`tests/conftest.py` fails the test in which it was missed, and no later one; a wrong password is none."""
    with redis.Redis(port=server.port, username=Role.LOOK, password=password(Role.LOOK)) as client:
        with pytest.raises(redis.ResponseError, match=REFUSAL):
            client.flushall()
        with pytest.raises(redis.AuthenticationError):
            client.execute_command("AUTH", Role.LOOK, "wrong")

    assert refused_to_roles() == {"look: command flushall"}
    assert refused_to_roles() == set()


def test_a_server_that_is_stopped_has_told_what_it_refused(own_server: Server) -> None:
    """Also when it is killed: a fixture ends it before anybody asks."""
    client = redis.Redis(port=own_server.start().port, username=Role.LOOK, password=password(Role.LOOK))
    with client, pytest.raises(redis.ResponseError, match=REFUSAL):
        client.flushall()
    own_server.stop(kill=True)

    assert refused_to_roles() == {"look: command flushall"}


def test_who_looks_cannot_write(server: Server) -> None:
    """Not even to keys that `look` may read, and not by a script of its own."""
    with redis.Redis(port=server.port, username=Role.LOOK, password=password(Role.LOOK)) as client:
        for words in (("HSET", "sl:g:crm", "a", "b"), ("EVAL", "redis.call('DEL', KEYS[1])", "1", "sl:groups")):
            with pytest.raises(redis.ResponseError, match=REFUSAL):
                ask(client, *words)
    server.refused()


def test_a_script_without_writes_has_no_right_to_write() -> None:
    """It includes functions that write, which it does not call; the server would refuse it, too."""
    assert not script("history").writes
    assert "'HSETNX'" in script("history").source
    assert calls("history") & WRITES == set()


def test_the_files_are_read_as_they_are() -> None:
    """What a script calls is found in every form that the scripts have: called at once, and collected before."""
    assert {"xclaim", "xgroup|create", "rename"} <= calls("replace_stream")
    assert "set" in calls("pause")
    assert "zadd" in calls("extend")
