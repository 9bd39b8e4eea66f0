"""What lies below the picture of the tab "Panorama", in real Chromium: films, what is inside, inversion."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect
from running_studio import Studio

from sims.latent_files import read_latent
from sims.load import card

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MADE = 240_000  # milliseconds that the work may take on a busy machine
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "color_scheme": "dark"}


def opened(page: Page, studio: Studio, drawer: str, width: int = 64, height: int = 16) -> Page:
    """The tab with a small size, and one of the panels open."""
    page.goto(studio.url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Panorama").click()
    for side, value in (("width", width), ("height", height)):
        fill(page.locator(f"#panorama-{side} input").first, str(value))
    expect(page.locator("#panorama-told")).to_contain_text(f"The picture will be {width} × {height}")
    page.get_by_role("button", name=drawer).click()
    return page


def fill(field: Locator, value: str) -> None:
    field.fill(value)
    field.press("Tab")


def walk(page: Page, studio: Studio, frames: int, **size: int) -> Page:
    """The panel for walks, with so many frames as large as the picture."""
    opened(page, studio, "Walk", **size)
    fill(page.locator("#walk-frames input[type=number]"), str(frames))
    page.locator("#walk-size").get_by_label("As above").check()
    return page


def test_a_film_is_made_played_and_downloaded(page: Page, studio: Studio, tmp_path: Path) -> None:
    walk(page, studio, 6)
    fill(page.locator("#walk-seeds textarea"), "5, 6")
    page.locator("#walk-turn").get_by_label("Turn right").check()
    expect(page.locator("#walk-told")).to_contain_text("The film will have 6 frames of 64 × 16, 0.5 s a loop")
    page.get_by_role("button", name="Make film").click()
    film = page.locator("#walk-view")
    expect(film).to_contain_text("seeds 0 → 5 → 6 → 0", timeout=MADE)
    expect(film.get_by_role("link", name="Download")).to_be_visible(timeout=MADE)
    picture = film.get_by_alt_text("The film", exact=True)
    assert picture.get_attribute("src").endswith(".png")  # nothing moves for those who asked for that
    film.get_by_role("button", name="Play").click()
    expect(film.get_by_role("button", name="Pause")).to_be_visible()
    assert picture.get_attribute("src").endswith(".webp")
    with page.expect_download() as download:
        film.get_by_role("link", name="Download").click()
    assert download.value.suggested_filename == "cips-panorama-walk-0-5-6.webp"
    with Image.open(download.value.path()) as kept:
        assert (kept.size, kept.n_frames) == ((64, 16), 6)


def test_a_film_is_stopped_and_what_is_wrong_is_told(page: Page, studio: Studio) -> None:
    walk(page, studio, 100, width=512, height=128)
    page.get_by_role("button", name="Make film").click()
    expect(page.locator("#walk-view")).to_contain_text("of 100", timeout=MADE)
    expect(page.get_by_alt_text("The film so far")).to_be_visible(timeout=MADE)
    page.locator("#walk-stop").click()
    expect(page.locator("#walk-view")).to_contain_text("Stopped", timeout=MADE)
    fill(page.locator("#walk-seeds textarea"), "five")
    expect(page.locator("#walk-told")).to_contain_text("The seeds hold 'five'; give whole numbers")
    page.get_by_role("button", name="Make film").click()
    expect(page.get_by_text("The seeds hold 'five'").last).to_be_visible()
    page.get_by_role("button", name="Other seeds").click()
    expect(page.locator("#walk-told")).to_contain_text("The film will have 100 frames")
    page.locator("#panorama-generator").get_by_label("CIPS, landscape").check()
    expect(page.locator("#walk-turn")).to_be_hidden()


def test_embeddings_and_the_nearest_pictures_are_shown(open_page: Callable[..., Page], studio: Studio) -> None:
    page = opened(open_page(**PHONE), studio, "Inside")
    inside = page.locator("#inside")
    expect(inside.get_by_alt_text("Principal components of the coordinate embeddings")).to_be_visible(timeout=MADE)
    expect(inside).to_contain_text("of the variance")
    page.locator("#inside-go").tap()
    expect(inside).to_contain_text("look at picture", timeout=MADE)
    expect(inside.locator(".nearest-row")).to_have_count(4, timeout=MADE)
    expect(inside.locator(".nearest-row").first.locator("img")).to_have_count(5)
    expect(inside.locator(".nearest-judged")).to_contain_text("held-out")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


def test_the_style_of_a_picture_is_found_and_used(page: Page, studio: Studio, tmp_path: Path) -> None:
    opened(page, studio, "Inversion")
    page.get_by_role("button", name="Find its style").click()
    expect(page.get_by_text("There is no picture yet").last).to_be_visible()
    page.locator("#inversion-samples .strip-item").nth(2).click()
    expect(page.locator("#inversion-picture")).to_contain_text("512 × 256")
    page.locator("#inversion-picture input[type=file]").set_input_files(picture_file(tmp_path))
    expect(page.locator("#inversion-picture")).to_contain_text("96 × 64")
    page.get_by_role("button", name="Find its style").click()
    view = page.locator("#inversion-view")
    expect(view.get_by_alt_text("The picture so far")).to_be_visible(timeout=MADE)
    expect(view).to_contain_text("of 300", timeout=MADE)
    page.locator("#inversion-stop").click()
    expect(view).to_contain_text("SSIM", timeout=MADE)
    expect(view).to_contain_text("It was stopped after")
    expect(view.get_by_alt_text("target")).to_be_visible()
    with page.expect_download() as download:
        page.locator("#inversion-latent").click()
    latent = read_latent(Path(download.value.path()).read_bytes(), "The latent")
    assert latent.shape == card("cips-panorama").latents
    page.get_by_role("button", name="Use it as the style").click()
    expect(page.locator("#panorama-latent")).to_contain_text("A latent (w+")
    expect(page.locator("#panorama-truncation input[type=number]")).to_have_value("1")
    page.get_by_role("button", name="Walk").click()
    page.get_by_role("button", name="Make film").click()
    expect(page.locator("#walk-view")).to_contain_text("seeds a latent (w+", timeout=MADE)


def picture_file(folder: Path) -> Path:
    """A picture of a sky above a meadow."""
    picture = Image.new("RGB", (96, 64), (120, 160, 220))
    picture.paste((80, 130, 50), (0, 32, 96, 64))
    picture.save(folder / "picture.png")
    return folder / "picture.png"
