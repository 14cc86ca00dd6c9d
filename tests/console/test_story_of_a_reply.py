"""Why did this person's reply not reach the CRM? Answered by a stranger with three clicks from the first page."""

from playwright.sync_api import Page, expect

from tests.console.arranged import arrange, publish
from tests.support.broker_driver import Driven
from tests.support.servers import Server

REPLY = "email.replied/812345678/3"


async def dead_reply(driven: Driven) -> None:
    """Among the events of other people, a reply of person 7 that `crm` has given up on."""
    group = await driven.group()
    for person in (5, 6):
        await publish(driven, f"email.replied/{person}/1", b'{"id":1}', person=person)
    await driven.handle(group)
    await publish(driven, REPLY, b'{"id":1}')
    await driven.kill(group, error="LookupError: no rep for person 7 in the CRM")


def test_three_clicks_lead_from_the_first_page_to_the_cause(valkey: Server, page: Page) -> None:
    """Events, the person's number and search, the reply: its page says which group failed, when and why."""
    arrange(valkey, dead_reply)
    page.goto("/")

    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Events").click()
    page.get_by_label("Person", exact=True).fill("7")
    page.get_by_role("main").get_by_role("button", name="Search", exact=True).last.click()
    page.get_by_role("link", name=REPLY).click()

    expect(page.get_by_role("heading", name="crm")).to_contain_text("dead")
    expect(page.locator("[data-attempt]")).to_contain_text("LookupError: no rep for person 7 in the CRM")
