"""The editor of regions in real Chromium: what a person pairs is what a run is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Queue
from typing import Any

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from small_app import launched

from sims.style.label_maps import label_map_png
from sims.ui.page_part import STATIC
from sims.ui.regions import ChosenRegions, chosen_regions
from sims.ui.regions_panel import build_regions_panel, connect_regions
from sims.ui.samples import sample_layout, samples

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RNG = np.random.default_rng(6)
CONTENT, STYLE = (RNG.integers(0, 256, shape).astype(np.uint8) for shape in ((48, 96, 3), (64, 64, 3)))
ONE = np.repeat(np.array([[3, 7, 7, 900]], np.int32), 24, 0).repeat(12, 1)
OTHER = np.repeat(np.array([[7, 3]], np.int32), 32, 0).repeat(32, 1)


class App:
    """A page with the editor alone; what its button Run is told comes out of `received`."""

    def __init__(self) -> None:
        self.received: Queue[ChosenRegions] = Queue()
        self.url = ""

    def run(self, content: Any, style: Any, layout: Any, *fields: Any) -> None:
        self.received.put(chosen_regions(content, style, layout, None, *fields))

    def build(self) -> gr.Blocks:
        with gr.Blocks(analytics_enabled=False) as demo:
            content, style, layout = gr.State(None), gr.State(None), gr.State(None)
            panel = build_regions_panel()
            connect_regions(panel, content, style, layout, gr.State(None))
            gr.Button("Give pictures").click(lambda: (CONTENT, STYLE), None, [content, style])
            gr.Button("Give layout").click(lambda: sample_layout(next(iter(samples()))), None, layout)
            gr.Button("Take layout").click(lambda: None, None, layout)
            gr.Button("Run").click(self.run, [content, style, layout, *panel.fields])
        return demo


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    app = App()
    with launched(app.build(), [STATIC / "studio.css", STATIC / "regions.css"]) as app.url:
        yield app


@pytest.fixture
def maps(tmp_path: Path) -> tuple[Path, Path]:
    paths = tmp_path / "one.png", tmp_path / "other.png"
    for path, labels in zip(paths, (ONE, OTHER), strict=True):
        path.write_bytes(label_map_png(labels))
    return paths


def opened(page: Page, app: App) -> Page:
    page.goto(app.url, wait_until="domcontentloaded")
    expect(page.locator("#regions")).to_contain_text("Each picture counts as one region")
    press(page, "Give pictures")
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def with_maps(page: Page, app: App, maps: tuple[Path, Path]) -> Page:
    """The page with label maps of three and of two regions."""
    opened(page, app).get_by_label("Label maps", exact=True).check()
    for whose, path in zip(("content", "style"), maps, strict=True):
        page.locator(f"#regions-{whose}-map input[type=file]").set_input_files(path)
    expect(rows(page)).to_have_count(3)
    return page


def rows(page: Page) -> Locator:
    return page.locator("#regions .regions-row")


def told(page: Page, app: App) -> ChosenRegions:
    press(page, "Run")
    return app.received.get(timeout=30)


def test_regions_are_paired_left_alone_and_paired_as_before(page: Page, app: App, maps: tuple[Path, Path]) -> None:
    with_maps(page, app, maps)
    expect(rows(page).locator(".regions-name")).to_have_text([re.compile(t) for t in ("id 7.*50 %", "id 3", "id 900")])
    expect(rows(page).nth(2)).to_contain_text("stays as it is: the style has none")
    assert told(page, app).pairs == {}

    page.get_by_label("Look of id 900").select_option(label="id 7 (50 %)")
    expect(rows(page).nth(2)).not_to_contain_text("stays as it is")
    page.get_by_label("Look of id 3").focus()
    page.keyboard.press("ArrowDown")
    expect(rows(page).nth(1)).to_contain_text("stays as it is")
    chosen = told(page, app)
    assert chosen.pairs == {900: 7, 3: None}
    assert np.array_equal(chosen.content_labels, ONE)
    assert np.array_equal(chosen.style_labels, OTHER)

    page.get_by_label("Nothing", exact=True).check()
    expect(rows(page)).to_have_count(0)
    assert told(page, app).content_labels is None
    page.get_by_label("Label maps", exact=True).check()
    expect(rows(page)).to_have_count(3)
    expect(page.get_by_label("Look of id 900")).to_have_value("7")
    press(page, "Pair the same regions again")
    expect(page.get_by_label("Look of id 900")).to_have_value("same")
    assert told(page, app).pairs == {}


def test_pointing_shows_the_region_in_both_pictures(page: Page, app: App, maps: tuple[Path, Path]) -> None:
    with_maps(page, app, maps)
    frame = page.locator("#regions .regions-picture").first
    box = frame.bounding_box()
    assert box is not None
    frame.hover(position={"x": 0.1 * box["width"], "y": 0.5 * box["height"]})
    expect(frame.locator(".regions-tag")).to_have_text("id 3 25 %")
    expect(rows(page).nth(1)).to_have_class(re.compile("pointed"))
    assert seen(page) == [[0.25, 0.75], [0.5, 0.5]]
    frame.click(position={"x": 0.1 * box["width"], "y": 0.5 * box["height"]})
    expect(page.get_by_label("Look of id 3")).to_be_focused()
    page.get_by_label("Look of id 7").focus()
    page.mouse.move(1, 1)
    page.get_by_label("Look of id 900").focus()
    assert seen(page) == [[0.25, 0.75], [0, 1]]


def seen(page: Page) -> list[list[float]]:
    """Of each picture, which share is laid bare and which is covered."""
    return page.evaluate("""() => [...document.querySelectorAll("#regions canvas")].map((canvas) => {
        const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        let bare = 0;
        for (let at = 3; at < data.length; at += 4) bare += data[at] === 0;
        return [4 * bare / data.length, 1 - 4 * bare / data.length];
    })""")


def test_a_layout_that_comes_with_the_content_divides_it(page: Page, app: App) -> None:
    opened(page, app)
    expect(page.get_by_label("The content's layout")).to_have_count(0)
    press(page, "Give layout")
    expect(page.get_by_label("The content's layout")).to_be_checked()
    expect(page.get_by_label("Look of road")).to_be_visible()
    assert told(page, app).label_names[0] == "road"
    press(page, "Take layout")
    expect(page.get_by_label("Nothing", exact=True)).to_be_checked()
    expect(rows(page)).to_have_count(0)


def test_a_wrong_file_is_told_in_the_editor(page: Page, app: App, maps: tuple[Path, Path], tmp_path: Path) -> None:
    with_maps(page, app, maps)
    page.get_by_label("Look of id 900").select_option("7")
    wrong = tmp_path / "wrong.png"
    wrong.write_text("no picture")
    page.locator("#regions-style-map").get_by_role("button", name="Clear").or_(
        page.locator("#regions-style-map").get_by_label("Remove")
    ).first.click()
    expect(page.locator("#regions")).to_contain_text("Give a label map of each picture")
    page.locator("#regions-style-map input[type=file]").set_input_files(wrong)
    expect(page.locator("#regions")).to_contain_text("The label map of the style picture is not an image")


def test_it_fits_a_phone(open_page: Callable[..., Page], app: App, maps: tuple[Path, Path]) -> None:
    page = with_maps(open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True), app, maps)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    for one in page.locator("#regions select").all():
        box = one.bounding_box()
        assert box is not None
        assert box["width"] >= 100
        assert box["height"] >= 32
