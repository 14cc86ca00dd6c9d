"""`doctor`: each finding is seen with the real thing broken, and none where nothing is."""

import asyncio
import time

import pytest
import yaml

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.announced_keys import AnnouncedKeys, Announcement
from salesloft_webhooks.cli.commands.doctor import salesloft_checks, store_checks
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.simulator.platform.faults import Fault
from tests.integration.cli.examined import SECRET, TOKEN, WORKER, Doctor
from tests.support.platform_thread import PlatformThread
from tests.support.servers import Server, free_port


def test_a_sound_installation_has_no_problem(doctor: Doctor) -> None:
    """Receiver, worker and console pass; what is not configured is skipped, not guessed."""
    for role in ("receiver", "worker", "console"):
        result = doctor.run(role, **WORKER)

        assert result.exit_code == 0, result.output
        assert "problem" not in result.output


def test_a_store_that_is_not_there(doctor: Doctor) -> None:
    """Its absence is one finding, and what does not need it is looked at all the same."""
    nobody = f"redis://127.0.0.1:{free_port()}"

    ((level, says),) = doctor.finds("receiver", "store.reachable", REDIS_URL=nobody)

    assert (level, "refused" in says) == ("problem", True)
    assert [level for level, _ in doctor.finds("receiver", "keys", REDIS_URL=nobody)] == ["ok"]


