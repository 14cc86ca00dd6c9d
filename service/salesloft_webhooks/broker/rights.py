"""Who may do what in the store: each role's scripts, commands and keys, in one place.

A user of Redis for each role has what that role uses and nothing else (`acl_words`). What a script calls is read from
the script itself, in all its branches, so a script that comes to call another command needs no change here; a role that
comes to run another script does, and so does one that comes to send another command or to use another key. Tests let
every role do everything with its rights, and compare what it sent with what stands here: nothing is missing, and
nothing is there that is not used.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import MappingProxyType
from typing import Self

from msgspec import Struct

from salesloft_webhooks.broker.scripts import script

_CALL = re.compile(r"\bp?call\('([A-Z]+)'(?:, '([A-Z]+)')?")
_COLLECTED = re.compile(r"^\s*local .*= .*\{ '([A-Z]+)', ", re.MULTILINE)
"""A command whose words a script collects before it calls it."""
_CONTAINERS = frozenset({"memory", "xgroup", "xinfo"})
"""Commands whose second word says what they do."""
WRITES = frozenset(
    {
        "del",
        "expire",
        "hdel",
        "hincrby",
        "hset",
        "hsetnx",
        "lpop",
        "lpush",
        "lrem",
        "ltrim",
        "persist",
        "pexpire",
        "pexpireat",
        "rename",
        "rpush",
        "sadd",
        "set",
        "srem",
        "unlink",
        "xack",
        "xadd",
        "xclaim",
        "xdel",
        "xgroup|create",
        "xgroup|createconsumer",
        "xgroup|delconsumer",
        "xgroup|destroy",
        "xreadgroup",
        "xsetid",
        "xtrim",
        "zadd",
        "zincrby",
        "zpopmin",
        "zrem",
        "zremrangebyscore",
    }
)
"""What changes the store, of all that is called. A script without writes may include functions that call some of it; it
never does, since the server would refuse it."""
_GLOB = re.compile(r"([\\*?\[\]])")
PARTITIONED = "{[0-9]*"
"""The keys of all partitions; those of runs, which stand beside them, are not among them."""
RUNS = "{runs}*"
EVERYBODY = ("-@all", "+@connection", "-@dangerous", "+eval", "+evalsha")
"""To log in, to wait for a write, to run scripts. By category: Redis 7.0 does not know all of its commands by name."""
CLUSTER = ("+cluster|slots",)
SENTINEL = ("resetkeys", "resetchannels", "-@all", "+@connection", "-@dangerous", "+sentinel|masters")
"""The rights of whoever asks Sentinels, there: the same for all roles."""


class Role(StrEnum):
    """Whoever logs in to the store, under a user of this name."""

    RECEIVER = "receiver"
    WORKER = "worker"
    BACKFILL = "backfill"
    OPERATOR = "operator"
    CONSOLE = "console"
    LOOK = "look"
    """People who look by command, and change nothing."""
    ACT = "act"
    """People who look and act by command."""


class Rights(Struct, frozen=True):
    """What somebody uses.

    Attributes:
        scripts: By their names.
        commands: Those that are sent by themselves, as an ACL names them, beside `EVERYBODY`.
        keys: Patterns behind the prefix.
    """

    scripts: frozenset[str] = frozenset()
    commands: frozenset[str] = frozenset()
    keys: frozenset[str] = frozenset()

    def __or__(self, other: Self) -> "Rights":
        """What both use together."""
        return Rights(self.scripts | other.scripts, self.commands | other.commands, self.keys | other.keys)

    @property
    def called(self) -> frozenset[str]:
        """Every command that is sent, or called by one of the scripts."""
        return self.commands.union(*(calls(name) for name in self.scripts))


def _rights(scripts: str = "", commands: str = "", keys: str = "") -> Rights:
    return Rights(frozenset(scripts.split()), frozenset(commands.split()), frozenset(keys.split()))


_FOLLOWING = _rights("", "get hgetall exists", f"partitions {PARTITIONED}")
"""How many partitions there are."""
_MEASURING = _rights("stats count", "smembers", f"groups {PARTITIONED}")
PUBLISHING = _FOLLOWING | _rights(
    "publish reserve recall probe make_room forget_records format_readers raise_format seal open agree",
    "hget info config|get pttl smembers zrange",
    "groups format encryption",
)
"""Of a receiver, and of whoever else stores events: which ways are gone depends on the store and not on the role."""
_WORKING = _rights(
    "take settle extend look register enlist describe expire_unhandled pause retire attend audit trim make_room "
    "ask_later begin_later end_later permits keep_permits set_limits "
    "handler_permits keep_handler_permits limit_handlers "
    "forget_records once adopt bundle history",
    "hget xread info xinfo|groups xrange xpending lindex zscore zadd expire",
    "encryption format groups g:*",
)
_TELLING = _rights("alert_ledger look_dead stored_pauses announced", "", "alerts backfill subscriptions:disabled")
"""Of one of the workers, which tells people."""
_LOOKING = (
    _FOLLOWING
    | _MEASURING
    | _rights(
        "announced entries_of history holdings list_later search waiting_later",
        "lrange xlen xrange xrevrange zrange zrevrange",
        f"audit backfill deliveries receivers samples g:* {RUNS}",
    )
)
"""Of the console and of people's commands."""
_ACTING = PUBLISHING | _rights(
    "cancel_later clock copy_stream discard end_later erase limit_handlers note_act note_erased pause redrive "
    "replace_stream replay run_later salesloft_budget set_limits stop_run",
    "bgrewriteaof bgsave del hset srem unlink xdel",
    "salesloft:*",
)

