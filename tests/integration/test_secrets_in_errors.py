"""A secret that stands anywhere in the settings or their files is in no error, traceback or log."""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from salesloft_webhooks.broker import open_store
from salesloft_webhooks.broker.connection.store import translated
from salesloft_webhooks.handlers.database.engine import create_engine
from salesloft_webhooks.handlers.loading import load_group
from salesloft_webhooks.receiver.sources import load_sources
from salesloft_webhooks.settings import Settings
from tests.support.servers import free_port

SECRET = "Xk9-planted_T0ken"
SHAPES = [
    "{}",
    " {} ",
    "{},{}",
    "redis://:{}@127.0.0.1:1/0",
    "redis://{}:1/0",
    "redis://127.0.0.1:{}/0",
    "redis://127.0.0.1:1/{}",
    "redis://127.0.0.1:1/0?{}=1",
    "redis://127.0.0.1:1/0?db={}",
    "rediss+sentinel://:{}@127.0.0.1:1,[{}]/main",
    "redis+sentinel://127.0.0.1:1/{}/{}",
    "redis+cluster://{}@127.0.0.1:1,127.0.0.1:{}",
    "unix://:{}@/nowhere",  # where a socket is, is no secret: errors name it
    "{}:router",
    "tests.{}:router",
    ".{}:router",
    "json:{}",
    "postgresql+asyncpg://u:{}@h:{}/d",
    "postgresql+{}://h/d",
    "postgresql+asyncpg://u:p@h/d?{}={}",
    "postgresql+asyncpg://u:p@h/d?sslmode={}&sslrootcert=/{}",
    "sqlite+aiosqlite:///x?{}=1",
    "json://{}:{}",
    "forward-{}",
    "${{{}}}",
    "${{file:/{}}}",
    "[{}",
    "\x00{}",
    "1{}",
    "é{}",
]
NAMES = [name.upper() for name in Settings.model_fields]
KEYS = ["crm", "backend", "token", "notify", "reps", "urls", "forward", "secrets", "url", "sources", "name", "path"]
KEYS += ["envelope_secret", "callback_token_file", "messages", "quiet_hours", "start", "headers", "fields", "x"]


def planted() -> st.SearchStrategy[str]:
    """Texts with the secret in them."""
    return st.sampled_from(SHAPES).map(lambda shape: shape.format(SECRET, SECRET))


def environments() -> st.SearchStrategy[dict[str, str]]:
    """Some settings with the secret in each."""
    return st.dictionaries(st.sampled_from(NAMES), planted(), min_size=1, max_size=4)


