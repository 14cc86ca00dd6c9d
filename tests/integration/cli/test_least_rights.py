"""The users of people: `look` for commands that change nothing, `act` for all of them."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from salesloft_webhooks.broker import decide_partitions, quarantine
from salesloft_webhooks.broker.administration.run_records import NewRun, RunKind
from salesloft_webhooks.broker.administration.runs import begin
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.broker.rights import PUBLISHING, RIGHTS, Role
from salesloft_webhooks.cli.application import application
from salesloft_webhooks.errors import UnreadableReason
from salesloft_webhooks.subscriptions import MasterKey
from tests.console.store_contents import put_one_of_each
from tests.integration.broker.administration.archive_steps import begun
from tests.integration.cli.administered import Console
from tests.integration.cli.archives import event, folder, put
from tests.support.archived_events import Listed, archived
from tests.support.broker_driver import Driven
from tests.support.platform_thread import PlatformThread
from tests.support.receiver_process import envelope
from tests.support.recorded_commands import OF_CONNECTIONS, Recorder
from tests.support.servers import Server
from tests.support.store_users import as_role
from tests.support.waiting_follow_up import let_one_wait

KEY, TOKEN = "1" * 64, "an-invented-api-token"
LOOKING = (
    "status",
    "events search --type person.*",
    "events attempts dead",
    "events show dead",
    "quarantine list",
    "quarantine show {delivery}",
    "runs list",
    "runs show {run}",
    "dead list",
    "dead show {letter}",
    "groups list",
    "groups show crm",
    "alerts status",
    "backfill status",
    "body-keys list",
    "follow-ups list",
    "follow-ups cancel --all --dry-run",
    "audit",
    "erase --person 1 --dry-run",
)
ACTING = (
    "groups pause crm",
    "groups resume crm",
    "groups limit crm --max-running 3 --rate 9/s",
    "groups limit crm --forget",
    "groups limit crm --handler sync --max-running 3",
    "runs stop {run}",
    "follow-ups run-now {follow_up}",
    "follow-ups cancel --all --key other --yes",
    "dead discard {letter} --yes",
    "dead redrive {other}",
    "replay crm --since 1h --yes",
    "quarantine reprocess --all --yes",
    "quarantine discard --all --yes",
    "backfill forget people --yes",
    "subscriptions list",
    "subscriptions apply --yes",
    "subscriptions remove --yes",
    "erase --person 1 --yes",
    "groups remove crm --yes",
    "replay crm --from warehouse --yes",
    "groups remove crm --yes --force",
)
NOT_DONE = {"quarantine reprocess --all --yes": 4, "groups remove crm --yes": 1}
"""Exit codes of what cannot be done in full: a delivery stays unreadable, and a worker has been there a moment ago."""


async def fill(driven: Driven) -> None:
    """One of each, a run that waits, a delivery that can be read by now, a receiver that says which key it has."""
    await put_one_of_each(driven.store, driven.settings, driven.server)
    await begun(driven, Listed(archived(1)), "activity")
    group = await driven.group(consumer="two")
    await driven.publish("another")
    await driven.kill(group)
    await driven.publish("ones", person=1)
    await let_one_wait(driven.store, 1)
    for key in ("first", "other"):
        await let_one_wait(driven.store, 2, key=key, after=60)
    await group.handler_limits.declare({"sync": "8 - data.user.id"}, refresh=False)
    reason = UnreadableReason.NOT_JSON
    await quarantine(driven.store, source="s", dialect="envelope", reason=reason, body=envelope("kept"), limit=9)
    new = NewRun(kind=RunKind.REDRIVE, by="ada", group="crm", selection={"reason": "poison"}, total=7, ends=("0-0",))
    await begin(driven.store, new)
    said = Announcement(version="0", sources={"default": (MasterKey(KEY.encode()).fingerprint,)})
    await AnnouncedKeys(driven.store).announce("receiver", said)
    with driven.server.client() as client:
        client.hset("sl:backfill", mapping={"role/people/cursor": "x", "role/people/seen": "x"})


async def spread(driven: Driven) -> None:
    """A second partition: what is reserved there is reserved nowhere else."""
    await decide_partitions(driven.store, 2)


@dataclass
class Person:
    """Somebody at a terminal."""

    recorder: Recorder
    role: Role
    environment: dict[str, str]

    def run(self, line: str) -> Result:
        """A command."""
        url = as_role(f"redis://127.0.0.1:{self.recorder.port}/0", self.role)
        return CliRunner().invoke(application(), line.split(), env={"REDIS_URL": url, **self.environment})


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """A SalesLoft, keys, and what is declared."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").write_text(KEY)
    put(folder(tmp_path / "warehouse"), [event(1), event(2, event_type="nobody.wants"), event(3, person=2)])
    spec = {"callbackUrl": "https://hooks.example.com/x", "events": ["person_updated"]}
    (tmp_path / "subscriptions.yaml").write_text(json.dumps({"kind": "SalesloftSubscription", "spec": spec}))
    with PlatformThread() as salesloft:
        salesloft.do(lambda platform: platform.access.allow(TOKEN))
        yield {
            "SALESLOFT_API_URL": salesloft.platform.url,
            "SALESLOFT_API_TOKEN": TOKEN,
            "SALESLOFT_CALLBACK_SECRET_FILE": str(tmp_path / "keys"),
        }


def test_people_have_what_their_commands_need(server: Server, environment: dict[str, str]) -> None:
    """Each command works with its user, the server refuses nothing, and no right is there that no command needs."""
    administrator = Console(server)
    administrator.arrange(fill)
    listed = {
        "letter": administrator.read("dead", "list")["dead"][0]["letter"],
        "other": administrator.read("dead", "list")["dead"][1]["letter"],
        "delivery": administrator.read("quarantine", "list")["quarantine"][0]["reference"],
        "run": next(run["run_id"] for run in administrator.read("runs", "list")["runs"] if run["kind"] == "redrive"),
        "follow_up": administrator.read("follow-ups", "list", "--key", "first")["follow_ups"][0]["event_id"],
    }
    for role, lines in ((Role.LOOK, LOOKING), (Role.ACT, LOOKING + ACTING)):
        if role is Role.ACT:
            administrator.arrange(spread)
        with Recorder(server.port) as recorder:
            person = Person(recorder, role, environment)
            for line in lines:
                result = person.run(line.format(**listed))
                code = NOT_DONE.get(line, 0)
                assert result.exit_code == code, f"{role}: {line}: {result.output}"
        sent, rights = recorder.sent, RIGHTS[role]
        shared = PUBLISHING if role is Role.ACT else type(PUBLISHING)()
        assert server.refused() == set()
        assert sent.scripts - rights.scripts == set()
        assert {each for each in sent.commands - rights.commands if not each.startswith(OF_CONNECTIONS)} == set()
        assert rights.scripts - sent.scripts - shared.scripts - {"count"} == set()
        assert rights.commands - sent.commands - shared.commands - {"bgrewriteaof", "bgsave", "srem", "unlink"} == set()


def test_who_looks_cannot_act(server: Server, environment: dict[str, str]) -> None:
    """A command that changes something is refused to `look`, and changes nothing."""
    Console(server).arrange(fill)
    with Recorder(server.port) as recorder:
        person = Person(recorder, Role.LOOK, environment)
        for line in ("groups pause crm", "dead redrive --group crm --all", "erase --person 1 --yes"):
            result = person.run(line)

            assert result.exit_code != 0, line
    assert server.refused() != set()
    assert Console(server).read("dead", "list")["dead"] != []
