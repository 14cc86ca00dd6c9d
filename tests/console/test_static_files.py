"""Files of others that we hand on are what their authors published, and pages load nothing else."""

import json
import re
from hashlib import sha256
from pathlib import Path

import pytest

from salesloft_webhooks.console.rendering import TEMPLATES
from salesloft_webhooks.console.static_files import FOLDER
from tests.support.console_process import ConsoleProcess

HTMX = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"
"""SHA-256 of `dist/htmx.min.js` in the package htmx.org 2.0.11 of npm, whose own integrity was checked when it was
unpacked: sha512-Thx/WtpeOQqSrqBCw/A1cwGJGg4UrVa3+sW0GmrM3p4gJgO89ecH4qtbnyzDDWFvBTqjnIMCgELTNt636dtamA==."""


def test_htmx_is_the_published_one() -> None:
    """Not a byte was changed, and its licence is kept beside it."""
    assert sha256((FOLDER / "htmx.min.js").read_bytes()).hexdigest() == HTMX
    assert "Zero-Clause BSD" in (FOLDER / "licenses/htmx.txt").read_text("utf-8")


@pytest.mark.parametrize(
    ("bill", "file"),
    [
        (FOLDER.parent / "vendored.cdx.json", FOLDER / "htmx.min.js"),
        (Path(__file__).with_name("vendored.cdx.json"), Path(__file__).with_name("axe.min.js")),
    ],
    ids=["htmx", "axe"],
)
def test_what_is_vendored_has_a_bill_of_materials(bill: Path, file: Path) -> None:
    """It names the version and is about the very file; that of the wheel goes into the image's (.ci/release)."""
    (component,) = json.loads(bill.read_text("utf-8"))["components"]

    assert component["hashes"] == [{"alg": "SHA-256", "content": sha256(file.read_bytes()).hexdigest()}]
    assert component["purl"] == f"pkg:npm/{component['name']}@{component['version']}"
    assert component["version"] in file.read_text("utf-8")


@pytest.mark.parametrize("template", sorted(path.name for path in TEMPLATES.iterdir()))
def test_a_template_has_nothing_that_the_policy_forbids(template: str) -> None:
    """No script or style in it, no handler in an attribute, nothing loaded from elsewhere, nothing left unescaped."""
    text = (TEMPLATES / template).read_text("utf-8")

    assert not re.findall(
        r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=|\|\s*safe\b|autoescape|hx-on|javascript:", text
    )
    assert not re.findall(r"(?:src|href|action)=[\"']?(?:https?:)?//", text)


def test_scripts_of_ours_stay_small() -> None:
    """What goes beyond HTML fits on two screens; the style sheet is one file below 400 lines."""
    assert len((FOLDER / "live.js").read_text("utf-8").splitlines()) < 110
    assert len((FOLDER / "console.css").read_text("utf-8").splitlines()) < 400


def test_files_are_kept_for_ever_and_pages_not_at_all(console: ConsoleProcess) -> None:
    """A file's address has its content's hash; a page is asked for each time. Both forbid what they do not need."""
    body = console.get("/audit").body.decode()
    files = [console.get(path) for path in re.findall(r"/static/[^\"]+", body)]

    assert len(files) == 4
    assert {reply.status for reply in files} == {200}
    assert {reply.headers["cache-control"] for reply in files} == {"public, max-age=31536000, immutable"}
    assert console.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    assert console.get("/static/no-such-file.js").status == 404
    page = console.get("/audit")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert console.get("/nowhere").status == 404
