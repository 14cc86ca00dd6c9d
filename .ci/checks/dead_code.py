"""Fails on code that nothing uses, tests included, and on an exception below that excuses nothing any more.

Vulture sees names and not who calls them: what only a library, a framework or another language calls is excused here.
Unused imports are the linter's.
"""

import re
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from vulture import Vulture
from vulture.core import Item

SOURCES = ["service", "tests", "bench", "dashboards", "typed_resources", ".ci"]
DECORATORS = [
    "@pytest.fixture",
    "@rule",
    "@invariant",
    "@initialize",
    "@router.on",
    "@*.on",
    "@*.on_batch",
    "@*.task",
    "@app.*",
]
EXCUSED = [  # file, name, who uses it
    (
        "service/*/settings.py",
        "salesloft_*",
        "key names are put together; .ci/checks/one_home.py finds unread settings",
    ),
    ("service/*", "model_config", "Pydantic"),
    ("service/*", "_distinct", "Pydantic's validator"),
    ("service/*", "_consistent", "Pydantic's validator"),
    ("service/*", "_not_mistaken_for_megabytes", "Pydantic's validator"),
    ("service/*", "_value_", "enum, in __new__"),
    ("service/*/telemetry/labels.py", "[A-Z]*", "values that the store's scripts write"),
    ("service/salesloft_webhooks/__init__.py", "__getattr__", "Python"),
    ("service/salesloft_webhooks/resources/*", "*", "handlers of others; a test compares them with the description"),
    ("service/*/crash_reports.py", "unraisablehook", "Python"),
    ("service/*settings.py", "redis_url_file", "environment.py reads it by its name"),
    ("service/*settings.py", "database_url_file", "the same"),
    ("service/*settings.py", "notify_urls_file", "the same"),
    ("tests/support/second_tries.py", "pytest_pyfunc_call", "pytest"),
    ("service/*/migrations/versions/*", "*", "Alembic"),
    ("service/*/schema.py", "impl", "SQLAlchemy's types"),
    ("service/*/schema.py", "cache_ok", "SQLAlchemy's types"),
    ("service/*/schema.py", "process_*", "SQLAlchemy's types"),
    ("service/*/schema.py", "load_dialect_impl", "SQLAlchemy's types"),
    ("service/*/engine.py", "is_disconnect", "SQLAlchemy's error context"),
    ("service/*/engine.py", "isolation_level", "sqlite3's connection"),
    ("bench/counted.py", "f_trace_*", "Python's hook for debuggers"),
    ("service/*/broker/connection/*", "get_credentials_async", "redis-py"),
    ("service/*/broker/connection/*", "discover_master", "redis-py"),
    ("service/*/broker/connection/*", "credential_provider", "redis-py"),
    (
        "service/*/broker/keys.py",
        "last_take",
        "the scripts; a test finds a key on the server that is not written down here",
    ),
    ("service/*/broker/keys.py", "formats", "as above"),
    ("service/*/broker/keys.py", "last_settle", "as above"),
    ("service/*/sentinels.py", "epoch", "order of comparison"),
    ("service/*/telemetry/log_output.py", "handleError", "logging"),
    ("service/*/operations/http_protocol.py", "eof_received", "asyncio"),
    ("service/*/operations/http_protocol.py", "on_header", "httptools"),
    ("service/*/operations/http_protocol.py", "*", "uvicorn's request cycle"),
    ("service/*/operations/http_server.py", "should_exit", "uvicorn"),
    ("service/*", "redirect_slashes", "Starlette"),
    ("service/*", "media_type", "Starlette"),
    ("service/*/cli/bulk_actions.py", "[A-Z]*", "annotations in quotes"),
    ("service/*/testing/fixtures.py", "salesloft_pipeline", "pytest's plug-in"),
    ("tests/fuzz/targets/*", "[A-Z]*", "found by the target's name"),
    ("tests/chaos/downstream_faults.py", "request_queue_size", "socketserver"),
    ("tests/*", "pytestmark", "pytest"),
    ("tests/*", "pytest_*", "pytest"),
    ("tests/*", "many_files", "a fixture asked for its effect"),
    ("tests/*", "teardown", "Hypothesis"),
    ("tests/*", "handle_*", "html.parser"),
    ("tests/*", "do_POST", "http.server"),
    ("tests/*", "log_message", "http.server"),
    ("tests/*", "Export", "gRPC"),
    ("tests/*", "should_exit", "uvicorn"),
    ("tests/*", "whitespace_split", "shlex"),
]


TEMPLATES = Path("service/salesloft_webhooks/console/templates")


def named_in_templates() -> set[str]:
    """What a page's template has of the values that it is given: Jinja2 reads them, and vulture does not."""
    expressions = (re.findall(r"{[{%].*?[%}]}", page.read_text("utf-8"), re.DOTALL) for page in TEMPLATES.iterdir())
    return {word for found in expressions for each in found for word in re.findall(r"[a-z_]+", each)}


def excuse(item: Item) -> int | None:
    """The number of the first exception that fits."""
    file = str(Path(item.filename).relative_to(Path.cwd()))
    fitting = (
        n for n, (files, name, _) in enumerate(EXCUSED) if fnmatchcase(file, files) and fnmatchcase(item.name, name)
    )
    return next(fitting, None)


def main() -> int:
    """Print what is dead; 1 if anything is."""
    vulture = Vulture(ignore_decorators=DECORATORS)
    vulture.scavenge(SOURCES)
    shown = named_in_templates()
    unused = [
        item
        for item in vulture.get_unused_code(min_confidence=60)
        if item.typ != "import" and not ("/console/" in str(item.filename) and item.name in shown)
    ]
    excuses = {id(item): excuse(item) for item in unused}
    dead = [f"{i.filename}:{i.first_lineno}: unused {i.typ} {i.name}" for i in unused if excuses[id(i)] is None]
    stale = [f"{EXCUSED[n][:2]} excuses nothing" for n in range(len(EXCUSED)) if n not in excuses.values()]
    for line in [*dead, *stale]:
        print(line)
    return 1 if dead or stale else 0


if __name__ == "__main__":
    sys.exit(main())
