"""The pages that describe metrics and logs say what the code does."""

import ast
import re

from salesloft_webhooks.console.application import all_routes
from salesloft_webhooks.console.routes import Action
from salesloft_webhooks.delivery_outcomes import DeliveryOutcome
from salesloft_webhooks.errors import RejectionReason
from salesloft_webhooks.telemetry.labels import AttemptOutcome
from salesloft_webhooks.telemetry.reference import described, page
from tests.support.rules_and_dashboards import ROOT

LOGGING = {"debug", "info", "warning", "error", "exception", "critical", "_warn", "_write"}
EVENT = re.compile(r"[a-z_]+\.[a-z_]+")


def logged_events() -> set[str]:
    """Every dotted event name that the code passes to a logger, directly or through a verb of telemetry."""
    found = set()
    for path in (ROOT / "service").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in LOGGING:
                found |= {text for argument in node.args for text in _texts(argument) if EVENT.fullmatch(text)}
    acts = {f"console.{each.act}" for each in all_routes() if isinstance(each, Action)}
    return found | acts | {outcome.log_event for outcome in DeliveryOutcome if outcome.log_event} | {"library.message"}


def _texts(node: ast.expr) -> set[str]:
    return {each.value for each in ast.walk(node) if isinstance(each, ast.Constant) and isinstance(each.value, str)}


def test_the_page_of_metrics_is_generated() -> None:
    """docs/metrics.md is what `make docs` writes from the definitions."""
    assert (ROOT / "docs/metrics.md").read_text("utf-8") == page()


def test_every_label_value_is_explained() -> None:
    """Each outcome and reason has a sentence, taken from beside its definition."""
    for values in (DeliveryOutcome, AttemptOutcome, RejectionReason):
        explained = described(values)
        assert set(explained) == {member.value for member in values}
        assert all(explained.values())


def test_the_page_of_logs_lists_every_event() -> None:
    """docs/logs.md has a row for each event the code can log, and for none besides."""
    rows = re.findall(r"^\| `([^`]+)` \|", (ROOT / "docs/logs.md").read_text("utf-8"), re.MULTILINE)

    assert sorted(rows) == sorted(set(rows))
    assert set(rows) == logged_events()
