"""What `doctor` finds of a worker's group, with the real thing broken."""

import asyncio
from typing import Any

import pytest
import yaml

from salesloft_webhooks.simulator.platform import Fault, SimulatedPlatform
from tests.integration.cli.examined import TOKEN, WORKER, Doctor
from tests.support.servers import free_port
from tests.support.standins import hubspot, salesforce
from tests.support.standins import slack as slack_standin
from tests.support.standins.http import Answer, StandIn
from tests.support.standins.hubspot import HubSpot
from tests.support.standins.salesforce import Salesforce
from tests.support.standins.slack import Slack


def test_a_database_that_is_away_or_of_another_version(doctor: Doctor) -> None:
    """Nobody listens; the tables are an older or a later version's; what is migrated passes, unchanged by the look."""
    from sqlalchemy import text  # noqa: PLC0415 - only this test writes SQL

    from salesloft_webhooks.handlers.database.engine import create_engine  # noqa: PLC0415
    from salesloft_webhooks.handlers.database.migrations import migrate  # noqa: PLC0415

    url = doctor.environment["DATABASE_URL"]
    nobody = f"postgresql://u:p@127.0.0.1:{free_port()}/d?connect_timeout=3"
    away = doctor.finds("worker", "database.reachable", **WORKER, DATABASE_URL=nobody)
    not_yet = doctor.finds("worker", "database.reachable", **WORKER)
    assert not (doctor.folder / "events.db").exists()

    async def change(statement: str = "") -> None:
        engine = create_engine(url)
        if not statement:
            await migrate(engine)
        else:
            async with engine.begin() as connection:
                await connection.execute(text(statement))
        await engine.dispose()

    asyncio.run(change())
    now = doctor.finds("worker", "database.schema", **WORKER)
    asyncio.run(change("UPDATE alembic_version SET version_num = '9999'"))
    later = doctor.finds("worker", "database.schema", **WORKER)
    asyncio.run(change("UPDATE alembic_version SET version_num = '0001'"))
    older = doctor.finds("worker", "database.schema", **WORKER)
    asyncio.run(change("UPDATE alembic_version SET version_num = '1975ea83b712'"))
    foreign = doctor.finds("worker", "database.schema", **WORKER)

    assert foreign[0][0] == "problem"
    assert "another application" in foreign[0][1]
    assert later[0][0] == "ok"
    assert "of a later version" in later[0][1]
    assert [away[0][0], not_yet[0][0], now[0][0], older[0][0]] == ["problem", "ok", "ok", "warning"]
    assert "at revision 0001" in older[0][1]


def test_handlers_that_cannot_work(doctor: Doctor) -> None:
    """A module that cannot be imported and a lifespan that fails are told with the author's line."""
    (doctor.folder / "doctored_a.py").write_text("import nowhere_at_all\n")
    lifespan = "@asynccontextmanager\nasync def lifespan(settings):\n    raise OSError('no such host')\n    yield\n"
    head = "from contextlib import asynccontextmanager\nfrom salesloft_webhooks import Router\n"
    tail = "router = Router(lifespan)\n@router.on('*')\nasync def handle(event): ...\n"
    (doctor.folder / "doctored_b.py").write_text(head + lifespan + tail)

    (broken,) = doctor.finds("worker", "handlers", WORKER_GROUP="a", WORKER_HANDLERS="doctored_a:router")
    (closed,) = doctor.finds("worker", "handlers.resources", WORKER_GROUP="a", WORKER_HANDLERS="doctored_b:router")

    assert (broken[0], "doctored_a.py:1" in broken[1]) == ("problem", True)
    assert closed == ("problem", "OSError: no such host (doctored_b.py:5)")


async def test_a_crm_with_a_wrong_token_or_without_a_field(doctor: Doctor) -> None:
    """HubSpot lets nobody in, or lacks a field of the file; else all is well."""
    file = doctor.folder / "handlers.yaml"

    async def finds(check: str) -> list[tuple[str, str]]:
        settings = {"WORKER_GROUP": "crm", "HANDLERS_FILE": str(file)}
        return await asyncio.to_thread(doctor.finds, "worker", check, **settings)

    async with HubSpot().running() as standin:
        section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": standin.url}
        file.write_text(yaml.safe_dump({"crm": section}))
        fine = await finds("crm.fields")
        file.write_text(yaml.safe_dump({"crm": {**section, "deleted_field": "nobody_has_it"}}))
        lacking = await finds("crm.fields")
        scopes = {"requiredGranularScopes": ["crm.schemas.contacts.read"]}
        lacks = {"status": "error", "category": "MISSING_SCOPES", "errors": [{"message": "", "context": scopes}]}
        standin.answers.append(Answer(403, lacks))
        refused = await finds("crm.access")

    assert fine[0][0] == "ok"
    assert (lacking[0][0], "nobody_has_it" in lacking[0][1]) == ("problem", True)
    assert (refused[0][0], "needs crm.schemas.contacts.read" in refused[0][1]) == ("problem", True)


