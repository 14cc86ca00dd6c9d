"""Only the dialects' own folder tells one dialect from another."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import salesloft_webhooks
from salesloft_webhooks.dialects import DIALECTS, KeyKind, key_kinds
from salesloft_webhooks.receiver.source_entries import SourceEntry
from salesloft_webhooks.settings import Settings

PACKAGE = Path(salesloft_webhooks.__file__).parent
OTHERS = [path for path in PACKAGE.rglob("*.py") if PACKAGE / "dialects" not in path.parents]
NAMES = {dialect.name for dialect in DIALECTS} | {kind.name for kind in key_kinds()}
HEADERS = {name.lower() for each in DIALECTS for name in (each.headers.signature, each.headers.timestamp) if name}
MODULES = {f"salesloft_webhooks.dialects.{dialect.name.replace('-', '_')}" for dialect in DIALECTS}
ALLOWED = {
    "testing/pipeline.py": "the kit's receiver has one source, which it signs for",
    "simulator/platform/outgoing_mail.py": "as its deliveries, by a subscription's token",
    "simulator/platform/subscription_deliveries.py": "SalesLoft itself signs in this one way",
    "subscriptions/signing_keys.py": "what SalesLoft is to sign with",
    "backfill/rows.py": "a row of SalesLoft's lists is what it would have sent in this dialect",
    "handlers/outbound/signing.py": "handlers sign their requests as this dialect does",
}


def knowledge(source: str) -> Iterator[str]:
    """What a module knows of one dialect: its name, its header, its kind of key, its module."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=str(text)) if text in NAMES or text.lower() in HEADERS:
                yield text
            case ast.keyword(arg=str(name)) | ast.Attribute(attr=name) if name in NAMES:
                yield name
            case ast.ImportFrom(module=str(module)):
                yield from {module, *(f"{module}.{each.name}" for each in node.names)} & MODULES


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_nobody_else_knows_a_dialect(path: Path) -> None:
    """No name, header, kind of key or module of one dialect stands outside their folder."""
    if path.relative_to(PACKAGE).as_posix() not in ALLOWED:
        assert list(knowledge(path.read_text())) == []


@pytest.mark.parametrize(
    "mistake",
    [
        'if dialect == "native": pass',
        'match dialect:\n  case "envelope": pass',
        'headers["X-Salesloft-Signature"]',
        "DialectKeys(callback_tokens=())",
        "from salesloft_webhooks.dialects import envelope",
        "from salesloft_webhooks.dialects.native import NATIVE",
    ],
)
def test_such_knowledge_is_found(mistake: str) -> None:
    """Each way of telling dialects apart by hand is seen."""
    assert list(knowledge(mistake))


@pytest.mark.parametrize("kind", key_kinds(), ids=lambda kind: kind.name)
def test_every_kind_of_key_can_be_configured(kind: KeyKind) -> None:
    """As a variable and as a field of a sources file, each also as a file; no value shows in a repr."""
    for ending in ("", "_file"):
        assert f"{kind.setting.lower()}{ending}" in Settings.model_fields
        assert f"{kind.field}{ending}" in SourceEntry.model_fields
    assert SourceEntry.model_fields[kind.field].repr is False


def test_names_are_distinct() -> None:
    """No two dialects share a name, and no two kinds of key a name, field or setting."""
    kinds = key_kinds()

    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS)
    for attribute in ("name", "field", "setting"):
        assert len({getattr(kind, attribute) for kind in kinds}) == len(kinds)
