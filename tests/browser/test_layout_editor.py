"""The layout editor in real Chromium: what is painted is what Python receives, pixel by pixel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from queue import Queue

import gradio as gr
import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from small_app import launched

from sims.label_space import label_space
from sims.layout import Layout
from sims.layout_files import layout_from_editor, layout_to_editor
from sims.ui.layout_editor import layout_editor

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STREET = label_space("street")
ROAD, CAR, TRUCK, VOID = (STREET.id_of(name) for name in ("road", "car", "truck", "void"))


class App:
    """A small Gradio app around the editor; what its Generate button receives comes out of `received`."""

    first = np.random.default_rng(1).integers(0, 12, (30, 40)).astype(np.uint8)  # what the second editor starts with

    def __init__(self) -> None:
        self.received: Queue[object] = Queue()
        self.inputs: Queue[object] = Queue()
        self.given: dict | None = None
        self.url = ""

    def build(self) -> gr.Blocks:
        with gr.Blocks(analytics_enabled=False) as demo:
            with gr.Tab("Paint"):
                editor = layout_editor()
                gr.Button("Generate").click(self.received.put, editor)
                gr.Button("Give").click(lambda: self.given, None, editor)
                gr.Button("Hide").click(lambda: gr.update(visible=False), None, editor)
                gr.Button("Show").click(lambda: gr.update(visible=True), None, editor)
            with gr.Tab("Else"):
                other = layout_editor(layout_to_editor(Layout(self.first, label_space("landscape"))), "other-editor")
                gr.Button("Generate other").click(self.received.put, other)
            editor.input(self.inputs.put, editor)
            editor.submit(self.received.put, editor)
        return demo

    def received_ids(self) -> np.ndarray:
        return layout_from_editor(self.received.get(timeout=30)).ids


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    app = App()
    with launched(app.build()) as app.url:
        yield app


class Editor:
    """The editor on a page, as a person uses it; positions are layout pixels, and mean the middle of a pixel."""

    def __init__(self, page: Page, app: App) -> None:
        self.page, self.app = page, app
        page.goto(app.url, wait_until="domcontentloaded")
        self.root = page.locator("#layout-editor")
        self.stage = self.root.get_by_label(re.compile("^Canvas"))
        expect(self.facts).to_contain_text("×")

    @property
    def facts(self) -> Locator:
        return self.root.locator(".le-facts")

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def at(self, x: float, y: float) -> tuple[float, float]:
        box = self.stage.bounding_box()
        assert box is not None
        match = re.search(r"(\d+) × (\d+)", self.facts.inner_text())
        assert match is not None
        width, height = map(int, match.groups())
        return box["x"] + (x + 0.5) / width * box["width"], box["y"] + (y + 0.5) / height * box["height"]

    def click(self, x: float, y: float) -> None:
        self.page.mouse.click(*self.at(x, y))

    def stroke(self, *points: tuple[float, float]) -> None:
        self.page.mouse.move(*self.at(*points[0]))
        self.page.mouse.down()
        for point in points[1:]:
            self.page.mouse.move(*self.at(*point), steps=6)
        self.page.mouse.up()

    def brush(self, pixels: int) -> None:
        while (shown := int(self.root.locator(".le-size-shown").inner_text().split()[0])) != pixels:
            self.stage.press("]" if shown < pixels else "[")

    def choose(self, name: str) -> None:
        self.root.get_by_label("Search classes").fill(name)
        self.page.keyboard.press("Enter")
        expect(self.root.locator(".le-current")).to_have_text(name)

    def generate(self) -> np.ndarray:
        self.button("Generate").click()
        return self.app.received_ids()

    def give(self, ids: np.ndarray, space: str) -> None:
        """Has Python set a layout."""
        layout = Layout(ids, label_space(space))
        self.app.given = layout_to_editor(layout)
        self.button("Give").click()
        expect(self.facts).to_have_text(f"{layout.space.title} · {ids.shape[1]} × {ids.shape[0]}")


@pytest.fixture
def editor(page: Page, app: App) -> Editor:
    return Editor(page, app)


def blank(height: int = 256, width: int = 512) -> np.ndarray:
    return np.full((height, width), VOID, np.uint8)


def with_disc(ids: np.ndarray, x: float, y: float, size: int, value: int) -> np.ndarray:
    """`ids` with the pixels whose centre lies in a disc; (x, y) is its centre in pixel corners."""
    rows, columns = np.mgrid[: ids.shape[0], : ids.shape[1]] + 0.5
    return np.where((rows - y) ** 2 + (columns - x) ** 2 <= (size / 2) ** 2, value, ids).astype(np.uint8)


def test_untouched_editor_has_no_value(editor: Editor) -> None:
    editor.button("Generate").click()
    assert editor.app.received.get(timeout=30) is None


def test_an_editor_starts_with_its_own_value(editor: Editor) -> None:
    editor.choose("car")
    editor.stroke((20, 20), (200, 120))
    editor.page.get_by_role("tab", name="Else").click()
    editor.button("Generate other").click()
    assert np.array_equal(editor.app.received_ids(), editor.app.first)


def test_strokes_are_exact_discs_without_gaps(editor: Editor) -> None:
    editor.choose("car")
    editor.brush(24)
    editor.click(99.5, 59.5)  # on a corner of pixels, where a brush of even size has its centre
    expected = with_disc(blank(), 100, 60, 24, CAR)
    editor.choose("truck")
    editor.brush(3)
    editor.stroke((200, 100), (300, 100))
    expected[99:102, 199:302] = TRUCK
    assert np.array_equal(editor.generate(), expected)


def test_every_tool_paints_exact_ids(editor: Editor) -> None:
    expected = blank()
    editor.choose("road")
    editor.button("Rectangle").click()
    editor.stroke((50, 40), (149, 119))
    expected[40:120, 50:150] = ROAD
    assert np.array_equal(editor.generate(), expected)

    editor.choose("car")
    editor.button("Polygon").click()
    for corner in [(299.5, 49.5), (399.5, 49.5), (399.5, 149.5)]:  # pixel corners, so that no centre lies on an edge
        editor.click(*corner)
    editor.page.keyboard.press("Enter")
    rows, columns = np.mgrid[:256, :512]
    triangle = (rows >= 50) & (columns < 400) & (columns - 300 > rows - 50)
    diagonal = (columns - 300 == rows - 50) & (rows >= 50) & (columns < 400)
    received = editor.generate()
    assert np.array_equal((received == CAR) | diagonal, triangle | diagonal)
    expected = received.copy()

    editor.choose("truck")
    editor.button("Fill").click()
    editor.click(10, 10)  # all around the rectangle and the triangle
    expected[expected == VOID] = TRUCK
    assert np.array_equal(editor.generate(), expected)

    editor.button("Eyedropper").click()
    editor.click(60, 60)
    expect(editor.root.locator(".le-current")).to_have_text("road")
    expect(editor.button("Fill")).to_have_attribute("aria-pressed", "true")
    editor.click(380, 60)
    expected[expected == CAR] = ROAD
    editor.choose("truck")
    assert np.array_equal(editor.generate(), expected)

    editor.button("Fill").click()
    editor.page.keyboard.down("Shift")
    editor.click(60, 60)  # road, and the triangle beside it
    editor.page.keyboard.up("Shift")
    expected[:] = TRUCK
    assert np.array_equal(editor.generate(), expected)

    editor.button("Eraser").click()
    editor.brush(1)
    editor.stroke((0, 200), (511, 200))
    expected[200] = VOID
    assert np.array_equal(editor.generate(), expected)


def test_fill_spreads_over_edges_not_corners(editor: Editor) -> None:
    ids = np.full((8, 8), ROAD, np.uint8)
    ids[:4, :4] = ids[4:, 4:] = CAR
    editor.give(ids, "street")
    editor.choose("truck")
    editor.button("Fill").click()
    editor.click(1, 1)
    ids[:4, :4] = TRUCK
    assert np.array_equal(editor.generate(), ids)


def test_undo_and_redo_reach_back_fifty_steps(editor: Editor) -> None:
    editor.brush(1)
    for x in range(50):
        editor.click(4 * x, 10)
    expected = blank()
    expected[10, :200:4] = ROAD
    assert np.array_equal(editor.generate(), expected)
    editor.stage.focus()
    for _ in range(50):
        editor.page.keyboard.press("Control+z")
    assert np.array_equal(editor.generate(), blank())
    expect(editor.button("Undo")).to_be_disabled()
    editor.stage.focus()
    for _ in range(49):
        editor.page.keyboard.press("Control+Shift+z")
    editor.button("Redo").click()
    assert np.array_equal(editor.generate(), expected)
    expect(editor.button("Redo")).to_be_disabled()


def test_a_value_from_python_replaces_the_layout_and_can_be_undone(editor: Editor) -> None:
    editor.button(
        "Fill",
    ).click()
    editor.click(5, 5)
    ids = np.random.default_rng(0).integers(0, 151, (64, 48)).astype(np.uint8)
    editor.give(ids, "ade20k")
    expect(editor.root.get_by_role("option")).to_have_count(151)
    assert np.array_equal(editor.generate(), ids)
    editor.button("Undo").click()
    assert np.array_equal(editor.generate(), np.full((256, 512), ROAD))
    editor.button("Redo").click()
    assert np.array_equal(editor.generate(), ids)


def test_layout_and_history_survive_tabs_and_hiding(editor: Editor) -> None:
    editor.choose("car")
    editor.stroke((20, 20), (200, 120))
    painted = editor.generate()
    assert (painted == CAR).any()
    editor.page.get_by_role("tab", name="Else").click()
    expect(editor.stage).to_be_hidden()
    editor.page.get_by_role("tab", name="Paint").click()
    editor.button("Hide").click()
    expect(editor.stage).to_have_count(0)
    editor.button("Show").click()
    expect(editor.root.locator(".le-current")).to_have_text("car")
    assert np.array_equal(editor.generate(), painted)
    editor.button("Undo").click()
    assert np.array_equal(editor.generate(), blank())


def test_painting_sends_the_value_once_and_keeps_the_focus(editor: Editor) -> None:
    while not editor.app.inputs.empty():
        editor.app.inputs.get()
    editor.click(100, 100)
    value = editor.app.inputs.get(timeout=30)
    assert (layout_from_editor(value).ids == ROAD).any()
    expect(editor.stage).to_be_focused()
    editor.page.wait_for_timeout(700)
    assert editor.app.inputs.empty()
    editor.click(200, 100)
    editor.page.keyboard.press("Control+Enter")
    assert editor.app.received_ids()[100, 200] == ROAD


def test_search_and_keys(editor: Editor) -> None:
    page = editor.page
    editor.stage.focus()
    page.keyboard.press("/")
    page.keyboard.type("tr")
    names = editor.root.get_by_role("option")
    expect(names).to_have_text(["traffic light", "traffic sign", "truck", "train"])
    page.keyboard.type("uc")
    page.keyboard.press("Enter")
    expect(editor.root.locator(".le-current")).to_have_text("truck")
    expect(editor.stage).to_be_focused()
    for key, tool in [("e", "Eraser"), ("g", "Fill"), ("p", "Polygon"), ("i", "Eyedropper"), ("b", "Brush")]:
        page.keyboard.press(key)
        expect(editor.button(tool)).to_have_attribute("aria-pressed", "true")
    editor.brush(1)
    page.mouse.move(*editor.at(30, 30))
    expect(editor.root.locator(".le-where")).to_have_text(re.compile("^void.*30, 30$"))
    for key in ["ArrowRight", "Shift+ArrowDown", "Space"]:
        page.keyboard.press(key)
    expected = blank()
    expected[40, 31] = TRUCK
    assert np.array_equal(editor.generate(), expected)


def test_a_reload_brings_the_draft_back(editor: Editor) -> None:
    editor.choose("car")
    editor.stroke((20, 20), (200, 120))
    editor.page.reload(wait_until="domcontentloaded")
    expect(editor.page.get_by_text("The layout from before the reload is back")).to_be_visible()
    assert (editor.generate() == CAR).any()
    editor.button("Undo").click()
    assert np.array_equal(editor.generate(), blank())


def test_new_canvas_takes_sizes_within_bounds(editor: Editor) -> None:
    page = editor.page
    editor.button("New canvas").click()
    editor.root.get_by_label("Width in pixels").fill("4096")
    editor.button("Create").click()
    expect(page.get_by_text("A canvas is 8 to 2048 pixels a side")).to_be_visible()
    editor.root.get_by_label("Width in pixels").fill("2048")
    editor.root.get_by_label("Height in pixels").fill("1024")
    editor.button("Create").click()
    expect(editor.facts).to_have_text("Street · 2048 × 1024")
    editor.button("Fill all with the current class").click()
    assert np.array_equal(editor.generate(), np.full((1024, 2048), ROAD))


def test_touch_paints_on_a_phone(open_page: Callable[..., Page], app: App) -> None:
    page = open_page(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, device_scale_factor=2)
    editor = Editor(page, app)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    editor.brush(1)
    page.touchscreen.tap(*editor.at(40, 50))
    received = editor.generate()
    rows, columns = np.nonzero(received == ROAD)
    assert len(rows) == 1
    assert abs(rows[0] - 50) <= 1
    assert abs(columns[0] - 40) <= 1
    editor.button("Polygon").tap()
    for corner in [(100, 50), (200, 50), (200, 150), (100, 150), (100, 50)]:  # the first corner closes the shape
        page.touchscreen.tap(*editor.at(*corner))
    assert (editor.generate()[60:140, 110:190] == ROAD).all()