def documents() -> st.SearchStrategy[str]:
    """Texts of files: well-formed with the secret in it, as a value or a name, or broken."""
    leaves = planted() | st.sampled_from(["hubspot", "http", "sql", "https://example.com", "/x", "east", 5, None])
    keys = st.sampled_from(KEYS) | planted()
    trees = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=4), max_leaves=12
    )
    written = trees.map(json.dumps)
    broken = st.sampled_from(["{}: [", "- {}\n {}", "!{} x", "? [a]\n: {}", "a: 2026-13-45 # {}", "&{} *b", "\t{}: {}"])
    return written | broken.map(lambda text: text.format(SECRET, SECRET)) | st.just(f"a: '{SECRET}\n")


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that hangs on it, also what a traceback does not show."""
    todo, seen = [error], set[int]()
    while todo:
        each = todo.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        todo += [below for below in (each.__cause__, each.__context__) if below is not None]
        todo += each.exceptions if isinstance(each, BaseExceptionGroup) else []


def start(environment: Mapping[str, str]) -> None:
    """What the roles do with their settings when they start, up to the first use of the store."""
    with patch.dict(os.environ, environment, clear=True):
        chosen = Settings.load()
        parts: list[Any] = [lambda: load_sources(chosen), lambda: asyncio.run(_use_store(chosen))]
        parts.append(lambda: create_engine(chosen.database_url.get_secret_value()))
        parts.append(lambda: load_group(chosen.worker_group or "crm", chosen.worker_handlers, chosen))
        for part in parts:
            _watched(part)


async def _use_store(chosen: Settings) -> None:
    async with open_store(chosen) as store:
        with translated():
            await store.client.ping()


def _watched(part: Any) -> None:
    try:
        part()
    except Exception as exc:  # noqa: BLE001 - each may be refused, in whatever way: it is the words that count
        assert_silent(exc)


def assert_silent(error: BaseException) -> None:
    """The secret is in no message, representation or traceback."""
    texts = ["".join(traceback.format_exception(error))]
    texts += [text for each in chain(error) for text in (str(each), repr(each), repr(each.args))]
    assert not [text for text in texts if SECRET in text]


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(environments(), documents() | st.none(), documents() | st.none())
@example({"REDIS_URL": f"redis://:{SECRET}@127.0.0.1:x"}, "", "")
@example({"REDIS_URL": f"redis://{SECRET}:1"}, "", "")
@example({"LOG_LEVEL": SECRET}, f"sources: {{{SECRET}}}", f"crm: {{backend: {SECRET}}}")
@example({"SALESLOFT_WEBHOOK_SECRET_FILE": f"/{SECRET}"}, None, None)
@example({"DATABASE_URL": f"postgresql+asyncpg://u:p@h/d?{SECRET}=1"}, None, None)
@example({"WORKER_HANDLERS": f"{SECRET}:x"}, "", f"{SECRET}: 1")
def test_no_error_shows_a_secret(environment: dict[str, str], sources: str | None, handlers: str | None) -> None:
    """Whatever is wrong with settings, sources file and handlers file, no error or what hangs on it has a value."""
    with tempfile.TemporaryDirectory() as directory:
        texts = {"SOURCES_FILE": sources, "HANDLERS_FILE": handlers}
        files = {name: Path(directory) / name for name, text in texts.items() if text is not None}
        for name, path in files.items():
            path.write_text(texts[name] or "", encoding="utf-8", errors="replace")
        written = {name: text for name, text in environment.items() if "\x00" not in text}
        whole = {"REDIS_URL": "redis://127.0.0.1:1/0", **{name: str(path) for name, path in files.items()}, **written}
        try:
            start(whole)
        except AssertionError:
            raise
        except Exception as exc:  # noqa: BLE001 - whatever a part raises is looked at
            assert_silent(exc)


WRONG: dict[str, tuple[str, dict[str, str], str, str]] = {
    "url": ("receiver", {"REDIS_URL": f"redis://:{SECRET}@h:port"}, "", ""),
    "scheme": ("worker", {"REDIS_URL": SECRET}, "", ""),
    "level": ("receiver", {"LOG_LEVEL": SECRET}, "", ""),
    "sources name": ("receiver", {}, f"sources: [{{name: e, path: /x, envelope_secret: {{{SECRET}}}}}]", ""),
    "sources syntax": ("receiver", {}, f"sources: [{SECRET}", ""),
    "handlers tag": ("worker", {}, "", f"crm: {{backend: {SECRET}}}"),
    "handlers syntax": ("worker", {}, "", f"crm: !{SECRET} x"),
    "handlers date": ("worker", {}, "", f"crm: {{backend: hubspot, token: {SECRET}, x: 2026-13-45}}"),
    "handlers encoding": ("worker", {}, "", f"crm: {{token: {SECRET}\udcff}}"),
    "reference": ("worker", {}, "", f"crm: {{backend: hubspot, token: '${{{SECRET}}}'}}"),
    "module": ("worker", {"WORKER_HANDLERS": f"{SECRET.replace('-', '_')}:router"}, "", ""),
    "group": ("worker", {"WORKER_GROUP": SECRET}, "", ""),
    "host": ("receiver", {"HOST": SECRET}, "", ""),
    "exporter": ("receiver", {"OTEL_TRACES_EXPORTER": SECRET, "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}, "", ""),
}


@pytest.mark.parametrize("case", WRONG)
def test_no_process_writes_a_secret(tmp_path: Path, case: str) -> None:
    """A real role with a wrong setting or file ends with code 2 and one line that has no value and no traceback."""
    role, more, sources, handlers = WRONG[case]
    environment = {"PATH": os.environ["PATH"], "HOST": "127.0.0.1", "PORT": "0", "OPS_PORT": "0", "WORKER_GROUP": "crm"}
    environment |= {"REDIS_URL": f"redis://127.0.0.1:{free_port()}/0", "SALESLOFT_WEBHOOK_SECRET": f"{SECRET}-of-ours"}
    environment["DATABASE_URL"] = f"sqlite+aiosqlite:///{tmp_path}/events.db"
    for name, text in (("SOURCES_FILE", sources), ("HANDLERS_FILE", handlers)):
        if text:
            (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
            environment[name] = str(tmp_path / name)
    if sources:
        del environment["SALESLOFT_WEBHOOK_SECRET"]

    ended = subprocess.run(
        [sys.executable, "-m", "salesloft_webhooks", role],
        env=environment | more,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    written = ended.stdout + ended.stderr
    assert ended.returncode == 2, written
    assert SECRET not in written
    assert SECRET.replace("-", "_") not in written
    assert "Traceback" not in written


def test_the_search_finds_what_hangs_on_an_error() -> None:
    """The check of this module is not blind: it sees a suppressed context."""
    try:
        try:
            int(SECRET)
        except ValueError:
            raise KeyError from None
    except KeyError as exc:
        with pytest.raises(AssertionError):
            assert_silent(exc)
