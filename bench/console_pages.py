"""How long the console's pages take to be seen, over a long history and many dead letters: in a real Chromium.

Each page is opened in turn, so that slowness of the machine meets all of them alike: in a window that has shown a page
of the console before, as people go from one to the next; in a new tab of that browser, as an alert's link opens it; and
in a new browser profile, which has no file of the console yet. There, a page of two words is opened as well: what it
takes is the browser's. The first paint is when the browser first shows something of the page; the answer is when its
last byte is there.

    python -m bench.console_pages [--history 1000000] [--dead 200000] [--rounds 10]
"""

import argparse
import os
import time
from collections.abc import Sequence
from statistics import median, quantiles

from playwright.sync_api import Browser, Page, sync_playwright
from tests.console.conftest import CHROMIUM
from tests.console.letters import bury
from tests.support.console_process import ConsoleProcess
from tests.support.servers import Server

from bench.filling import fill
from bench.machine import CORES
from bench.programs import store
from bench.traffic import event_id

GOAL_MS = 150
PAUSE_SECONDS = 1.0
"""One person looks at a page before opening the next; the browser ends a window meanwhile."""
GROUP = "crm"
ERRORS = (
    "HTTPStatusError: 503 from crm",
    "TimeoutError: crm took longer than 10 s",
    "ValueError: no such field: Stage__c",
    "PermanentError: the contact was merged",
)
PAGES = (
    "/",
    "/dead",
    f"/dead?group={GROUP}",
    "/events",
    "/people/100007",
    "/groups",
    f"/groups/{GROUP}",
    f"/dead/confirm?group={GROUP}&act=redrive",
)
TIMES = """() => {
  const [answer] = performance.getEntriesByType("navigation");
  const [paint] = performance.getEntriesByName("first-contentful-paint");
  return {answer: answer.responseEnd, paint: paint ? paint.startTime : null};
}"""
TWO_WORDS = "data:text/html,<title>two words</title><p>two words"
BATCH = 1_000
Times = dict[str, float]


def main() -> None:
    """Fill a store, look, and say how long it took."""
    parser = argparse.ArgumentParser(prog="python -m bench.console_pages", description=__doc__)
    parser.add_argument("--history", type=int, default=1_000_000, help="events")
    parser.add_argument("--dead", type=int, default=200_000, help="dead letters")
    parser.add_argument("--rounds", type=int, default=10)
    asked = parser.parse_args()
    with store(CORES.store) as server:
        bury(server.url, ERRORS, group=GROUP)
        multiply(server, asked.dead)
        fill(server.url, asked.history)
        print("filled", flush=True)
        with ConsoleProcess(server.url) as console, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            print(f"load of the machine before: {os.getloadavg()[0]:.1f}", flush=True)
            found = looked_at(browser, console, asked.rounds)
            browser.close()
        print(f"load of the machine after: {os.getloadavg()[0]:.1f}")
    for name, times in found.items():
        print(f"{name}: {said(times)}")


def multiply(server: Server, count: int) -> None:
    """Copies of the dead letters that are there, under the ids of events of the history."""
    with server.client() as client:
        key = f"sl:{{0}}:g:{GROUP}:dead"
        letters = [fields for _, fields in client.xrange(key)]
        for begin in range(len(letters), count, BATCH):
            with client.pipeline(transaction=False) as pipeline:
                for number in range(begin, min(begin + BATCH, count)):
                    copied = letters[number % len(letters)] | {b"id": event_id(0, number).encode()}
                    pipeline.xadd(key, copied)
                pipeline.execute()


def looked_at(browser: Browser, console: ConsoleProcess, rounds: int) -> dict[str, list[Times]]:
    """Every page, so many times, in each kind of window."""
    found: dict[str, list[Times]] = {}
    kept = window(browser)
    seen(kept, console.url)
    for _ in range(rounds):
        for path in PAGES:
            for name, page in ((path, kept), (f"{path} (new tab)", kept.context.new_page())):
                found.setdefault(name, []).append(seen(page, console.url + path))
                time.sleep(PAUSE_SECONDS)
            page.close()
        for name, address in {"two words": TWO_WORDS, **{path: console.url + path for path in PAGES}}.items():
            new = window(browser)
            found.setdefault(f"{name} (new profile)", []).append(seen(new, address))
            new.context.close()
            time.sleep(PAUSE_SECONDS)
    return found


def window(browser: Browser) -> Page:
    """A new one, of a browser that knows nothing."""
    return browser.new_context(bypass_csp=True).new_page()  # else nothing could wait in the page


def seen(window: Page, address: str) -> Times:
    """Milliseconds from asking for a page to its ``answer`` and to its first ``paint``."""
    window.goto(address)
    window.wait_for_function("performance.getEntriesByName('first-contentful-paint').length > 0")
    times: Times = window.evaluate(TIMES)
    return times


def said(times: Sequence[Times]) -> str:
    """Median and 95th percentile of both."""
    parts = []
    for what in ("answer", "paint"):
        values = [each[what] for each in times]
        parts.append(f"{what} {median(values):.0f} ms, p95 {quantiles(values, n=20)[-1]:.0f} ms")
    verdict = "" if median([each["paint"] for each in times]) < GOAL_MS else f"; more than {GOAL_MS} ms"
    return ", ".join(parts) + verdict


if __name__ == "__main__":
    main()
