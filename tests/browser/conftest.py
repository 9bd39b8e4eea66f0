"""Real Chromium for the tests of what people see."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

expect.set_options(timeout=30_000)  # two busy cores are slower than Playwright's five seconds expect

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
HERE = ("http://127.0.0.1", "data:", "blob:")


@pytest.fixture(scope="package")  # not "session": while Playwright runs, no other test can start an event loop
def browser() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.fail(f"No Chromium found: install one of {', '.join(CHROMIUM)} so that it is on PATH.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own, with options of `Browser.new_context` such as `has_touch=True`.

    At the end of the test, errors of scripts and requests that left the machine fail it.
    """
    contexts, problems = [], []

    def watched(**options: object) -> Page:
        defaults = {"viewport": {"width": 1280, "height": 900}, "reduced_motion": "reduce"}
        context = browser.new_context(**{**defaults, **options})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on("console", lambda message: message.type == "error" and problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: request.url.startswith(HERE) or problems.append(f"asked {request.url}"))
        return page

    yield watched
    for context in contexts:
        context.close()
    assert not problems, problems


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    """A desktop page, 1280 by 900."""
    return open_page()
