"""What a person chooses from in the tab Style transfer, in real Chromium: pictures of ours, and options that count."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from running_studio import Studio

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_nobody_needs_a_picture_to_begin(page: Page, studio: Studio) -> None:
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Style transfer").click()
    expect(page.get_by_text("Pictures to restyle", exact=True)).to_be_visible()
    expect(page.get_by_text("Style pictures", exact=True)).to_be_visible()
    page.locator("#style-contents .strip-item", has_text="Cat").click()
    page.locator("#style-gallery .strip-item").first.click()
    expect(page.locator("#style-content .drop-note")).to_have_text("451 × 300")
    expect(page.locator("#style-style .drop-picture")).to_be_visible()
    expect(page.locator("#style-told")).to_contain_text("The result will be 451 × 300")
    boxes = [item.bounding_box() for item in page.locator("#style-gallery .strip-item").all()]
    width = page.viewport_size["width"] if page.viewport_size else 0
    assert all(box and box["x"] >= 0 and box["x"] + box["width"] <= width for box in boxes)
    assert len({box["y"] for box in boxes if box}) > 1  # they wrap


def test_options_that_change_nothing_are_hidden(page: Page, studio: Studio) -> None:
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Style transfer").click()
    last, seed = page.locator("#style-option-post_filter"), page.locator("#style-seed")
    expect(last).to_be_visible()
    expect(seed).to_be_hidden()
    page.locator("#style-option-smoothing").get_by_label("Off").check()
    expect(last).to_be_hidden()
    page.locator("#style-option-smoothing").get_by_label("Fast").check()
    expect(last).to_be_visible()
    page.get_by_label("Neural, after Gatys").check()
    expect(seed).to_be_visible()
    expect(last).to_be_hidden()
    page.get_by_label("Photorealistic").check()
    expect(seed).to_be_hidden()
    page.get_by_label("The layout in the editor").check()
    expect(seed).to_be_visible()