async def test_a_salesforce_that_does_not_let_us_in_or_lacks_a_field(doctor: Doctor) -> None:
    """A wrong secret, a field of the file that is not there; else all is well."""
    file = doctor.folder / "handlers.yaml"
    settings = {"WORKER_GROUP": "crm", "HANDLERS_FILE": str(file)}

    async def finds(check: str, **more: str) -> list[tuple[str, str]]:
        login = {"login_url": standin.url, "client_id": salesforce.CLIENT_ID, "client_secret": salesforce.CLIENT_SECRET}
        file.write_text(yaml.safe_dump({"crm": {"backend": "salesforce", **login, **more}}))
        return await asyncio.to_thread(doctor.finds, "worker", check, **settings)

    async with Salesforce().running() as standin:
        fine = await finds("crm.fields")
        lacking = await finds("crm.fields", deleted_field="Nobody_Has_It__c")
        refused = await finds("crm.access", client_secret="wrong")

    assert [fine[0][0], lacking[0][0], refused[0][0]] == ["ok", "problem", "problem"]
    assert "Nobody_Has_It__c" in lacking[0][1]


async def test_an_endpoint_that_is_not_there(doctor: Doctor) -> None:
    """Nobody listens, or the address is one of the inside; nothing is sent to one that is there."""
    file = doctor.folder / "handlers.yaml"

    async def finds(url: str, **more: bool) -> tuple[str, str]:
        secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
        file.write_text(yaml.safe_dump({"forward": {"billing": {"url": url, "secrets": [secret], **more}}}))
        settings = {"WORKER_GROUP": "forward-billing", "HANDLERS_FILE": str(file)}
        (found,) = await asyncio.to_thread(doctor.finds, "worker", "endpoint", **settings)
        return found

    async with HubSpot().running() as standin:
        there = await finds(standin.url, allow_private_addresses=True)
        requests = list(standin.requests)
    away = await finds(f"http://127.0.0.1:{free_port()}", allow_private_addresses=True)
    inside = await finds("http://localhost:8080")

    assert [there[0], away[0], inside[0]] == ["ok", "problem", "problem"]
    assert "private" in inside[1]
    assert requests == []


async def test_what_notify_tells_people_by(doctor: Doctor) -> None:
    """A service that nobody reaches, a Slack app's token that is wrong or may not enough; nobody is told anything."""
    file = doctor.folder / "handlers.yaml"

    async def finds(check: str, **section: Any) -> list[tuple[str, str]]:
        file.write_text(yaml.safe_dump({"notify": section}))
        settings = {"WORKER_GROUP": "notify", "HANDLERS_FILE": str(file)}
        access = {"SALESLOFT_API_TOKEN": TOKEN, "SALESLOFT_API_URL": platform.url}
        return await asyncio.to_thread(doctor.finds, "worker", check, **settings, **access)

    nobody = free_port()
    async with SimulatedPlatform() as platform, Slack().running() as slack, StandIn().running() as service:
        assert isinstance(slack, Slack)
        platform.access.allow(TOKEN)
        urls = [
            f"slack+{service.url}/a-secret",
            f"teams+http://127.0.0.1:{nobody}/a-secret",
            "json://localhost/a-secret",
        ]
        endpoints = await finds("endpoint", default_urls=urls)
        others = await finds("notify.addresses", default_urls=urls)
        none = await finds("notify.addresses")
        app = {"token": slack_standin.TOKEN, "base_url": slack.url}
        fine = await finds("notify.slack", slack=app)
        wrong = await finds("notify.slack", slack={**app, "token": "xoxb-another"})
        slack.scopes = "chat:write,users:read"
        less = await finds("notify.slack", slack=app)
        slack.scopes = None
        unknown = await finds("notify.slack", slack=app)
        away = await finds("notify.slack", slack={**app, "base_url": f"http://127.0.0.1:{nobody}/api"})

    assert [level for level, _ in endpoints] == ["ok", "problem"]
    assert f"teams at 127.0.0.1:{nobody}" in endpoints[1][1]
    assert [each[0] for each in (*others, *none)] == ["skipped", "warning"]
    assert [each[0][0] for each in (fine, wrong, less, unknown, away)] == ["ok", "problem", "problem", "ok", "problem"]
    assert "lacks users:read.email" in less[0][1]
    assert "invalid_auth" in wrong[0][1]
    assert "a-secret" not in f"{endpoints}{others}{none}"
    assert (slack.messages, service.requests) == ([], [])


