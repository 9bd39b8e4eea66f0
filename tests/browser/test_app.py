"""The whole page in real Chromium: layout in, pictures side by side out, nothing lost on the way."""

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

from sims.layout_samples import sample_layouts
from sims.provenance import read_recipe

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MADE = 120_000  # milliseconds that a picture may take on a busy machine
STREET = sample_layouts("street")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def opened(page: Page, studio: Studio) -> Page:
    page.goto(studio.url, wait_until="domcontentloaded")
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_visible()
    expect(page.locator("#layout-editor canvas").first).to_be_visible()
    return page


def only(page: Page, *names: str, group: str = "#generators") -> Page:
    """The page with these generators chosen and no others."""
    boxes = page.locator(group)
    for name in boxes.locator("label").all_inner_texts():
        boxes.get_by_role("checkbox", name=name, exact=True).set_checked(name in names)
    return page


def opened_for_two(page: Page, studio: Studio) -> Page:
    return only(opened(page, studio), "SPADE, street", "pix2pix, street")


def cards(page: Page, state: str = "done") -> Locator:
    return page.locator(f'#results .card[data-state="{state}"]')


def generate(page: Page, count: int = 2) -> None:
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(cards(page)).to_have_count(count, timeout=MADE)
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_visible()


def downloaded(page: Page, card: Locator) -> bytes:
    with page.expect_download() as download:
        card.get_by_role("link", name="Download").click()
    return Path(download.value.path()).read_bytes()


def toast(page: Page) -> Locator:
    return page.get_by_test_id("toast-body").first


def test_one_press_shows_the_four_street_generators_beside_each_other(page: Page, studio: Studio) -> None:
    opened(page, studio)
    generate(page, 4)
    names = cards(page).locator("h3").all_inner_texts()
    assert sorted(names) == ["CRN, street", "SIMS, street", "SPADE, street", "pix2pix, street"]
    left, right = (cards(page).nth(n).bounding_box() for n in range(2))
    assert left["y"] == right["y"]
    assert left["x"] + left["width"] <= right["x"]
    for n in range(4):
        expect(cards(page).nth(n).locator(".card-time")).to_have_text(re.compile(r"\d (s|ms)$"))
    recipe = read_recipe(downloaded(page, cards(page).first))
    assert np.array_equal(recipe.request.layout.ids, STREET[0].read().ids)


def test_the_picture_on_the_page_is_the_very_png(page: Page, studio: Studio) -> None:
    opened_for_two(page, studio)
    generate(page)
    card = cards(page).first
    shown = page.request.get(card.locator("img").get_attribute("src")).body()
    assert shown == downloaded(page, card)
    assert Image.open(io.BytesIO(shown)).format == "PNG"


def test_a_sample_of_another_world_brings_its_generators(page: Page, studio: Studio) -> None:
    opened(page, studio)
    page.locator("#samples .strip-item", has_text="Lake").first.click()
    expect(page.locator("#layout-note")).to_contain_text("Landscape")
    expect(page.get_by_role("checkbox", name="SPADE, landscape").first).to_be_checked()
    expect(page.get_by_role("checkbox", name="SPADE, street").first).not_to_be_checked()
    generate(page)
    assert all("landscape" in name for name in cards(page).locator("h3").all_inner_texts())


def test_any_generator_takes_any_layout_and_says_what_it_could_not_map(page: Page, studio: Studio) -> None:
    only(opened(page, studio), "pix2pix, landscape")
    generate(page, 1)
    expect(cards(page).locator(".card-notes")).to_contain_text("building")


