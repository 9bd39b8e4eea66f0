"""The stages of SIMS in real Chromium: opened, another candidate chosen, a coarse layout completed, five at once."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from running_studio import Studio, serve

from sims.provenance import read_recipe
from zoo import find

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAME = "sims-cityscapes-256"  # here a small untrained one, whose memory knows no walls
MADE = 120_000  # milliseconds that a picture may take on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def remembering(tiny_sims: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """The app, with that SIMS at hand."""
    folder = tmp_path_factory.mktemp("remembering")
    shutil.copytree(tiny_sims, folder / "cache" / "local" / NAME)
    with serve(folder, SIMS_CACHE=str(folder / "cache")) as running:
        yield running


def made(page: Page, studio: Studio, sample: str, completion: bool = False) -> Page:
    """The page with a picture that SIMS made of a sample layout."""
    page.goto(studio.url, wait_until="domcontentloaded")
    expect(page.locator("#layout-editor canvas").first).to_be_visible()
    page.locator("#samples .strip-item", has_text=sample).click()
    for box in page.locator("#generators input").all():
        box.uncheck()
    page.get_by_role("checkbox", name=find(NAME).title).check()
    if completion:
        page.get_by_role("button", name="Options and style").click()
        page.locator("#option-completion").get_by_label("On").check()
    page.get_by_role("button", name="Generate", exact=True).click()
    expect(done(page)).to_have_count(1, timeout=MADE)
    return page


def done(page: Page) -> Locator:
    return page.locator('#results .card[data-state="done"]')


def open_stages(page: Page) -> None:
    page.get_by_role("button", name="Open the stages").first.click()
    expect(page.locator('#stages [data-stage="result"]')).to_be_visible(timeout=MADE)
    expect(page.locator("#candidates h3")).to_be_visible()


def segment(page: Page, name: str) -> Locator:
    return page.locator("#stages .order-item", has_text=name).first


def result_source(page: Page) -> str:
    return page.locator('#stages [data-stage="result"] img').get_attribute("src") or ""


def downloaded(page: Page, card: Locator) -> bytes:
    with page.expect_download() as download:
        card.get_by_role("link", name="Download").click()
    return Path(download.value.path()).read_bytes()


def test_another_candidate_is_painted_at_once_and_kept(page: Page, remembering: Studio, tmp_path: Path) -> None:
    made(page, remembering, "Side street in autumn")
    expect(done(page).locator(".card-notes")).to_contain_text("wall")
    open_stages(page)
    expect(page.locator("#stages .stages-note")).to_contain_text("wall")
    expect(page.locator("#stages h2")).to_be_in_viewport()
    expect(page.locator("#stages .stage")).to_have_count(4)

    segment(page, "wall").click()
    expect(page.locator("#candidates")).to_contain_text("Nothing in the memory fits this wall")
    sky = segment(page, "sky")
    sky.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#candidates h3")).to_contain_text("sky")
    expect(sky).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#stages .order-item").nth(1)).to_be_focused()

    first = result_source(page)
    best = page.locator("#candidates .candidate").first
    expect(best).to_have_attribute("aria-pressed", "true")
    expect(best).to_have_attribute("aria-label", re.compile(r"score \d\.\d\d: mask IoU .*, context IoU .*, from frame"))
    page.locator('#candidates [data-rank="1"]').click()
    expect(page.locator('#candidates [data-rank="1"]')).to_have_attribute("aria-pressed", "true", timeout=MADE)
    second = result_source(page)
    assert page.request.get(first).body() != page.request.get(second).body()
    expect(page.locator("#candidates h3")).to_contain_text("sky")
    expect(sky).to_contain_text("chosen")
    expect(done(page)).to_have_count(2)
    expect(page.locator("#history .strip-item")).to_have_count(2)
    kept = tmp_path / "kept.png"
    kept.write_bytes(downloaded(page, done(page).nth(1)))
    assert read_recipe(kept.read_bytes()).options["candidates"] == "1:1"

    page.get_by_role("button", name="Back to the best").click()
    expect(best).to_have_attribute("aria-pressed", "true", timeout=MADE)
    expect(done(page)).to_have_count(2)
    expect(page.locator("#history .strip-item")).to_have_count(3)
    page.get_by_role("button", name="Close").click()
    expect(page.locator("#stages-desk")).to_be_hidden()

    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Open a picture made here").click()
    chooser.value.set_files(kept)
    expect(done(page)).to_have_count(1)
    expect(done(page)).to_contain_text("candidates 1:1")
    open_stages(page)
    expect(sky).to_contain_text("chosen")


def test_pointing_at_a_segment_outlines_it_and_a_click_selects_it(page: Page, remembering: Studio) -> None:
    made(page, remembering, "Poplar boulevard")
    open_stages(page)
    layout = page.locator('#stages [data-stage="layout"] .stage-picture')
    box = layout.bounding_box()
    layout.hover(position={"x": 0.5 * box["width"], "y": 0.9 * box["height"]})  # the road
    expect(layout.locator(".stage-tag")).to_contain_text("road")
    expect(segment(page, "road")).to_have_class(re.compile("pointed"))
    line = page.locator('#stages [data-stage="result"] path.pointed').last
    expect(line).to_have_attribute("d", re.compile(r"^M\d+ \d+h\d+"))
    layout.click(position={"x": 0.5 * box["width"], "y": 0.9 * box["height"]})
    expect(page.locator("#candidates h3")).to_contain_text("road")


def test_a_coarse_layout_is_completed_and_shown(page: Page, remembering: Studio) -> None:
    made(page, remembering, "Annotated in a hurry", completion=True)
    expect(done(page).get_by_alt_text("The completed layout")).to_be_visible()
    open_stages(page)
    titles = page.locator("#stages .stage figcaption b")
    expect(titles).to_have_text(["Layout as given", "Layout, completed", "Canvas", "Adapted layout", "Result"])
    given, completed = (page.locator("#stages .stage img").nth(n).get_attribute("src") or "" for n in range(2))
    assert page.request.get(given).body() != page.request.get(completed).body()


def test_diverse_gives_five_pictures_of_five_seeds(open_page: Callable[..., Page], remembering: Studio) -> None:
    page = made(open_page(**PHONE), remembering, "Poplar boulevard")
    page.get_by_role("button", name="Make five diverse pictures").click()
    expect(done(page)).to_have_count(5, timeout=3 * MADE)
    expect(page.get_by_role("button", name="Generate", exact=True)).to_be_visible()
    said = done(page).locator(".card-said").all_inner_texts()
    assert said == [f"seed {seed} · variety diverse" for seed in range(5)]
    open_stages(page)
    expect(page.locator("#candidates .candidate").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
