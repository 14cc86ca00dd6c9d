"""Writes ``docs/redis_users.md``: which rights each role has in the store."""

from collections.abc import Iterator

from salesloft_webhooks.broker.rights import CLUSTER, EVERYBODY, RIGHTS, SENTINEL, WRITES, Role

BEGINNING = """\
# Users of Redis

<!-- Written by `make docs` from service/salesloft_webhooks/broker/rights.py; do not edit. -->

One user for all does (`REDIS_URL`). With one for each role, a password that is stolen is worth what that role may do,
and no more ([threat model](threat_model.md)). The program prints them for your `REDIS_KEY_PREFIX`; a line of ACL
SETUSER leaves the passwords as they are, so it can be given again after an upgrade that needs more:

```sh
salesloft-webhooks acl
salesloft-webhooks acl worker receiver --cluster
salesloft-webhooks acl --passwords passwords --file
salesloft-webhooks acl --sentinel
```

Piped into redis-cli they are given to a server, each line as one command and nothing on a command line that others can
see. `--passwords` names a folder with a file for each role; only the SHA-256 of what they hold is
printed. With `--file` the lines are those of the server's `aclfile`, which `ACL LOAD` reads. `--user-prefix` tells
the users of several installations on one server apart; each has its own `REDIS_KEY_PREFIX`.

Order of an upgrade: first the lines of the new version, then its pods; a right too much harms nobody meanwhile. Where
a right lacks the server says `NOPERM`, and `ACL LOG` says of whom and what.

Give each process its login by `REDIS_USERNAME` and `REDIS_PASSWORD_FILE`, in the chart by `redis.users`. People's
commands log in as `look` or as `act`; `salesloft-webhooks backfill` as `backfill`, `operator release` as `operator`.

## Who has what

Every user has `{everybody}`: logging in, WAIT, scripts; by category, because Redis 7.0 does not know all of these by
name. With Redis Cluster also `{cluster}`. The one at Sentinels has `{sentinel}`. No user may publish or subscribe to
any channel, use keys of other prefixes, administer the server, or see what others do. `console` and `act` have the
files of the server made again after an erasure (`bgrewriteaof`, `bgsave`); without these two a person is erased from
memory, and the page says that the files are left.

"""


def redis_users_page() -> str:
    """``docs/redis_users.md``."""
    beginning = BEGINNING.format(
        everybody=" ".join(EVERYBODY), cluster=" ".join(CLUSTER), sentinel=" ".join(SENTINEL[2:])
    )
    return beginning + "".join(_summary()) + "".join(part for role in Role for part in _role(role))


def _summary() -> Iterator[str]:
    yield "| user | scripts | commands | of these, that change something | keys |\n|---|---|---|---|---|\n"
    for role in Role:
        rights = RIGHTS[role]
        counts = len(rights.scripts), len(rights.called), len(rights.called & WRITES) or "none", len(rights.keys)
        yield f"| `{role}` | {' | '.join(map(str, counts))} |\n"


def _role(role: Role) -> Iterator[str]:
    rights = RIGHTS[role]
    yield f"\n## {role}\n\n"
    yield "| what | which |\n|---|---|\n"
    yield f"| keys, behind the prefix | {_listed(rights.keys)} |\n"
    yield f"| scripts it runs | {_listed(rights.scripts)} |\n"
    yield f"| commands it sends itself | {_listed(rights.commands)} |\n"
    yield f"| commands it may use, with those of its scripts | {_listed(rights.called)} |\n"


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`".replace("|", "\\|") for name in sorted(names))
