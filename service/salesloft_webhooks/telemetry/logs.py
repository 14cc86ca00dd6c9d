"""Logs: one pipeline for our own events and for every library's records, JSON in production, readable in a terminal.

Our events have a dotted name and plain fields (``docs/logs.md`` lists them). A library's record becomes the event
``library.message`` with the library's logger and the first line of its text.

Nothing personal and nothing secret gets out, in three steps. Code never passes a payload to the logger. Exceptions are
shown as types and code lines, without their messages, because a handler's error likes to quote the event; asyncio and
others quote exceptions below the first line of a record, hence only the first line is kept. What slips through anyway
is cut from the finished line: e-mail addresses, and every secret of the settings.
"""

import json
import logging
import re
import sys
from collections.abc import Iterator
from typing import Any, cast
from urllib.parse import unquote

import msgspec
import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, ExcInfo, FilteringBoundLogger, Processor, WrappedLogger

from salesloft_webhooks.authors_line import frames_of
from salesloft_webhooks.errors import error_type
from salesloft_webhooks.printable_text import printable, printable_json
from salesloft_webhooks.settings import LogFormat, Settings
from salesloft_webhooks.telemetry.log_output import LogOutput

Logger = FilteringBoundLogger

PACKAGE = "salesloft_webhooks"
EMAIL_ADDRESS = r"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
SHORTEST_SECRET = 6
"""Shorter ones are words: cutting them everywhere would garble the log and protect nothing."""
PASSWORD_FORMS = (
    re.compile(r"[^:/]+://[^:/?]*:(?P<password>[^/?]*)@"),
    re.compile(r"[^:/]+://[^:/@]*:(?P<password>[^@]*)@"),
)
"""Where a URL's password stands: as `REDIS_URL` is read, and as SQLAlchemy reads `DATABASE_URL`. Not by `urlsplit`: its
errors quote what it refuses, and logging is set up before anybody has checked a URL."""


def configure_logging(settings: Settings, role: str) -> None:
    """Send everything that is logged in this process through one pipeline to standard error.

    Standard error, so that a command's output stays clean and nothing is held back in a buffer.
    """
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trace_ids,
        DescribeException(messages=level <= logging.DEBUG),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, name_library_event],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            LeadingFields(role),
            Redacted(_renderer(settings), secrets_of(settings)),
        ],
    )
    handler = LogOutput()
    handler.setFormatter(formatter)
    _take_over(handler)
    _set_levels(settings, level)


def get_logger(name: str) -> Logger:
    """A logger; call it with a dotted event name and fields: ``log.warning("delivery.rejected", reason=...)``."""
    return cast("Logger", structlog.get_logger(name if name.startswith(PACKAGE) else f"{PACKAGE}.{name}"))


def _take_over(handler: logging.Handler) -> None:
    """Make ``handler`` the only way out, also for libraries that brought handlers of their own (uvicorn)."""
    logging.getLogger().handlers = [handler]
    logging.captureWarnings(capture=True)
    for name in list(logging.root.manager.loggerDict):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True


def _set_levels(settings: Settings, level: int) -> None:
    """Let our code and the user's handlers log from ``level`` on, libraries only warnings.

    HTTP clients log whole addresses at info, database drivers parameters at debug: that would be personal data.
    """
    logging.getLogger().setLevel(logging.WARNING)
    references = (*settings.worker_handlers, settings.link_swap_handler or PACKAGE)
    own = {reference.partition(":")[0].partition(".")[0] for reference in references}
    for name in (PACKAGE, "uvicorn", *own):
        logging.getLogger(name).setLevel(level)
    logging.getLogger("uvicorn.access").setLevel(logging.WARNING)  # a line per delivery, with the client's address


def _renderer(settings: Settings) -> Processor:
    console = settings.log_format is LogFormat.CONSOLE or (
        settings.log_format is LogFormat.AUTO and sys.stderr.isatty()
    )
    if console:
        return ConsoleLines(structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()))
    return structlog.processors.JSONRenderer(serializer=_to_json)


def _to_json(fields: EventDict, **_: object) -> str:
    return printable_json(msgspec.json.encode(fields, enc_hook=repr).decode())