@pytest.mark.parametrize(
    ("url", "check"),
    [
        ("slack+https://127.0.0.1:abc/a-secret", "notify.addresses"),
        ("https://hooks.slack.com/services/T/B/a-secret\n", "notify.addresses"),
        ("teams+https://a..b/a-secret", "endpoint"),
        (f"teams+https://{'a' * 64}.example/a-secret", "endpoint"),
    ],
    ids=["a port", "the newline of `echo | base64`", "a host", "a long name"],
)
async def test_what_is_no_address_is_a_finding(doctor: Doctor, url: str, check: str) -> None:
    """Whoever mistyped one learns it beside everything else, and not from a traceback."""
    file = doctor.folder / "handlers.yaml"
    file.write_text(yaml.safe_dump({"notify": {"default_urls": [url]}}))

    found = await asyncio.to_thread(doctor.finds, "worker", check, WORKER_GROUP="notify", HANDLERS_FILE=str(file))

    assert [level for level, _ in found] == ["problem"]
    assert "a-secret" not in str(found)


@pytest.mark.parametrize("group", ["notify", "crm"])
async def test_reps_by_address_need_salesloft_s_users(doctor: Doctor, group: str) -> None:
    """Whoever may not list them would find out with the first event; a group that does not need them does not ask."""
    file = doctor.folder / "handlers.yaml"
    settings = {"WORKER_GROUP": group, "HANDLERS_FILE": str(file), "SALESLOFT_API_TOKEN": TOKEN}

    async def finds(*, by_email: bool, **more: str) -> list[tuple[str, str]]:
        if group == "notify":
            section: dict[str, Any] = {"reps": {"robin@example.com" if by_email else 7: {"urls": ["json://localhost"]}}}
        else:
            owners = {"owner_field": "hubspot_owner_id", "owners": {"robin@example.com" if by_email else 7: "1"}}
            section = {"backend": "hubspot", "token": hubspot.TOKEN, "base_url": standin.url, **owners}
        file.write_text(yaml.safe_dump({group: section}))
        return await asyncio.to_thread(doctor.finds, "worker", "salesloft.users", **settings, **more)

    async with HubSpot().running() as standin, SimulatedPlatform() as platform:
        platform.access.allow(TOKEN)
        settings["SALESLOFT_API_URL"] = platform.url
        fine = await finds(by_email=True)
        unneeded = await finds(by_email=False)
        platform.faults.order(Fault.FORBIDDEN, path="/v2/users", times=1)
        forbidden = await finds(by_email=True)
        platform.access.revoke(TOKEN)
        revoked = await finds(by_email=True)

    assert [fine[0][0], forbidden[0][0], revoked[0][0]] == ["ok", "problem", "problem"]
    assert unneeded == []


def test_a_warehouse_without_its_folder(doctor: Doctor) -> None:
    """One that is not there, or that is a file; nothing is made of it."""
    file, folder = doctor.folder / "handlers.yaml", doctor.folder / "warehouse"
    file.write_text(yaml.safe_dump({"warehouse": {"url": f"file://{folder}"}}))
    settings = {"WORKER_GROUP": "warehouse", "HANDLERS_FILE": str(file)}

    away = doctor.finds("worker", "warehouse.storage", **settings)
    assert not folder.exists()
    folder.touch()
    no_folder = doctor.finds("worker", "warehouse.storage", **settings)
    folder.unlink()
    folder.mkdir()
    there = doctor.finds("worker", "warehouse.storage", **settings)

    assert [each[0][0] for each in (away, no_folder, there)] == ["problem", "problem", "ok"]
    assert [*folder.iterdir()] == []
