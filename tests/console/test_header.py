"""What is on top of every page."""

import pytest
from playwright.sync_api import Page, expect

HEIGHTS = "[...document.querySelectorAll('body > header > *')].map(each => each.getBoundingClientRect())"


@pytest.mark.parametrize("width", [1_200, 1_440, 2_560])
def test_it_is_one_line_on_a_laptop(page: Page, width: int) -> None:
    """Name, all pages, the search box and who has signed in stand side by side, and nothing sticks out."""
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/audit")
    page.locator(".person").evaluate("each => each.append(' and.somebody.with.a.long.name@example.com')")

    boxes = page.evaluate(f"{HEIGHTS}.map(box => [box.top + box.height / 2, box.height, box.right, box.width])")

    assert max(middle for middle, *_ in boxes) - min(middle for middle, *_ in boxes) < 4
    assert max(height for _, height, *_ in boxes) < 50
    assert max(right for *_, right, _ in boxes) <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".search").bounding_box()["width"] > 100  # type: ignore[index]
    expect(page.get_by_role("navigation", name="Pages").get_by_role("link")).to_have_count(12)
