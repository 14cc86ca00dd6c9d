"""Everything a process logs leaves through one pipeline: structured, with trace ids, without secrets or payload."""

import json
import os
import subprocess
import sys

import pytest
from pydantic import SecretStr

from salesloft_webhooks.settings import Settings
from salesloft_webhooks.telemetry.logs import Redacted, secrets_of
from tests.unit.telemetry.logged import PREAMBLE, logged


def test_our_events_are_one_json_object_a_line() -> None:
    """An event has its time, level, dotted name, role and fields, in reading order."""
    (line,) = logged("""
        configure_logging(Settings.load(), "receiver")
        get_logger("receiver").warning("delivery.rejected", source="default", reason="mismatch")
    """)

    assert list(line) == ["timestamp", "level", "event", "role", "source", "reason"]
    assert line["event"] == "delivery.rejected"
    assert line["role"] == "receiver"
    assert line["timestamp"].endswith("Z")


def test_library_records_take_the_same_way() -> None:
    """Uvicorn's records, warnings and those of handlers written by users are events of the same shape."""
    lines = logged(
        """
        import uvicorn
        uvicorn.Config("nobody:app")  # brings handlers and a format of its own
        configure_logging(Settings.load(), "worker")
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("acme.handlers").info("synced")
        warnings.warn("old", stacklevel=1)
        """,
        WORKER_HANDLERS="acme.handlers:router",
    )

    assert [line["event"] for line in lines] == ["library.message"] * 3
    assert [line["logger"] for line in lines] == ["uvicorn.error", "acme.handlers", "py.warnings"]
    assert lines[0]["message"] == "Started server process [7]"


def test_libraries_are_heard_from_warning_on() -> None:
    """What HTTP clients, drivers and access logs say below warning may be personal data: it is never written."""
    lines = logged(
        """
        configure_logging(Settings.load(), "worker")
        for name in ("httpx", "sqlalchemy.engine", "uvicorn.access", "asyncio"):
            logging.getLogger(name).info("GET /people?email_addresses=jane")
        """,
        LOG_LEVEL="debug",
    )

    assert lines == []


@pytest.mark.parametrize(("level", "expected"), [("info", ["b", "c"]), ("warning", ["c"]), ("debug", ["a", "b", "c"])])
def test_the_level_is_a_setting(level: str, expected: list[str]) -> None:
    """LOG_LEVEL decides which of our events are written."""
    lines = logged(
        """
        configure_logging(Settings.load(), "worker")
        log = get_logger("worker")
        log.debug("a"); log.info("b"); log.warning("c")
        """,
        LOG_LEVEL=level,
    )

    assert [line["event"] for line in lines] == expected


def test_exceptions_are_types_and_code_lines_without_messages() -> None:
    """A handler's error that quotes the event tells the log where it happened, not what the event said."""
    (line,) = logged("""
        configure_logging(Settings.load(), "worker")
        def sync():
            try:
                int("Jane Planted")
            except ValueError as exc:
                raise LookupError("no account for Jane Planted") from exc
        try:
            sync()
        except LookupError:
            get_logger("worker").exception("attempt.retried")
    """)

    assert [each["type"] for each in line["exception"]] == ["LookupError", "ValueError"]
    assert all(frame.endswith((" <module>", " sync")) for each in line["exception"] for frame in each["frames"])
    assert "Planted" not in json.dumps(line)


def test_an_exception_nobody_awaited_does_not_quote_the_event_either() -> None:
    """Asyncio's own report of a lost task shows the exception's text; only its first line is kept."""
    lines = logged("""
        import gc
        configure_logging(Settings.load(), "worker")
        async def fails():
            raise ValueError("no account for Jane Planted")
        async def main():
            task = asyncio.ensure_future(fails())
            await asyncio.sleep(0)
            del task
            gc.collect()
        asyncio.run(main())
    """)

    assert [line["logger"] for line in lines] == ["asyncio"]
    assert lines[0]["exception"][0]["type"] == "ValueError"
    assert "Planted" not in json.dumps(lines)


def test_lines_inside_a_span_carry_its_ids() -> None:
    """A line and the trace of the delivery it belongs to find each other."""
    inside, outside = logged("""
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, use_span
        configure_logging(Settings.load(), "worker")
        log = get_logger("worker")
        with use_span(NonRecordingSpan(SpanContext(1, 2, is_remote=False, trace_flags=TraceFlags(1)))):
            log.info("inside")
        log.info("outside")
    """)

    assert (inside["trace_id"], inside["span_id"]) == (f"{1:032x}", f"{2:016x}")
    assert "trace_id" not in outside


