"""Fails when a dependency has a licence that nobody has allowed, or `docs/licences.md` is not what it says.

With `--write` it writes that page. What is installed here says its own licence; what a lock has for other systems only,
and what is built with Go or vendored, stands in a table, because nothing that is installed could say it.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata
from pathlib import Path

PAGE = Path("docs/licences.md")
ALLOWED = {
    "0BSD": "",
    "Apache-2.0": "",
    "BSD-2-Clause": "",
    "BSD-3-Clause": "",
    "ISC": "",
    "MIT": "",
    "MIT-0": "",
    "MPL-2.0": "used as it is: no file of theirs is changed",
    "PSF-2.0": "",
}
"""What may be handed on in the image and in the wheel, and what has to be kept to."""
NOT_HANDED_ON = {
    "GPL-3.0": "run here and nowhere else: no line of it is in what we publish",
    "LGPL-3.0-only": "imported by tests, as an author's code would",
    "LGPL-3.0-or-later": "measured beside ours in `make bench`, never installed with it",
}
"""Allowed besides, for what stays on developers' machines."""
WORDS = {
    "apache 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "bsd 2-clause license": "BSD-2-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "isc license": "ISC",
    "mit license": "MIT",
    "the mit license (mit)": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "python software foundation license": "PSF-2.0",
}
"""How packages say it that do not use SPDX's names."""
NOT_INSTALLED = {
    "async-timeout": "Apache-2.0",
    "beartype": "MIT",
    "burner-redis": "MIT",
    "cachetools": "MIT",
    "cloudpickle": "BSD-3-Clause",
    "colorama": "BSD-3-Clause",
    "cronsim": "BSD-3-Clause",
    "dramatiq": "LGPL-3.0-or-later",
    "fast-depends": "MIT",
    "faststream": "Apache-2.0",
    "httpx2-jsfetch": "BSD-3-Clause",  # as httpx2, of which it is a part; for browsers only
    "py-key-value-aio": "Apache-2.0",
    "pycron": "MIT",
    "pydocket": "MIT",
    "python-json-logger": "BSD-2-Clause",
    "taskiq": "MIT",
    "taskiq-dependencies": "MIT",
    "taskiq-redis": "MIT",
    "tzdata": "Apache-2.0",
    "uncalled-for": "MIT",
}
"""For another system or Python, or for the benchmark's peers, which have an environment of their own."""
VENDORED = {
    "htmx.org": ("0BSD", "service/salesloft_webhooks/console/static/htmx.min.js", "in the image: the console"),
    "axe-core": ("MPL-2.0", "tests/console/axe.min.js", "in the tests of the console only"),
}
BUILT_WITH_GO = {
    "helm": "Apache-2.0",
    "helm-oldest": "Apache-2.0",
    "helm-docs": "GPL-3.0",
    "kubeconform": "Apache-2.0",
    "oauth2-proxy": "MIT",
    "oidc-provider": "Apache-2.0",
    "cosign": "Apache-2.0",
    "syft": "Apache-2.0",
    "registry": "Apache-2.0",
    "control-plane": "Apache-2.0",
}
"""Programs of `.ci/tools/versions.toml`, with which things are checked, signed and listed."""
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==", re.MULTILINE)
LOCKS = {
    "requirements.lock": ("The image and the wheel", True),
    "requirements-warehouse.lock": ("The image with Arrow", True),
    "requirements-build.lock": ("What builds the wheel", False),
    "requirements-dev.lock": ("Development and tests", False),
    "bench/peers/requirements.lock": ("Peers of the benchmark (Python)", False),
}


@dataclass(frozen=True)
class Dependency:
    """Something of others.

    Attributes:
        name: Its name.
        licence: An expression of SPDX.
        handed_on: Whether it is in what we publish.
    """

    name: str
    licence: str
    handed_on: bool

    @property
    def problem(self) -> str:
        """Why it cannot be used; empty: it can."""
        if not self.licence:
            return f"{self.name} says no licence that is known: add its words to WORDS, or it to NOT_INSTALLED"
        allowed = {*ALLOWED, *(() if self.handed_on else NOT_HANDED_ON)}
        names = set(re.split(r" (?:AND|OR) ", self.licence.strip("()")))
        enough = names & allowed if " OR " in self.licence else names <= allowed
        return "" if enough else f"{self.name}: {self.licence} is not allowed here"


