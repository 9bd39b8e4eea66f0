"""Style transfer in real Chromium: a picture given, a style chosen, before and after, and everything brought back."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from running_studio import Studio

from sims.generator import StyleRequest
from sims.load import load
from sims.provenance import picture_png, read_recipe

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MADE = 120_000  # milliseconds that a picture may take on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture, darker to the right."""
    path = tmp_path_factory.mktemp("photographs") / "photograph.png"
    shade = np.linspace(230, 40, 96)[None, :, None] * np.array([1.0, 0.8, 0.6])
    Image.fromarray(np.repeat(shade, 64, 0).astype(np.uint8)).save(path)
    return path


def opened(page: Page, studio: Studio) -> Page:
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Style transfer").click()
    expect(page.locator("#style-content .drop-choose")).to_be_visible()
    return page


def give(page: Page, photograph: Path) -> None:
    page.locator("#style-content input[type=file]").set_input_files(photograph)
    expect(page.locator("#style-content .drop-note")).to_have_text("96 × 64")


def choose_style(page: Page, number: int = 1) -> None:
    page.locator("#style-gallery .strip-item").nth(number).click()
    expect(page.locator("#style-style .drop-picture")).to_be_visible()
    expect(page.locator("#style-style .drop-note")).to_have_text("512 × 256")


def option(page: Page, name: str, value: str) -> None:
    page.locator(f"#style-option-{name}").get_by_label(value).check()


def stage(page: Page, state: str = "done") -> Locator:
    return page.locator(f'#style-view .viewer-stage[data-state="{state}"]')


def apply(page: Page) -> None:
    page.get_by_role("button", name="Apply style").click()
    expect(stage(page)).to_be_visible(timeout=MADE)
    expect(page.get_by_role("button", name="Apply style")).to_be_visible()


def downloaded(page: Page) -> bytes:
    with page.expect_download() as download:
        page.locator("#style-view").get_by_role("link", name="Download").click()
    return Path(download.value.path()).read_bytes()


def test_a_photograph_takes_on_a_look_and_everything_comes_back(
    open_page: Callable[..., Page], studio: Studio, photograph: Path, tmp_path: Path
) -> None:
    page = opened(open_page(), studio)
    page.get_by_role("button", name="Apply style").click()
    expect(page.get_by_test_id("toast-body").first).to_contain_text("no style picture yet")
    give(page, photograph)
    choose_style(page)
    expect(page.locator("#style-told")).to_contain_text("The result will be 96 × 64, in about")
    option(page, "smoothing", "Fast")
    apply(page)

    knob = page.get_by_role("slider", name="Where before ends")
    knob.focus()
    for key, at in (("ArrowLeft", "48"), ("PageUp", "58"), ("Home", "0"), ("End", "100")):
        page.keyboard.press(key)
        expect(knob).to_have_attribute("aria-valuenow", at)
    box = stage(page).bounding_box()
    page.mouse.click(box["x"] + 0.25 * box["width"], box["y"] + 0.5 * box["height"])
    expect(knob).to_have_attribute("aria-valuenow", "25")

    expect(page.locator("#style-view .viewer-item figcaption")).to_have_text(
        ["content", "stylise", "smooth", "result", "style"]
    )
    page.get_by_role("button", name="stylise on the left").click()
    expect(page.locator("#style-view .viewer-tag-before")).to_have_text("stylise")
    page.get_by_role("button", name="Show style").click()
    expect(knob).to_be_hidden()
    page.get_by_role("button", name="Show result").click()
    expect(page.locator("#style-view .viewer-times li")).to_have_count(4)

    page.get_by_role("button", name="content on the left").click()
    apply(page)
    tags = page.locator("#style-view .viewer-tag")
    expect(tags).to_have_text(["content", "result"])
    expect(page.locator("#style-history .strip-item")).to_have_count(2)
    page.get_by_role("button", name="stylise on the left").click()

    strength = page.locator("#style-strength input[type=range]")
    strength.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#style-view .viewer-said")).to_contain_text("strength 97%")
    expect(page.locator("#style-history .strip-item")).to_have_count(3)
    expect(tags).to_have_text(["stylise", "result"])  # what was looked at stays

    kept = tmp_path / "kept.png"
    kept.write_bytes(downloaded(page))
    request = read_recipe(kept.read_bytes()).request
    assert isinstance(request, StyleRequest)
    assert request.strength == 0.97
    assert np.array_equal(request.content, np.asarray(Image.open(photograph)))

    page = opened(open_page(), studio)  # somebody else's: what the first page still listens to goes on
    with page.expect_file_chooser() as chooser:
        page.locator("#style-restore").click()
    chooser.value.set_files(kept)
    expect(page.locator("#style-view .viewer-said")).to_contain_text("strength 97%")
    expect(page.locator("#style-strength input[type=range]")).to_have_value("97")
    expect(page.locator("#style-option-smoothing").get_by_label("Fast")).to_be_checked()
    expect(page.locator("#style-content .drop-picture")).to_be_visible()
    apply(page)
    again = Image.open(io.BytesIO(downloaded(page)))
    assert np.array_equal(np.asarray(again), np.asarray(Image.open(kept)))

    page.get_by_role("button", name="Use as style").click()
    expect(page.locator("#style-style .drop-note")).to_have_text("96 × 64")


