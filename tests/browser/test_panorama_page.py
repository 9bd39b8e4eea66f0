"""The tab "Panorama" in real Chromium: made, seen from within, blended, zoomed into, stopped, opened again."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from running_studio import Studio

from sims.generator import GridRequest
from sims.latent_files import latent_npy
from sims.load import card
from sims.provenance import read_recipe

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MADE = 120_000  # milliseconds that a picture may take on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}


def opened(page: Page, studio: Studio, width: int = 128, height: int = 32) -> Page:
    """The tab with a small size."""
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Panorama").click()
    expect(page.locator("#panorama-view")).to_contain_text("The picture appears here")
    sized(page, width, height)
    return page


def sized(page: Page, width: int, height: int) -> None:
    for side, value in (("width", width), ("height", height)):
        field(page, side).fill(str(value))
        field(page, side).press("Tab")
    expect(page.locator("#panorama-told")).to_contain_text(f"The picture will be {width} × {height}")


def field(page: Page, name: str) -> Locator:
    return page.locator(f"#panorama-{name} input").first


def make(page: Page, count: int) -> None:
    """Make a picture, the `count`th of the session."""
    page.get_by_role("button", name="Make picture").click()
    made(page, count)


def made(page: Page, count: int) -> None:
    expect(page.locator("#panorama-history .strip-item")).to_have_count(count, timeout=MADE)
    expect(page.locator("#panorama-view .viewer-actions")).to_be_visible()


def kept(page: Page, folder: Path) -> Path:
    """The picture on the page, downloaded."""
    with page.expect_download() as download:
        page.locator("#panorama-view").get_by_role("link", name="Download").click()
    path = folder / "kept.png"
    path.write_bytes(Path(download.value.path()).read_bytes())
    return path


def request_of(path: Path) -> GridRequest:
    request = read_recipe(path.read_bytes()).request
    assert isinstance(request, GridRequest)
    return request


def dragged(page: Page, where: Locator, begin: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place to another, in shares of the element."""
    where.scroll_into_view_if_needed()
    box = where.bounding_box()
    assert box is not None
    (x, y), (to_x, to_y) = (
        (box["x"] + across * box["width"], box["y"] + down * box["height"]) for across, down in (begin, end)
    )
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(to_x, to_y, steps=6)
    page.mouse.up()


def frame_left(page: Page) -> float:
    """Where the frame begins that marks on the flat picture what is looked at."""
    box = page.locator(".strip-frame").first.bounding_box()
    assert box is not None
    return box["x"]


