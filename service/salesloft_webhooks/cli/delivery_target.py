"""Where a command posts deliveries, and whose keys sign them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from salesloft_webhooks.errors import ConfigurationError

if TYPE_CHECKING:
    from salesloft_webhooks.dialects import Dialect, DialectKeys
    from salesloft_webhooks.settings import Settings
    from salesloft_webhooks.simulator import Signer


def delivery_target(
    settings: "Settings", url: str, source: str, secret_file: Path | None, dialect: str
) -> "tuple[str, Signer, Dialect | None]":
    """Where to, with what to sign it, and the dialect, if one is named.

    Args:
        settings: Have the keys and the path, unless something else is named.
        url: Where to; empty: the receiver on this machine.
        source: Whose keys and path; empty: the only one's.
        secret_file: Has a key to sign with instead.
        dialect: Name of the dialect; empty: any there are keys for.

    Raises:
        ConfigurationError: something named is not there.
    """
    from salesloft_webhooks.dialects import accepted, named
    from salesloft_webhooks.simulator import Signer

    spoken = named(dialect)
    if secret_file:
        keys, path = _keys_in(secret_file, spoken), settings.source_path
    else:
        keys, path = _source(settings, source)
    if spoken and spoken not in accepted(keys):
        raise ConfigurationError(f"there is no key for the {dialect} dialect")
    if url and not url.startswith(("http://", "https://")):
        raise ConfigurationError("the URL must begin with http:// or https://")
    return url or f"http://127.0.0.1:{settings.port}{path}", Signer(keys), spoken


def _source(settings: "Settings", name: str) -> "tuple[DialectKeys, str]":
    from salesloft_webhooks.receiver.sources import load_sources

    sources = {source.name: source for source in load_sources(settings)}
    if not name and len(sources) > 1:
        raise ConfigurationError(f"there are several sources: choose one with --source ({', '.join(sources)})")
    source = sources.get(name) if name else next(iter(sources.values()))
    if source is None:
        raise ConfigurationError(f"there is no source {name} (there are: {', '.join(sources)})")
    return source.keys, source.path


def _keys_in(path: Path, dialect: "Dialect | None") -> "DialectKeys":
    from salesloft_webhooks.dialects import DIALECTS, DialectKeys
    from salesloft_webhooks.dialects.key_texts import split_keys

    keys = split_keys(content(str(path)))
    kind = (dialect or DIALECTS[0]).key_kinds[0]
    if keys and (problem := kind.problem(keys[0])):
        raise ConfigurationError(f"--secret-file: the file {problem}")
    return DialectKeys(**{kind.name: keys})


def content(name: str) -> bytes:
    """The content of a file, or of stdin for ``-``."""
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as exc:
        raise ConfigurationError(f"{name}: {exc.strerror}") from None
