"""The tab "Texture" in real Chromium: an example, a size, the texture; stopped, tiled, sent on, opened again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from running_studio import Studio

from sims.generator import TextureRequest
from sims.provenance import read_recipe
from sims.style.gallery import texture_examples

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MADE = 120_000  # milliseconds that a texture may take on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}
BRICKS = next(one for one in texture_examples() if one.name == "bricks")


def opened(page: Page, studio: Studio) -> Page:
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Texture").click()
    expect(page.locator("#texture-view")).to_contain_text("The texture appears here")
    return page


def with_example(page: Page, studio: Studio, width: int = 64, height: int = 48) -> Page:
    """The page with our bricks, a small size, and few rounds."""
    opened(page, studio)
    page.locator("#texture-gallery .strip-item", has_text="Bricks").click()
    expect(page.locator("#texture-example")).to_contain_text("256 × 256")
    for side, value in (("width", width), ("height", height)):
        page.locator(f"#texture-{side} input").fill(str(value))
        page.locator(f"#texture-{side} input").press("Tab")
    page.locator("#texture-option-scales").get_by_label("2", exact=True).check()
    rounds(page, "3")
    return page


def rounds(page: Page, count: str) -> None:
    field = page.locator("#texture-option-iterations input")
    field.fill(count)
    field.press("Enter")
    field.press("Tab")


def make(page: Page) -> None:
    page.get_by_role("button", name="Make texture").click()


def done(page: Page) -> Locator:
    return page.locator("#texture-view .viewer-actions")


def result(page: Page) -> Locator:
    return page.locator("#texture-view .viewer-after")


def test_a_texture_is_made_downloaded_and_opened_again(page: Page, studio: Studio, tmp_path: Path) -> None:
    with_example(page, studio)
    expect(page.locator("#texture-told")).to_contain_text("The texture will be 64 × 48")
    expect(page.locator("#texture-told")).to_contain_text("It tiles without a seam.")
    page.locator("#texture-seed input").fill("11")
    make(page)
    expect(done(page)).to_be_visible(timeout=MADE)
    expect(page.locator("#texture-view")).to_contain_text("64 × 48 · scales 2, iterations 3 · seed 11")
    expect(page.locator("#texture-view")).to_contain_text("synthesise")
    expect(page.locator("#texture-history .strip-item")).to_have_count(1)

    kept = tmp_path / "kept.png"
    with page.expect_download() as download:
        done(page).get_by_role("link", name="Download").click()
    kept.write_bytes(Path(download.value.path()).read_bytes())
    recipe = read_recipe(kept.read_bytes())
    assert isinstance(recipe.request, TextureRequest)
    assert np.array_equal(recipe.request.example, BRICKS.picture())
    assert (recipe.request.size, recipe.seed, recipe.options["iterations"]) == ((48, 64), 11, "3")

    page.get_by_role("button", name="Show example").click()
    expect(result(page)).to_have_attribute("alt", "example")
    page.get_by_role("button", name="Show result").click()

    tile = done(page).get_by_role("button", name="Show tiled 2×2")
    tile.click()
    expect(page.get_by_role("img", name="result, two by two")).to_be_visible()
    tile.click()
    expect(result(page)).to_be_visible()

    page.reload(wait_until="domcontentloaded")
    page.get_by_role("tab", name="Texture").click()
    with page.expect_file_chooser() as chooser:
        page.locator("#texture-restore").click()
    chooser.value.set_files(kept)
    expect(done(page)).to_be_visible()
    expect(page.locator("#texture-width input")).to_have_value("64")
    expect(page.locator("#texture-seed input")).to_have_value("11")
    expect(page.locator("#texture-option-iterations input")).to_have_value("3")
    expect(page.locator("#texture-example")).to_contain_text("256 × 256")
    expect(page.locator("#texture-history .strip-item")).to_have_count(1)


def test_a_run_shows_how_it_comes_on_and_is_stopped(page: Page, studio: Studio) -> None:
    with_example(page, studio, 256, 256)
    rounds(page, "200")
    make(page)
    expect(page.locator("#texture-view .viewer-working")).to_contain_text("of 200", timeout=MADE)
    expect(page.get_by_alt_text("The picture so far")).to_be_visible(timeout=MADE)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#texture-view")).to_contain_text("Stopped", timeout=MADE)
    expect(page.get_by_role("button", name="Make texture")).to_be_visible()
    expect(page.locator("#texture-history .strip-item")).to_have_count(0)


def test_what_cannot_be_made_is_told_and_nothing_is_lost(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened(page, studio)
    make(page)
    expect(page.get_by_text("There is no example yet").first).to_be_visible()
    expect(page.get_by_role("button", name="Make texture")).to_be_enabled()
    expect(page.locator("#texture-view")).to_contain_text("The texture appears here")
    expect(page.locator("#texture-history")).to_contain_text("is kept here")
    page.locator("#texture-gallery .strip-item", has_text="Bricks").click()
    expect(page.locator("#texture-example")).to_contain_text("256 × 256")
    page.locator("#texture-width input").fill("5")
    page.locator("#texture-width input").press("Tab")
    expect(page.locator("#texture-told")).to_have_text("The texture's width is 5; give a whole number from 32 to 2048.")
    page.locator("#texture-width input").fill("64")
    page.locator("#texture-width input").press("Tab")
    expect(page.locator("#texture-told")).to_contain_text("64 × 256")
    wrong = tmp_path / "wrong.png"
    wrong.write_text("no picture")
    page.locator("#texture-example input[type=file]").set_input_files(wrong)
    expect(page.locator("#texture-example")).to_contain_text("is not a picture that can be read")
    expect(page.locator("#texture-example .drop-picture")).to_be_visible()
    stripe = tmp_path / "stripe.png"
    Image.new("RGB", (300, 8), "red").save(stripe)
    page.locator("#texture-example input[type=file]").set_input_files(stripe)
    expect(page.locator("#texture-example")).to_contain_text("300 × 8")
    make(page)
    expect(page.locator("#texture-view [role=alert]")).to_contain_text("The example is 300x8", timeout=MADE)


def test_the_methods_have_their_own_options(page: Page, studio: Studio) -> None:
    opened(page, studio)
    expect(page.locator("#texture-option-scales")).to_be_visible()
    expect(page.locator("#texture-option-steps")).to_be_hidden()
    page.locator("#texture-method").get_by_label("Neural, after Gatys").check()
    expect(page.locator("#texture-option-steps")).to_be_visible()
    expect(page.locator("#texture-option-scales")).to_be_hidden()


def test_textures_go_on_as_style_content_and_example(page: Page, studio: Studio) -> None:
    with_example(page, studio)
    make(page)
    expect(done(page)).to_be_visible(timeout=MADE)
    page.get_by_role("button", name="Use as example").click()
    expect(page.locator("#texture-example")).to_contain_text("64 × 48")
    page.get_by_role("button", name="Use as style").click()
    expect(page.locator("#style-style")).to_contain_text("64 × 48")
    expect(page.locator("#style-style")).to_be_visible()
    page.get_by_role("tab", name="Texture").click()
    page.get_by_role("button", name="Use as content").click()
    expect(page.locator("#style-content")).to_contain_text("64 × 48")
    expect(page.locator("#style-content")).to_be_visible()


def test_it_works_on_a_phone_by_touch(open_page: Callable[..., Page], studio: Studio) -> None:
    page = with_example(open_page(**PHONE), studio)
    page.get_by_role("button", name="Make texture").tap()
    expect(page.locator("#texture-view .viewer-working")).to_be_in_viewport()
    expect(done(page)).to_be_visible(timeout=MADE)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    expect(page.get_by_role("tab")).to_have_count(5)