def licence_of(name: str) -> str:
    """What a Python package says of itself, or the table of it; empty: nothing that is known."""
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return NOT_INSTALLED.get(name, "")
    return about.get("License-Expression") or _from_words(about)


def _from_words(about: PackageMetadata) -> str:
    first = (about.get("License") or "").strip().partition("\n")[0].strip()
    said = [first, *(each.rpartition(" :: ")[2] for each in about.get_all("Classifier") or () if "License ::" in each)]
    for words in said:
        known = words if words in ALLOWED else WORDS.get(words.lower())
        known = known or next((name for text, name in WORDS.items() if words.lower().startswith(text)), "")
        if known:
            return known
    return ""


def sections() -> Iterator[tuple[str, list[Dependency]]]:
    """Everything of others, by what it is for."""
    seen: set[str] = set()
    for lock, (title, handed_on) in LOCKS.items():
        names = [name for name in PINNED.findall(Path(lock).read_text("utf-8")) if name not in seen]
        seen |= set(names)
        yield title, [Dependency(name, licence_of(name), handed_on) for name in names]
    packages: Mapping[str, Mapping[str, str]] = json.loads(Path("bench/peers/package-lock.json").read_text())[
        "packages"
    ]
    nodes = {path.rpartition("node_modules/")[2]: each.get("license", "") for path, each in packages.items() if path}
    yield "Peers of the benchmark (Node.js)", [Dependency(*pair, handed_on=False) for pair in sorted(nodes.items())]
    yield "Vendored", [Dependency(name, licence, "image" in where) for name, (licence, _, where) in VENDORED.items()]
    yield "Programs built with Go", [Dependency(*pair, handed_on=False) for pair in BUILT_WITH_GO.items()]


def page() -> str:
    """``docs/licences.md``."""
    parts = [
        "# Licences of what is not ours\n\n",
        "<!-- Written by `make docs`; do not edit. -->\n\n",
        "Ours is Apache-2.0. Each dependency's licence, as it says itself, by what it is for; `make check` fails ",
        "at one that nobody has allowed. The packages of the image's base (Debian) stand in its bill of materials ",
        "with theirs ([releases](releases.md)).\n\n## What is allowed\n\n| licence | condition |\n|---|---|\n",
        *(f"| {name} | {why or 'its text is kept'} |\n" for name, why in ALLOWED.items()),
        *(f"| {name}, where nothing is handed on | {why} |\n" for name, why in NOT_HANDED_ON.items()),
    ]
    for title, dependencies in sections():
        parts.append(f"\n## {title}\n\n| what | licence |\n|---|---|\n")
        parts += [f"| {each.name} | {each.licence} |\n" for each in dependencies]
    for name, (_, file, where) in VENDORED.items():
        parts.append(f"\n{name} stands in `{file}`, {where}.\n")
    return "".join(parts)


def main() -> int:
    """Say what is wrong; 1 when anything is."""
    if "--write" in sys.argv:
        PAGE.write_text(page(), encoding="utf-8")
    found = [each.problem for _, dependencies in sections() for each in dependencies if each.problem]
    if not PAGE.exists() or PAGE.read_text("utf-8") != page():
        found.append(f"{PAGE} is not what the locks say: run `make docs`")
    missing = set(
        re.findall(r"^\[(?:programs|release)\.([\w-]+)\]", Path(".ci/tools/versions.toml").read_text(), re.MULTILINE)
    )
    found += [f".ci/tools/versions.toml: {name} is in no table of licences" for name in missing - BUILT_WITH_GO.keys()]
    print("\n".join(found) or "licences: all are allowed")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
