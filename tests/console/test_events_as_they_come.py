"""New events in the list of events, seen in a browser: on top at once, and where they are in nobody's way."""

from playwright.sync_api import Page, expect

from tests.console.stored_events import an_event, store_events
from tests.support.servers import Server


def test_new_events_appear_on_top_unless_somebody_points_at_the_list(valkey: Server, page: Page) -> None:
    """Each once, and only what is meant; what came while one pointed at the list is shown afterwards."""
    store_events(valkey, an_event("old"))
    page.goto("/events?type=person.*")
    names = page.locator("#found th code")

    store_events(valkey, an_event("new"), an_event("other", event_type="email.sent"))
    expect(names).to_have_text(["new", "old"])
    page.locator("#found tr").first.hover()
    with page.context.expect_page() as opened:
        page.context.new_page()
    store_events(valkey, an_event("held"))
    opened.value.goto("/events")
    expect(opened.value.locator("#found th code").first).to_have_text("held")
    opened.value.close()

    assert names.all_text_contents() == ["new", "old"]
    page.mouse.move(5, 5)
    expect(names).to_have_text(["held", "new", "old"])


def test_new_events_wait_while_a_row_has_the_focus(valkey: Server, page: Page) -> None:
    """Whoever steps through the rows by keyboard keeps them where they are, until the focus goes elsewhere."""
    store_events(valkey, an_event("old"))
    page.goto("/events")
    names = page.locator("#found th code")
    page.keyboard.press("j")
    expect(page.locator("#found tr").first).to_be_focused()
    held_while = page.context.new_page()
    held_while.goto("/events")

    store_events(valkey, an_event("held"))
    expect(held_while.locator("#found th code").first).to_have_text("held")
    held_while.close()

    assert names.all_text_contents() == ["old"]
    page.keyboard.press("/")
    expect(names).to_have_text(["held", "old"])


def test_new_events_wait_while_somebody_reads_further_down(valkey: Server, page: Page) -> None:
    """What comes on top would move what is read; back at the top, it is there."""
    store_events(valkey, *(an_event(f"e{number}") for number in range(50)))
    page.goto("/events")
    names = page.locator("#found th code")
    expect(names).to_have_count(50)
    page.evaluate("window.scrollTo(0, 400)")
    held_while = page.context.new_page()
    held_while.goto("/events")

    store_events(valkey, an_event("held"))
    expect(held_while.locator("#found th code").first).to_have_text("held")
    held_while.close()

    assert names.first.text_content() == "e49"
    page.evaluate("window.scrollTo(0, 0)")
    expect(names.first).to_have_text("held")