def test_settings_come_back_from_the_history_and_from_a_file(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened_for_two(page, studio)
    page.locator("#seed input").fill("41")
    generate(page)
    kept = tmp_path / "kept.png"
    kept.write_bytes(downloaded(page, page.locator("#results .card", has_text="pix2pix")))
    page.locator("#samples .strip-item", has_text="Lake").first.click()
    expect(page.locator("#layout-note")).to_contain_text("Landscape")
    page.locator("#seed input").fill("5")

    page.locator("#history .strip-item", has_text="SPADE").first.click()
    expect(page.locator("#layout-note")).to_contain_text("Street")
    expect(page.locator("#seed input")).to_have_value("41")
    expect(page.get_by_role("checkbox", name="SPADE, street").first).to_be_checked()
    expect(page.get_by_role("checkbox", name="pix2pix, street").first).not_to_be_checked()

    page.locator("#samples .strip-item", has_text="Lake").first.click()
    expect(page.locator("#layout-note")).to_contain_text("Landscape")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a picture made here").click()
    chooser.value.set_files(kept)
    expect(page.locator("#layout-note")).to_contain_text("Street")
    expect(page.get_by_role("checkbox", name="pix2pix, street").first).to_be_checked()
    generate(page, 1)
    again = downloaded(page, cards(page).first)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(again))), np.asarray(Image.open(kept)))


def test_a_label_map_is_read_exactly_or_refused_and_nothing_is_lost(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened_for_two(page, studio)
    page.get_by_role("button", name="Upload a label map").click()
    upload = page.locator("#label-map input[type=file]")
    bad = tmp_path / "bad.png"
    bad.write_text("no picture")
    upload.set_input_files(bad)
    expect(page.locator("#layout-note")).to_contain_text("PNG")
    generate(page)
    recipe = read_recipe(downloaded(page, cards(page).first))
    assert np.array_equal(recipe.request.layout.ids, STREET[0].read().ids)

    page.locator("#label-map").get_by_label("Remove this file").or_(page.locator("#label-map button")).first.click()
    ids = STREET[3].read().ids.copy()
    ids[10, 20:24] = 99
    good = tmp_path / "good.png"
    Image.fromarray(ids).save(good)
    page.locator("#label-map input[type=file]").set_input_files(good)
    expect(page.locator("#layout-note")).to_contain_text("99")
    expect(page.locator("#layout-note")).to_contain_text("row 10, column 20")


def test_what_cannot_be_done_is_said_in_a_sentence(page: Page, studio: Studio) -> None:
    opened(page, studio)
    for box in page.locator("#generators input[type=checkbox]").all():
        box.uncheck()
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(toast(page)).to_contain_text("Choose at least one generator.")
    expect(page.locator("#results .card")).to_have_count(0)


def test_a_style_picture_that_is_none_is_refused_and_the_page_goes_on(
    page: Page, studio: Studio, tmp_path: Path
) -> None:
    opened_for_two(page, studio)
    page.get_by_role("button", name="Options and style").click()
    bad, good = tmp_path / "bad.png", tmp_path / "good.jpg"
    bad.write_bytes(STREET[0].path.read_bytes()[:900])
    Image.new("RGB", (90, 60), (180, 120, 40)).save(good)
    page.locator("#style input[type=file]").set_input_files(bad)
    expect(page.locator("#style-view")).to_contain_text("The style picture is")
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(toast(page)).to_contain_text("The style picture is")
    page.locator("#style").get_by_label("Clear").click()
    page.locator("#style input[type=file]").set_input_files(good)
    expect(page.locator("#style-view img")).to_be_visible()
    generate(page)
    spade = page.locator("#results .card", has_text="SPADE")
    style = read_recipe(downloaded(page, spade)).request.style
    assert style is not None
    assert style.shape == (60, 90, 3)
    expect(page.locator("#results .card", has_text="pix2pix").locator(".card-notes")).to_contain_text("no style")


def test_a_pull_that_fails_says_why(page: Page, studio: Studio) -> None:
    opened(page, studio)
    page.get_by_role("button", name="More generators").click()
    row = page.locator('.catalogue-row[data-name="spade-coco-mit"]')
    row.get_by_role("button", name="Pull").click()
    expect(row.locator(".catalogue-error")).to_have_text(re.compile(r"\w.*\.$"), timeout=90_000)
    page.get_by_label("Find a generator").fill("ade20k")
    expect(row).to_be_hidden()
    expect(page.locator('.catalogue-row[data-name="spade-ade20k"]')).to_be_visible()


def test_a_comparison_fills_stops_and_lays_two_pictures_over_each_other(page: Page, studio: Studio) -> None:
    opened(page, studio)
    page.get_by_role("tab", name="Compare").click()
    expect(page.locator("#compare-generators input:checked")).to_have_count(4)
    only(page, "SIMS, street", "SIMS without memory", group="#compare-generators")
    page.locator("#compare-go").click()
    expect(page.locator("#sheet .sheet-cell")).to_have_count(6, timeout=3 * MADE)
    expect(page.locator("#sheet thead th")).to_have_text(["SIMS, street", "SIMS without memory"])
    expect(page.locator("#compare-export")).to_be_enabled()
    with page.expect_download() as download:
        page.locator("#compare-export").click()
    sheet = Image.open(download.value.path())
    assert sheet.format == "PNG"
    assert sheet.width > 2 * 256

    expect(page.locator("#sheet .pair")).to_be_visible()
    page.locator("#sheet .sheet-cell").nth(4).click()
    expect(page.locator("#sheet .pair-names")).to_contain_text("seed 2")
    for mode in ("Blink", "Difference", "Wipe"):
        page.get_by_role("button", name=mode).click()
        expect(page.locator(f'.pair-stage[data-mode="{mode.lower()}"]')).to_be_visible()


def test_a_run_can_be_stopped(page: Page, studio: Studio) -> None:
    opened(page, studio)
    page.get_by_role("tab", name="Compare").click()
    only(page, "SPADE, street", "pix2pix, street", group="#compare-generators")
    page.locator("#compare-count input[type=number]").fill("8")
    page.locator("#compare-count input[type=number]").press("Tab")
    page.locator("#compare-go").click()
    expect(page.locator("#sheet .sheet-cell").first).to_be_visible(timeout=MADE)
    page.locator("#compare-stop").click()
    expect(page.locator('#sheet [data-state="stopped"]').first).to_be_visible()
    expect(page.locator("#compare-go")).to_be_visible()
    made = page.locator("#sheet .sheet-cell").count()
    assert 1 <= made < 16
    assert made + page.locator('#sheet [data-state="stopped"]').count() == 16


def test_a_picture_is_sent_to_the_comparison(page: Page, studio: Studio) -> None:
    opened_for_two(page, studio)
    generate(page)
    cards(page).first.get_by_role("button", name="Send to Compare").click()
    expect(page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#sheet .sheet-cell")).to_have_count(1)


def test_the_large_view_flips_by_the_keyboard(page: Page, studio: Studio) -> None:
    opened_for_two(page, studio)
    generate(page)
    cards(page).first.locator(".card-picture").click()
    large = page.locator("dialog.large")
    expect(large).to_contain_text(cards(page).first.locator("h3").inner_text())
    page.keyboard.press("ArrowRight")
    expect(large).to_contain_text(cards(page).nth(1).locator("h3").inner_text())
    page.keyboard.press("Escape")
    expect(large).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 820, 1280])
