"""Files that settings name, and the keys that deliveries are checked with."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from salesloft_webhooks.cli.commands.doctor.diagnosis import Finding, fine, problem, warning
from salesloft_webhooks.dialects import key_kinds
from salesloft_webhooks.errors import ConfigurationError
from salesloft_webhooks.receiver.sources import Source, load_sources
from salesloft_webhooks.settings import Settings


def check_files(settings: Settings) -> Iterator[Finding]:
    """Every file that a setting names can be read, and by nobody who may not."""
    named = {name: value for name, value in dict(settings).items() if isinstance(value, Path)}
    for name, path in named.items():
        yield _of_file(name.upper(), path)


def check_keys(settings: Settings) -> Iterator[Finding]:
    """Each source has keys, of which there may be several."""
    try:
        sources = load_sources(settings)
    except ConfigurationError as exc:
        yield problem("keys", exc, "set the key, or correct the file (docs/configuration.md)")
        return
    for source in sources:
        yield fine("keys", f"source {source.name}: {', '.join(_numbers(source))}")
        for kind in key_kinds():
            if path := source.keyring.file(kind.name):
                yield _of_file(f"source {source.name}", path)


def _numbers(source: Source) -> Iterator[str]:
    for kind in key_kinds():
        if number := len(source.keys[kind.name]):
            yield f"{number} {kind.name.replace('_', ' ')}{' (a rotation is under way)' if number > 1 else ''}"


def _of_file(what: str, path: Path) -> Finding:
    check = "files"
    try:
        mode = path.stat().st_mode
    except OSError as exc:
        return problem(check, f"{what}: the file cannot be looked at: {exc.strerror}", "mount it, or correct the path")
    if not os.access(path, os.R_OK):
        return problem(check, f"{what}: we may not read the file", "chown it to our user, or chmod u+r")
    if mode & stat.S_IWOTH:
        return problem(check, f"{what}: everybody may write to the file", "chmod o-w, and look what is in it")
    # In a pod nobody else is there, and Kubernetes mounts secrets so.
    if mode & stat.S_IROTH and "KUBERNETES_SERVICE_HOST" not in os.environ and what != "HANDLERS_FILE":
        return warning(check, f"{what}: everybody on this machine may read the file", "chmod o-r")
    return fine(check, f"{what}: can be read")