def test_secrets_and_addresses_are_cut_from_any_line() -> None:
    """Whatever passes a key or an e-mail address to a logger, the line does not show it."""
    lines = logged(
        r"""
        configure_logging(Settings.load(), "receiver")
        get_logger("receiver").warning("oops", key="planted-secret-1", nested={"url": ["planted-secret-2"]})
        logging.getLogger("lib").error("pa\\ss\"word-3 of jane.o'neil@mail.example.com")
        """,
        SALESLOFT_WEBHOOK_SECRET="planted-secret-1,planted-secret-2",
        REDIS_URL='redis://:pa\\ss"word-3@localhost:6379/0',
    )

    assert lines[0]["key"] == "[secret]"
    assert lines[0]["nested"] == {"url": ["[secret]"]}
    assert lines[1]["message"] == "[secret] of [email]"


def test_a_terminal_gets_lines_for_people() -> None:
    """LOG_FORMAT=console writes the same event as plain text."""
    completed = subprocess.run(
        [sys.executable, "-c", PREAMBLE + 'configure_logging(Settings.load(), "w"); get_logger("w").info("a.b", n=1)'],
        env={"PATH": os.environ["PATH"], "LOG_FORMAT": "console"},
        capture_output=True,
        text=True,
        check=True,
    )

    with pytest.raises(json.JSONDecodeError):
        json.loads(completed.stderr)
    assert len(completed.stderr.splitlines()) == 1


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_terminal_obeys_nothing_of_a_field(form: str) -> None:
    """An id is its sender's: in neither format does a line have control characters, or those that change direction."""
    program = r"""
configure_logging(Settings.load(), "w")
get_logger("w").info("a.b", event_id="e\x1b]0;owned\x07\x9b2J\x7f\u202ex", ids=["\x1b\x9b\u202e"])
"""
    completed = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program],
        env={"PATH": os.environ["PATH"], "LOG_FORMAT": form, "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=True,
    )

    (line,) = completed.stderr.splitlines()
    assert line.isprintable()
    assert "owned" in line


def test_a_terminal_shows_exceptions_below_the_line() -> None:
    """LOG_FORMAT=console writes an event with its exceptions' types and code lines, and still not their messages."""
    program = """
configure_logging(Settings.load(), "worker")
try:
    raise ValueError("no account for jane@example.com")
except ValueError:
    get_logger("worker").exception("attempt.retried")
"""
    completed = subprocess.run(
        [sys.executable, "-c", PREAMBLE + program],
        env={"PATH": os.environ["PATH"], "LOG_FORMAT": "console"},
        capture_output=True,
        text=True,
        check=True,
    )
    first, error, frame = completed.stderr.splitlines()

    assert "attempt.retried" in first
    assert error == "ValueError"
    assert frame.strip().endswith("<module>")


def test_every_secret_setting_is_known_to_the_redaction() -> None:
    """Single keys of a list, notification URLs and the passwords inside URLs are cut; short words are not."""
    settings = Settings.load(
        salesloft_callback_secret=SecretStr("first-key, second-key"),
        notify_urls=(SecretStr("slack://token-a/token-b"),),
        database_url=SecretStr("postgresql+asyncpg://user:db-password@db/x"),
        salesloft_callback_token=SecretStr("short"),
    )

    assert secrets_of(settings) >= {"first-key", "second-key", "db-password", "slack://token-a/token-b"}
    assert "short" not in secrets_of(settings)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("redis://:{}@[::1", id="an address that is broken"),
        pytest.param("redis+sentinel://u:{}@a,[2001:db8::2]:26379/main", id="a name and an IPv6 address"),
        pytest.param("redis://:{}@h\N{ACCOUNT OF}:1", id="a character that normalisation takes apart"),
        pytest.param("postgresql://u:{}@h/d?options=@", id="an at sign behind it"),
        pytest.param("postgresql://u:a/b?{}@h/d", id="what a URL would have to escape"),
    ],
)
def test_the_password_of_any_url_is_cut(url: str) -> None:
    """Also of one that Python's own parser refuses, with the password in its error."""
    found = secrets_of(Settings.load(redis_url=SecretStr(url.format("Xk9-planted"))))

    assert any("Xk9-planted" in secret and "@" not in secret for secret in found)


def test_a_secret_that_begins_another_leaves_no_rest() -> None:
    """Of two secrets that share a beginning the longer one is cut whole."""
    redacted = Redacted(lambda _, __, fields: str(fields["event"]), frozenset({"planted", "planted-more"}))

    assert redacted(None, "info", {"event": "x planted-more planted y"}) == "x [secret] [secret] y"
