"""The examples of the pages about what handlers can be work as they stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from salesloft_webhooks.content_filters import parse
from salesloft_webhooks.settings import Settings
from salesloft_webhooks.testing import event
from tests.integration.docs.test_python import file_of
from tests.support.documents import blocks

OPTIONS = ("-o", "asyncio_mode=auto", "-o", "asyncio_default_fixture_loop_scope=function", "-c", os.devnull)


PAGES = {
    "docs/batches.md": 1,
    "docs/debounce.md": 2,
    "docs/filters.md": 2,
    "docs/follow_ups.md": 2,
    "docs/limits.md": 3,
    "docs/threads_and_processes.md": 2,
}


@pytest.mark.parametrize(("page", "tests"), PAGES.items())
def test_the_examples_pass_their_tests(page: str, tests: int, tmp_path: Path) -> None:
    """All of a page's, written into the files they name, as one project."""
    for block in blocks(page, "python"):
        (tmp_path / file_of(block)).write_text(block.text)

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", f"--rootdir={tmp_path}", *OPTIONS, "."],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout
    assert f"{tests} passed" in ran.stdout


def test_the_filter_of_a_group_is_one() -> None:
    """The values of the page set what a worker takes as its setting."""
    (values,) = (yaml.safe_load(block.text) for block in blocks("docs/filters.md", "yaml"))

    condition = parse(Settings.load(worker_where=values["workers"]["crm"]["where"]).worker_where or "")
    person = {"crm_id": "1", "custom_fields": {"Lead Score": "hot"}}

    assert condition.holds(event("person.updated", person))