def test_a_store_that_does_not_keep_its_promise(own_server: Server, doctor: Doctor) -> None:
    """No log on disk, eviction, no limit or one that is nearly reached: each is told, and mended it is not."""
    own_server.start()
    doctor.environment["REDIS_URL"] = own_server.url
    fsync = {"DURABILITY": "fsync"}
    assert doctor.finds("console", "store.durability", **fsync) == [("ok", "keeps what DURABILITY=fsync promises")]
    with own_server.client() as client:
        client.config_set("appendonly", "no")
        client.config_set("maxmemory-policy", "allkeys-lru")
        lost = doctor.finds("console", "store.durability", **fsync)
        no_limit = doctor.finds("console", "store.memory")
        client.config_set("maxmemory", "1gb")
        limit = doctor.finds("console", "store.memory")
        used = int(client.info("memory")["used_memory"])
        client.config_set("maxmemory", used + used // 20)
        nearly_full = doctor.finds("console", "store.memory")

        client.config_set("maxmemory", 0)
        ((ours, says),) = doctor.finds("console", "store.memory", STORE_MAX_BYTES=str(16 * 2**20))

    assert (ours, " of 16 MiB used" in says) == ("ok", True)
    assert [level for level, _ in lost] == ["problem", "warning", "warning"]
    assert "keeps no append-only file" in lost[0][1]
    assert "maxmemory-policy is allkeys-lru" in lost[2][1]
    assert [no_limit[0][0], limit[0][0], nearly_full[0][0]] == ["warning", "ok", "problem"]


def test_a_user_without_rights(own_server: Server, doctor: Doctor) -> None:
    """What the server refuses to this user is told, with where the rights are written down."""
    own_server.start()
    with own_server.client() as client:
        client.execute_command("ACL SETUSER", "reader", "on", ">pass", "~*", "+@read", "+@connection", "+info", "+eval")
    url = own_server.url.replace("://", "://reader:pass@")

    result = doctor.run("console", REDIS_URL=url)

    assert result.exit_code == 1
    assert "NOPERM" in result.output or "permission" in result.output
    assert "docs/operations.md" in result.output


def test_a_server_that_takes_no_deliveries(own_server: Server, doctor: Doctor) -> None:
    """One that is full, and one that only follows another: each is told before a receiver answers 503 for it."""
    own_server.start()
    doctor.environment["REDIS_URL"] = own_server.url
    sound = doctor.finds("receiver", "store.writes")
    with own_server.client() as client:
        client.config_set("maxmemory", "1mb")
        full = doctor.finds("receiver", "store.writes")
        client.config_set("maxmemory", "0")
        client.replicaof("127.0.0.1", free_port())
        follows = doctor.finds("receiver", "store.writes")

    assert [each[0][0] for each in (sound, full, follows)] == ["ok", "problem", "problem"]


def test_a_server_that_is_too_old(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """It lacks commands that we send; each engine has its own oldest version."""
    found = iter(("redis 6.2.14", "valkey 7.0.0", "redis 7.0.15"))

    async def server_version(_store: object) -> str:
        return next(found)

    monkeypatch.setattr(store_checks, "server_version", server_version)

    assert [doctor.finds("console", "store.version")[0][0] for _ in range(3)] == ["problem", "problem", "ok"]


def test_clocks_that_differ(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """This machine's against the store's."""
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 60)

    assert doctor.finds("console", "clock.store") == [("warning", "this machine's clock is +60 s from the store's")]


def test_versions_that_run_side_by_side(doctor: Doctor) -> None:
    """Receivers of another version have announced themselves."""
    assert doctor.finds("worker", "versions")[0][0] == "skipped"

    async def announce() -> None:
        async with open_store(Settings.load(redis_url=doctor.environment["REDIS_URL"])) as store:
            await AnnouncedKeys(store).announce("r1", Announcement(version="0.0.9", sources={}))

    asyncio.run(announce())

    ((level, says),) = doctor.finds("worker", "versions")
    assert (level, "1 receiver(s) of version 0.0.9" in says) == ("warning", True)


def test_keys_and_their_files(doctor: Doctor) -> None:
    """No key, a file that is away, one that others may read or write, and two keys during a rotation."""
    file = doctor.folder / "keys"
    of_file = {"SALESLOFT_WEBHOOK_SECRET": None, "SALESLOFT_WEBHOOK_SECRET_FILE": str(file)}
    none = doctor.finds("receiver", "keys", SALESLOFT_WEBHOOK_SECRET=None)
    away = doctor.finds("receiver", "keys", **of_file)
    file.write_text(f"{SECRET},another-{SECRET}")
    levels = []
    for mode in (0o600, 0o644, 0o646):
        file.chmod(mode)
        levels.append({level for level, _ in doctor.finds("receiver", "files", **of_file)})

    assert [none[0][0], away[0][0]] == ["problem", "problem"]
    assert levels == [{"ok"}, {"warning"}, {"problem"}]
    assert doctor.finds("receiver", "keys", **of_file) == [
        ("ok", "source default: 2 envelope secrets (a rotation is under way)")
    ]


def test_what_is_wrong_at_salesloft(doctor: Doctor, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, a wrong token, too small a scope, a clock an hour ahead, and what is declared and not there."""
    monkeypatch.setattr(salesloft_checks, "WAITING_SECONDS", 1.0)
    assert doctor.finds("receiver", "salesloft.access")[0][0] == "skipped"
    declared = doctor.folder / "subscriptions.yaml"
    with PlatformThread() as salesloft:
        salesloft.do(lambda platform: platform.access.allow(TOKEN))
        doctor.environment |= {"SALESLOFT_API_URL": salesloft.platform.url, "SALESLOFT_API_TOKEN": TOKEN}
        fine = doctor.finds("receiver", "salesloft.access")
        clock = doctor.finds("receiver", "clock.salesloft")
        wrong = doctor.finds("receiver", "salesloft.access", SALESLOFT_API_TOKEN="another-token-that-nobody-knows")
        salesloft.do(lambda platform: platform.faults.order(Fault.FORBIDDEN))
        forbidden = doctor.finds("receiver", "salesloft.access")
        salesloft.do(lambda platform: platform.faults.order(Fault.WRONG_DATE))
        ahead = doctor.finds("receiver", "clock.salesloft")
        spec = {"callbackUrl": "https://hooks.example.com/webhooks/salesloft", "events": ["person_updated"]}
        declared.write_text(yaml.safe_dump({"kind": "SalesloftSubscription", "spec": spec}))
        master = {"SALESLOFT_CALLBACK_SECRET": "a-master-key-that-is-long-enough-for-all"}
        missing = doctor.finds("receiver", "subscriptions", **master)

    assert [fine[0][0], clock[0][0]] == ["ok", "ok"]
    assert [wrong[0][0], forbidden[0][0], ahead[0][0]] == ["problem", "problem", "problem"]
    assert missing == [("problem", "what SalesLoft sends is not what subscriptions.yaml declares")]


def test_people_are_told_what_to_do_and_scripts_may_be_strict(doctor: Doctor) -> None:
    """Below each finding stands what to do; with --strict a warning fails as a problem does."""
    sound = doctor.run("console")

    assert sound.exit_code == 0
    assert "warning  store.durability" in sound.output
    assert "-> configure the server (docs/operations.md says how)" in sound.output
    assert doctor.run("console", "--strict").exit_code == 1