def add_trace_ids(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Add ``trace_id`` and ``span_id`` of the current span, if there is one: ours, or one of a handler's own."""
    # Not imported: as long as nobody has, nobody has begun a span either.
    if trace := sys.modules.get("opentelemetry.trace"):
        span = trace.get_current_span().get_span_context()
        if span.is_valid:
            fields["trace_id"] = trace.format_trace_id(span.trace_id)
            fields["span_id"] = trace.format_span_id(span.span_id)
    return fields


def name_library_event(_: WrappedLogger, __: str, fields: EventDict) -> EventDict:
    """Turn a library's record into a ``library.message`` event with the first line of its text."""
    record: logging.LogRecord = fields["_record"]
    fields["message"] = str(fields["event"]).partition("\n")[0]
    fields["event"] = "library.message"
    fields["logger"] = record.name
    return fields


class LeadingFields:
    """Puts time, level and event first, then the role: what the eye looks for."""

    def __init__(self, role: str) -> None:
        self._role = role

    def __call__(self, _: WrappedLogger, __: str, fields: EventDict) -> EventDict:
        """Return the fields in reading order."""
        leading = {name: fields.pop(name) for name in ("timestamp", "level", "event") if name in fields}
        return {**leading, "role": self._role, **fields}


class DescribeException:
    """Replaces ``exc_info`` by ``exception``: the chain of causes, each with its type and the code lines it passed.

    Args:
        messages: Also show the exceptions' messages. They may quote events: only for debugging on a desk.
    """

    def __init__(self, *, messages: bool) -> None:
        self._messages = messages

    def __call__(self, _: WrappedLogger, __: str, fields: EventDict) -> EventDict:
        """Return the fields with the exception described."""
        if exc_info := fields.pop("exc_info", None):
            error = _error(exc_info)
            fields["exception"] = [self._description(each) for each in _chain(error)]
        return fields

    def _description(self, error: BaseException) -> dict[str, Any]:
        description: dict[str, Any] = {
            "type": error_type(error),
            "frames": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames_of(error)],
        }
        return {**description, "message": str(error)} if self._messages else description


def _error(exc_info: ExcInfo | BaseException | bool) -> BaseException | None:  # noqa: FBT001 - logging's own contract
    if isinstance(exc_info, BaseException):
        return exc_info
    return exc_info[1] if isinstance(exc_info, tuple) else sys.exc_info()[1]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


class ConsoleLines:
    """Renders an event by structlog's renderer, which expects a described exception as text."""

    def __init__(self, renderer: Processor) -> None:
        self._renderer = renderer

    def __call__(self, logger: WrappedLogger, name: str, fields: EventDict) -> str:
        """Return the line, with an exception's lines below it."""
        if described := fields.get("exception"):
            fields = {**fields, "exception": "\n".join(_lines(described))}
        # An id is its sender's, and a terminal obeys what it is given; what is no text, the renderer writes as Python.
        fields = {key: printable(each) if isinstance(each, str) else each for key, each in fields.items()}
        return str(self._renderer(logger, name, fields))


def _lines(described: list[dict[str, Any]]) -> Iterator[str]:
    for each in described:
        yield f"{each['type']}: {each['message']}" if "message" in each else each["type"]
        yield from (f"  {frame}" for frame in each["frames"])


class Redacted:
    """Renders an event and cuts secrets and e-mail addresses from the finished line."""

    def __init__(self, renderer: Processor, secrets: frozenset[str]) -> None:
        self._renderer = renderer
        forms = secrets | {json.dumps(secret)[1:-1] for secret in secrets}
        # The longest first: one secret may be the beginning of another.
        alternatives = "|".join(re.escape(form) for form in sorted(forms, key=len, reverse=True))
        self._secret = re.compile(alternatives) if alternatives else None
        self._address = re.compile(EMAIL_ADDRESS)

    def __call__(self, logger: WrappedLogger, name: str, fields: EventDict) -> str:
        """Return the line."""
        line = str(self._renderer(logger, name, fields))
        if self._secret:
            line = self._secret.sub("[secret]", line)
        return self._address.sub("[email]", line) if "@" in line else line


def secrets_of(settings: Settings) -> frozenset[str]:
    """Every secret value in the settings: single keys of a list, passwords inside URLs, whole notification URLs."""
    found: set[str] = set()
    for value in dict(settings).values():
        if isinstance(value, SecretStr):
            found.update(_parts(value.get_secret_value()))
        elif isinstance(value, tuple):
            found.update(each.get_secret_value() for each in value if isinstance(each, SecretStr))
    return frozenset(part for part in found if len(part) >= SHORTEST_SECRET)


def _parts(secret: str) -> Iterator[str]:
    if "://" not in secret:
        yield from (part.strip() for part in secret.split(","))
    for form in PASSWORD_FORMS:
        if found := form.match(secret.strip()):
            yield unquote(found["password"])
            yield found["password"]