def test_regions_come_back_into_a_drawer_that_was_never_opened(
    page: Page, studio: Studio, photograph: Path, tmp_path: Path
) -> None:
    content = np.asarray(Image.open(photograph))
    labels = np.repeat(np.repeat([[3, 7]], 32, 0), 48, 1).astype(np.int32)
    options = {"smoothing": "fast", "post_filter": "off"}
    request = StyleRequest(content, content[:, ::-1].copy(), labels, labels, {3: 7, 7: None}, 0.5, options)
    kept = tmp_path / "regions.png"
    kept.write_bytes(picture_png(load("photo-wct-world").generate(request, seed=0)))
    opened(page, studio)
    with page.expect_file_chooser() as chooser:
        page.locator("#style-restore").click()
    chooser.value.set_files(kept)
    expect(page.locator("#regions .regions-row")).to_have_count(2)
    expect(page.locator('#regions .regions-row[data-id="3"] select')).to_have_value("7")
    page.get_by_role("button", name=re.compile("^Regions")).click()
    expect(page.locator("#regions .regions-row").first).to_be_hidden()
    apply(page)
    again = read_recipe(downloaded(page)).request
    assert isinstance(again, StyleRequest)
    assert again.pairs == {3: 7, 7: None}
    assert again.content_labels is not None


@pytest.mark.parametrize(("width", "height"), [(1000, 20), (20, 1000)])
def test_a_strip_of_a_picture_can_be_seen_and_compared(
    page: Page, studio: Studio, tmp_path: Path, width: int, height: int
) -> None:
    path = tmp_path / "strip.png"
    Image.new("RGB", (width, height), (120, 90, 60)).save(path)
    opened(page, studio)
    page.locator("#style-content input[type=file]").set_input_files(path)
    choose_style(page)
    option(page, "smoothing", "Off")
    apply(page)
    box = stage(page).bounding_box()
    assert box["width"] >= 280
    assert 160 <= box["height"] <= 900
    expect(page.get_by_role("slider", name="Where before ends")).to_be_in_viewport()


def test_a_layout_is_painted_and_restyled_in_one_action_and_can_be_stopped(page: Page, studio: Studio) -> None:
    opened(page, studio)
    page.get_by_label("The layout in the editor").check()
    expect(page.locator("#style-content .drop-note")).to_contain_text("Change it in the tab Layout synthesis.")
    expect(page.locator("#style-regions")).to_be_hidden()
    choose_style(page, 1)  # of another world than the layout, so that the segmenter has to look at it
    page.get_by_role("button", name="Apply style").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#style-view .viewer-message")).to_contain_text("Stopped", timeout=MADE)
    option(page, "smoothing", "Off")
    apply(page)
    expect(page.locator("#style-view .viewer-times li").first).to_contain_text("SPADE, street")
    expect(page.locator("#style-view .viewer-times li").nth(1)).to_contain_text("layout of the style picture")
    expect(page.locator("#style-view .viewer-tag-before")).to_have_text("SPADE, street")
    page.locator("#style-history .strip-item").click()
    expect(page.get_by_role("radio", name="A picture")).to_be_checked()
    expect(page.locator("#regions .regions-row").first).to_be_visible()


def test_a_card_is_sent_with_its_layout(page: Page, studio: Studio) -> None:
    page.goto(studio.url, wait_until="domcontentloaded")
    expect(page.locator("#layout-editor canvas").first).to_be_visible()
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(page.locator('#results .card[data-state="done"]').first).to_be_visible(timeout=MADE)
    page.get_by_role("button", name="Send to Style transfer").first.click()
    expect(page.get_by_role("tab", name="Style transfer")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#style-content .drop-note")).to_have_text("512 × 256")
    page.get_by_role("button", name="Regions").click()
    expect(page.locator("#regions-kind").get_by_label("The content's layout")).to_be_checked()


def test_what_cannot_be_used_is_said_beside_it_and_a_phone_holds_it_all(
    open_page: Callable[..., Page], studio: Studio, photograph: Path, tmp_path: Path
) -> None:
    page = opened(open_page(**PHONE), studio)
    bad, large = tmp_path / "bad.jpg", tmp_path / "large.png"
    bad.write_bytes(b"no picture")
    Image.new("RGB", (2400, 2000), (120, 90, 60)).save(large)
    give(page, photograph)
    page.locator("#style-content input[type=file]").set_input_files(bad)
    expect(page.locator("#style-content .drop-wrong")).to_contain_text("The content picture is")
    expect(page.locator("#style-content .drop-picture")).to_be_visible()  # the one before stays
    page.locator("#style-content input[type=file]").set_input_files(large)
    expect(page.locator("#style-content .drop-note")).to_have_text(
        re.compile(r"It has 4\.8 megapixels and is reduced to \d+ × \d+ before the work\.")
    )
    page.locator("#style-content").get_by_role("button", name="Remove").click()
    expect(page.locator("#style-content .drop-picture")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
