"""docs/reliability.md says what was found, and nothing else."""

from tests.chaos.every_scene import SCENES
from tests.chaos.page import PAGE, broken, load, with_figures


def test_the_page_says_what_was_found() -> None:
    """Written anew from docs/reliability.json the page is as it is."""
    page = PAGE.read_text("utf-8")

    assert with_figures(page, load(), SCENES) == page


def test_what_was_broken_stands_first() -> None:
    """The page names each promise that a trial has found broken."""
    told = broken(load().trials)

    for found in load().trials:
        for problem in found.problems:
            assert found.fault in told
            assert problem in told
