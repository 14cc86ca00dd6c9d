"""The figures of docs/scaling.md are those that were measured, and what follows from them."""

import json

from bench.scaling_page import FIGURES, PAGE, with_figures

from tests.support.rules_and_dashboards import ROOT


def test_the_page_says_what_was_measured() -> None:
    """Written anew from docs/scaling.json the page is as it is."""
    page = (ROOT / PAGE).read_text("utf-8")

    assert with_figures(page, json.loads((ROOT / FIGURES).read_text("utf-8"))) == page