def test_every_width_fits_and_can_be_read(
    open_page: Callable[..., Page], studio: Studio, width: int, scheme: str
) -> None:
    options = PHONE if width == 390 else {"viewport": {"width": width, "height": 900}}
    page = opened(open_page(**options, color_scheme=scheme), studio)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for selector in (
        "#generate",
        "#masthead p",
        "#layout-note p",
        ".strip-title",
        ".empty p:last-child",
        ".tab-container button.selected",
    ):
        ratio = page.evaluate(CONTRAST, selector)
        assert ratio >= 4.5, (selector, ratio)


# The contrast of an element's text on the nearest opaque background, by WCAG 2.2.
CONTRAST = """selector => {
  const node = [...document.querySelectorAll(selector)].find((found) => found.offsetParent);
  const parse = (colour) => {
    const canvas = new OffscreenCanvas(1, 1).getContext("2d");
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = node;
  const opaque = (element) => parse(getComputedStyle(element).backgroundColor)[3] === 255;
  while (behind.parentElement && !opaque(behind)) behind = behind.parentElement;
  const text = light(parse(getComputedStyle(node).color));
  const ground = light(parse(getComputedStyle(behind).backgroundColor));
  return (Math.max(text, ground) + 0.05) / (Math.min(text, ground) + 0.05);
}"""