def test_a_panorama_is_made_and_looked_at_from_within(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened(page, studio)
    expect(page.locator("#panorama-told")).to_contain_text("4,096 pixels, in about 1 s. It goes all around")
    field(page, "seed").fill("11")
    make(page, 1)
    expect(page.locator("#panorama-view .viewer-said")).to_have_text("128 × 32 · seed 11 · truncation 0.8")
    expect(page.locator(".seam")).to_contain_text("It closes")
    assert float(page.locator(".seam-ratio").inner_text().split()[0]) < 3
    assert page.locator(".seam-edges").evaluate("canvas => [canvas.width, canvas.height]") == [64, 32]

    ball = page.locator(".sphere-ball")
    expect(page.locator(".strip-frame").first).to_be_visible()
    before = frame_left(page)
    dragged(page, ball, (0.6, 0.5), (0.4, 0.5))  # to the left: what is further right comes into view
    page.wait_for_function(
        "left => document.querySelector('.strip-frame').getBoundingClientRect().x > left + 5", arg=before
    )
    ball.focus()
    turned = frame_left(page)
    page.keyboard.down("ArrowLeft")
    page.wait_for_function(
        "left => document.querySelector('.strip-frame').getBoundingClientRect().x < left - 5", arg=turned
    )
    page.keyboard.up("ArrowLeft")
    width = page.locator(".strip-frame").first.evaluate("frame => frame.getBoundingClientRect().width")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function(
        "width => document.querySelector('.strip-frame').getBoundingClientRect().width < width - 5", arg=width
    )
    page.get_by_role("button", name="Full screen", exact=True).first.click()
    page.wait_for_function("document.fullscreenElement?.className === 'sphere'")
    page.evaluate("document.exitFullscreen()")

    page.get_by_role("tab", name="Texture").click()
    page.set_viewport_size({"width": 1200, "height": 860})  # while nobody sees the view from within
    page.get_by_role("tab", name="Panorama").click()
    expect(ball).to_be_visible()
    page.wait_for_timeout(500)
    seen = np.array(Image.open(io.BytesIO(ball.screenshot())).convert("RGB"))
    assert seen[: len(seen) // 2].std((0, 1)).max() > 3

    page.locator("#panorama-view .viewer-stage").click(position={"x": 450, "y": 60})  # looks there
    page.wait_for_timeout(300)
    page.get_by_role("button", name="Turn the picture").click()
    made(page, 2)
    turn = float(field(page, "turn").input_value())
    assert 5 < abs(turn) < 180
    assert request_of(kept(page, tmp_path)).turn == turn


def test_a_second_style_is_blended_in_painted_and_mixed(
    open_page: Callable[..., Page], studio: Studio, tmp_path: Path
) -> None:
    page = opened(open_page(), studio)
    page.get_by_role("button", name="Second style").click()
    page.locator("#panorama-way").get_by_label("Soft step").check()
    field(page, "second-seed").fill("5")
    field(page, "centre").fill("30")
    field(page, "centre").press("Tab")
    make(page, 1)
    expect(page.locator("#panorama-view .viewer-said")).to_contain_text("blended with seed 5")

    page.locator("#panorama-way").get_by_label("Painted mask").check()
    expect(page.locator(".mask-bar")).to_be_visible()
    page.get_by_role("button", name="Make picture").click()
    expect(page.get_by_text("Nothing is painted yet").first).to_be_visible()
    field(page, "turn").fill("90")
    field(page, "turn").press("Tab")
    dragged(page, page.locator(".mask-sheet"), (0.1, 0.5), (0.4, 0.5))
    expect(page.locator("#panorama-told")).to_contain_text("The picture will be")
    make(page, 2)
    painted = kept(page, tmp_path)
    request = request_of(painted)
    assert request.mask is not None
    height, width = request.mask.shape
    assert (width, height * 4) == (1024, 1024)
    columns = np.flatnonzero(request.mask.max(0) == 255) / width  # of the circle, whatever the turn is
    assert columns.min() == pytest.approx(0.1, abs=0.03)
    assert columns.max() == pytest.approx(0.4, abs=0.03)
    assert request.second is not None
    assert (request.second.seed, request.turn) == (5, 90)

    page.locator("#panorama-way").get_by_label("Mixed levels").check()
    expect(page.locator("#panorama-levels")).to_be_visible()
    make(page, 3)
    expect(page.locator("#panorama-view .viewer-said")).to_contain_text("levels 1 to")

    page = opened(open_page(), studio)
    with page.expect_file_chooser() as chooser:
        page.locator("#panorama-restore").click()
    chooser.value.set_files(painted)
    made(page, 1)
    expect(field(page, "turn")).to_have_value("90")
    expect(field(page, "second-seed")).to_have_value("5")
    expect(page.locator(".mask-bar")).to_be_visible()
    make(page, 2)
    assert np.array_equal(request_of(kept(page, tmp_path)).mask, request.mask)


def test_a_part_is_painted_larger_and_there_is_a_way_back(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened(page, studio)
    make(page, 1)
    dragged(page, page.locator("#panorama-view .viewer-stage"), (0.25, 0.1), (0.75, 0.9))
    made(page, 2)
    left, top, width, height = request_of(kept(page, tmp_path)).window
    assert (left, top, width, height) == pytest.approx((0.25, 0.1, 0.5, 0.8), abs=0.05)
    expect(page.locator(".sphere")).to_be_hidden()
    expect(page.locator(".seam")).to_be_hidden()
    expect(page.locator("#panorama-told")).to_contain_text("of the width")
    page.locator("#panorama-view .viewer-stage").focus()
    for key in ("Enter", "+", "ArrowRight", "Enter"):  # marks the middle, and paints that
        page.keyboard.press(key)
    made(page, 3)
    assert request_of(kept(page, tmp_path)).window[2] < 0.4
    page.locator(".strip-bar").get_by_role("button", name="Back", exact=True).click()
    made(page, 4)
    assert request_of(kept(page, tmp_path)).window == (left, top, width, height)
    page.get_by_role("button", name="Show all").click()
    made(page, 5)
    expect(page.locator(".sphere")).to_be_visible()
    expect(field(page, "width")).to_have_value("128")


def test_a_latent_stands_in_for_the_seed_and_a_plane_is_bent(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened(page, studio)
    length = card("cips-panorama").latents[1]
    latent = tmp_path / "latent.npy"
    latent.write_bytes(latent_npy(np.linspace(-1, 1, length, dtype=np.float32)))
    page.locator("#panorama-latent input[type=file]").set_input_files(latent)
    expect(page.locator("#panorama-latent .latent-chip")).to_contain_text(f"A latent (w, {length})")
    make(page, 1)
    expect(page.locator("#panorama-view .viewer-said")).to_contain_text(f"a latent (w, {length})")
    wrong = tmp_path / "wrong.npy"
    wrong.write_text("no numbers")
    page.locator("#panorama-latent input[type=file]").set_input_files(wrong)
    expect(page.locator("#panorama-latent")).to_contain_text("is no .npy file")
    page.get_by_role("button", name="Leave out the latent").click()
    expect(page.locator("#panorama-latent .latent-chip")).to_be_hidden()

    page.locator("#panorama-generator").get_by_label("CIPS, landscape").check()
    expect(page.locator("#panorama-turn")).to_be_hidden()
    sized(page, 64, 32)
    make(page, 2)
    expect(page.locator(".sphere")).to_be_hidden()
    expect(page.locator(".seam")).to_contain_text("need not meet")
    page.locator("#panorama-option-projection").get_by_label("Bent").check()
    expect(page.locator("#panorama-field-of-view")).to_be_visible()
    make(page, 3)
    expect(page.locator(".sphere")).to_be_visible()
    page.get_by_role("button", name="Use as style").click()
    expect(page.locator("#style-style")).to_contain_text("64 × 32")


def test_a_run_refines_and_is_stopped_and_without_webgl_a_sentence_says_so(page: Page, studio: Studio) -> None:
    page.add_init_script(
        "const get = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...more) {"
        "  return /webgl/.test(kind) ? null : get.call(this, kind, ...more); };"
    )
    opened(page, studio, 4096, 1024)
    page.get_by_role("button", name="Make picture").click()
    expect(page.get_by_alt_text("The picture so far")).to_be_visible(timeout=MADE)
    expect(page.get_by_text("This browser has no WebGL")).to_be_visible()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#panorama-view")).to_contain_text("Stopped", timeout=MADE)
    expect(page.locator("#panorama-history .strip-item")).to_have_count(0)
    field(page, "width").fill("9000")
    field(page, "width").press("Tab")
    expect(page.locator("#panorama-told")).to_have_text(
        "The picture's width is 9000; give a whole number from 8 to 8192."
    )


def test_it_works_on_a_phone_by_touch(open_page: Callable[..., Page], studio: Studio) -> None:
    page = opened(open_page(**PHONE), studio)
    page.get_by_role("button", name="Make picture").tap()
    made(page, 1)
    page.get_by_role("button", name="Zoom", exact=True).tap()
    page.get_by_role("button", name="Paint this part").tap()
    made(page, 2)
    expect(page.locator("#panorama-view .viewer-said")).to_contain_text("zoomed 2×")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    expect(page.get_by_role("tab")).to_have_count(5)
