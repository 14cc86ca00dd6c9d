"""Pictures of the console for the README, in both themes: ``python -m tests.console.pictures`` (`make pictures`)."""

import tempfile
from pathlib import Path

from playwright.sync_api import Browser, ViewportSize, sync_playwright

from tests.console.conftest import CHROMIUM
from tests.console.staged import stage
from tests.console.stages import arrange
from tests.support.console_process import ConsoleProcess
from tests.support.receiver_process import ReceiverProcess, delivery, envelope
from tests.support.servers import Server, engines
from tests.support.waiting import wait_until

FOLDER = Path("docs/images")
SIZE: ViewportSize = {"width": 1200, "height": 860}
PAGES = {"overview": "/", "group": "/groups/crm"}
THEMES = ("light", "dark")


def main() -> None:
    """Take all of them anew."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        server = Server(engines()["valkey"], Path(folder), {"maxmemory": "64mb"}).start()
        try:
            take_all(server)
        finally:
            server.stop(kill=True)


def take_all(server: Server) -> None:
    """Of a console on an empty store, while a receiver is there."""
    with ReceiverProcess(server.url) as receiver, ConsoleProcess(server.url) as console:
        for number in range(12):
            receiver.send(delivery(envelope(f"in-{number}")))
        wait_until(lambda: has_heard(console), seconds=30, description="the receiver has said which deliveries came")
        arrange(server, stage)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            for theme in THEMES:
                take(browser, console.url, theme)
            browser.close()


def has_heard(console: ConsoleProcess) -> bool:
    """Whether the overview knows when the latest delivery came."""
    sources = console.json("/")["sources"]
    return bool(sources) and sources[0]["last_ms"] is not None


def take(browser: Browser, url: str, theme: str) -> None:
    """One theme."""
    context = browser.new_context(
        base_url=url, viewport=SIZE, color_scheme="dark" if theme == "dark" else "light", locale="en-GB"
    )
    window = context.new_page()
    for name, path in PAGES.items():
        window.goto(path)
        window.screenshot(path=FOLDER / f"console-{name}-{theme}.png")
    context.close()


if __name__ == "__main__":
    main()
