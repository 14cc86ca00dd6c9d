"""docs/developing.md leads from nothing to a project whose handlers reload and are tried with one event."""

import asyncio
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from salesloft_webhooks.broker import Publisher, open_store
from salesloft_webhooks.events import NewDelivery, NewEvent
from salesloft_webhooks.settings import Settings
from tests.support.broker_driver import Driven
from tests.support.documents import blocks
from tests.support.servers import Server, free_port
from tests.support.waiting import eventually

PAGE = "docs/developing.md"
PROJECTS, RELOADING, TRYING = (block.text for block in blocks(PAGE, "sh"))
NAME = "acme-hooks"
EVENT, LETTER = (shlex.split(line)[3] for line in TRYING.splitlines()[:2])


def environment(server: Server) -> dict[str, str]:
    """Of somebody who develops."""
    more = {"REDIS_URL": server.url, "OPS_PORT": str(free_port()), "HOST": "127.0.0.1", "LOG_LEVEL": "info"}
    return os.environ | more | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "LOG_FORMAT": "json"}


async def publish(server: Server, event_id: str, event_type: str) -> None:
    """Store an event of a person."""
    settings = Settings.load(redis_url=server.url)
    async with open_store(settings) as store, Publisher(store, settings) as publisher:
        event = NewEvent(event_id, event_type, "person:7", "2026-03-07T04:26:14Z", b'{"id":7,"person_id":7}')
        await publisher.publish(NewDelivery("default", (event,)))


def pasted(text: str, folder: Path, server: Server) -> "subprocess.CompletedProcess[str]":
    """What a shell makes of it."""
    command = ["bash", "-euc", text]
    return subprocess.run(
        command, cwd=folder, env=environment(server), capture_output=True, text=True, check=False, timeout=60
    )


def make(folder: Path, server: Server) -> Path:
    """What the page's first commands write; both of them."""
    ran = pasted(PROJECTS, folder, server)
    assert ran.returncode == 0, ran.stderr
    assert sorted(each.name for each in folder.iterdir()) == ["acme-contacts", NAME]
    assert "/contacts/" in (folder / "acme-contacts" / "acme_contacts" / "handlers.py").read_text()
    return folder / NAME


@contextmanager
def running(project: Path, server: Server) -> Iterator[Path]:
    """The page's worker, ended as Ctrl-C ends it; what it says, as a file."""
    said = project.parent / "said"
    with (
        said.open("wb") as file,
        subprocess.Popen(
            ["bash", "-euc", f"exec {RELOADING}"], cwd=project, env=environment(server), stdout=file, stderr=file
        ) as process,
    ):
        try:
            yield said
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


async def test_what_is_saved_is_what_runs(tmp_path: Path, valkey: Server) -> None:
    """The project's handler greets a new person, and after it was changed, the next one in the new words."""
    project = make(tmp_path, valkey)
    handlers = project / "acme_hooks" / "handlers.py"

    with running(project, valkey) as said:
        await publish(valkey, "e1", "person.created")
        await eventually(lambda: "person.greeted" in said.read_text(), "the first is greeted", 60)
        handlers.write_text(handlers.read_text().replace("person.greeted", "person.welcomed"))
        await eventually(lambda: "changed: acme_hooks/handlers.py" in said.read_text(), "the change is seen", 60)
        await publish(valkey, "e2", "person.created")
        await eventually(lambda: "person.welcomed" in said.read_text(), "the second is welcomed", 60)


async def test_one_event_is_tried(tmp_path: Path, valkey: Server) -> None:
    """A stored event, a dead letter and a file, by the page's three commands; nothing of it changes in the store."""
    project = make(tmp_path, valkey)
    handlers = project / "acme_hooks" / "handlers.py"
    handlers.write_text(handlers.read_text().replace('"person.created"', '"person.*"'))
    (project / "events.json").write_text(json.dumps({"event_type": "person.created", "data": {"id": 8}}))
    await publish(valkey, EVENT, "person.updated")
    await publish(valkey, "dead", "person.created")
    settings = Settings.load(redis_url=valkey.url)
    async with open_store(settings) as store:
        driven = Driven(store, settings, valkey)
        group = await driven.group()
        await driven.kill(group, error="ValueError: no such rep")
    with valkey.client() as redis:
        letter, _ = redis.xrange("sl:{0}:g:crm:dead")[-1]
        before = redis.dbsize(), redis.xlen("sl:{0}:g:crm:dead")

    lines = TRYING.replace(LETTER, f"crm/0/{letter}").splitlines()
    ran = [await asyncio.to_thread(pasted, line, project, valkey) for line in lines]

    assert [each.returncode for each in ran] == [0, 0, 0], [each.stderr for each in ran]
    assert all(": done after " in each.stdout for each in ran)
    with valkey.client() as redis:
        assert (redis.dbsize(), redis.xlen("sl:{0}:g:crm:dead")) == before