RIGHTS: Mapping[Role, Rights] = MappingProxyType(
    {
        Role.RECEIVER: PUBLISHING
        | _MEASURING
        | _rights("quarantine receivers delivery_counts", "xlen xinfo|groups", "receivers deliveries"),
        Role.WORKER: _FOLLOWING | _MEASURING | _WORKING | _TELLING,
        Role.BACKFILL: PUBLISHING
        | _MEASURING
        | _rights(
            "backfill salesloft_budget arrivals quarantine receivers",
            "",
            "backfill salesloft:budget subscriptions:disabled",
        ),
        Role.OPERATOR: _FOLLOWING
        | _MEASURING
        | _rights(
            "announced limit_handlers salesloft_budget stored_pauses replace_pause set_limits",
            "hget zrange",
            "receivers salesloft:budget g:*",
        ),
        Role.CONSOLE: _LOOKING
        | _ACTING
        | _rights(
            "begin_run commit_run count_dead end_archive_run lanes lead_runs look_dead pass_run sample stored_pauses",
            "set",
            "search:key",
        ),
        Role.LOOK: _LOOKING | _rights("", "hget", "alerts"),
        Role.ACT: _LOOKING
        | _ACTING
        | _rights(
            "active end_archive_run known_archived pass_run remove_group replay_archived reserve_archived "
            "stored_pauses",
            "hdel hsetnx",
            "alerts",
        ),
    }
)


@cache
def calls(name: str) -> frozenset[str]:
    """The commands that a script calls in any of its branches, as an ACL names them."""
    found = set()
    lua = script(name)
    for command, word in [*_CALL.findall(lua.source), *((each, "") for each in _COLLECTED.findall(lua.source))]:
        lower = command.lower()
        found.add(f"{lower}|{word.lower()}" if lower in _CONTAINERS else lower)
    return frozenset(found if lua.writes else found - WRITES)


def acl_words(role: Role, prefix: str = "sl", *, cluster: bool = False) -> list[str]:
    """A user's rights, as ACL SETUSER takes them: those of before are taken away, passwords stay.

    Args:
        role: Whose.
        prefix: REDIS_KEY_PREFIX.
        cluster: Whether it is a Redis Cluster.
    """
    rights, literal = RIGHTS[role], _GLOB.sub(r"\\\1", prefix)
    keys = [f"~{literal}:{pattern}" for pattern in sorted(rights.keys)]
    commands = [f"+{command}" for command in sorted(rights.called)]
    return ["resetkeys", "resetchannels", *keys, *EVERYBODY, *commands, *(CLUSTER if cluster else ())]
