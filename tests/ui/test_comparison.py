"""The comparison sheet: what its rows and columns are, and what is exported."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from sims.generator import LayoutRequest, RequestError
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import load
from sims.ui import session
from sims.ui.compare import PAINTED, row_requests
from sims.ui.comparison import RowRequest, add, plan_rows, sheet_file, sheet_value
from sims.ui.samples import samples

sys.path.insert(0, str(Path(__file__).parents[1] / "zoo"))


def test_a_sheet_has_a_row_for_each_seed_and_a_column_for_each_generator(layout: Layout) -> None:
    rows = [RowRequest(layout, seed) for seed in (4, 5)]
    tasks = plan_rows(["pix2pix-street", "spade-street"], rows, {})
    value = sheet_value([session.Result(task) for task in tasks])
    assert [row["title"] for row in value["rows"]] == ["Seed 4", "Seed 5"]
    assert len(value["columns"]) == 2
    assert [cell["seed"] for row in value["rows"] for cell in row["cells"]] == [4, 4, 5, 5]
    with pytest.raises(RequestError, match="at most 8 rows"):
        plan_rows(["pix2pix-street"], [RowRequest(layout, seed) for seed in range(9)], {})
    with pytest.raises(RequestError, match="nothing to compare"):
        plan_rows(["pix2pix-street"], [], {})


def test_rows_that_share_a_seed_all_get_into_the_exported_sheet(finished: session.Result) -> None:
    layout = finished.task.request.layout
    mirrored = Layout(layout.ids[:, ::-1].copy(), layout.space)
    task = session.plan(["pix2pix-street"], mirrored, seed=finished.task.seed, options=finished.task.request.options)[0]
    other = session.finished(task, load("pix2pix-street").generate(task.request, seed=task.seed))
    titles = [row["title"] for row in sheet_value([finished, other])["rows"]]
    assert titles == [f"Seed {task.seed}, layout 1", f"Seed {task.seed}, layout 2"]
    one, both = (Image.open(sheet_file(results)) for results in ([finished], [finished, other]))
    assert both.width == one.width
    assert both.height > 1.8 * one.height


def test_layouts_that_differ_in_nothing_but_their_space_or_shape_are_rows_of_their_own(
    finished: session.Result,
) -> None:
    zeros = np.zeros((32, 64), np.uint8)
    layouts = [
        Layout(zeros, label_space("street")),
        Layout(zeros, label_space("landscape")),
        Layout(zeros.T.copy(), label_space("street")),
        Layout(zeros, label_space("street"), np.ones(zeros.shape, np.int32)),
    ]
    card = finished.task.card
    styles = [None, np.zeros((2, 8, 3), np.uint8), np.zeros((4, 4, 3), np.uint8)]
    requests = [LayoutRequest(layout) for layout in layouts] + [LayoutRequest(layouts[0], look) for look in styles]
    rows = sheet_value([session.Result(session.Task(card, request, 1)) for request in requests])["rows"]
    assert len(rows) == 4 + 2


def test_other_options_make_another_column(finished: session.Result) -> None:
    plain = session.plan(["pix2pix-street"], finished.task.request.layout, seed=7)[0]
    results = add([finished], session.Result(plain))
    assert add(results, finished) == results
    value = sheet_value(results)
    assert len(value["rows"]) == 1
    assert "dropout on" in value["columns"][0]
    assert "dropout" not in value["columns"][1]


def test_the_exported_sheet_holds_the_pictures(finished: session.Result) -> None:

    sheet = np.asarray(Image.open(sheet_file([finished])))
    picture = np.asarray(Image.open(finished.path))
    height, width = picture.shape[:2]
    windows = np.lib.stride_tricks.sliding_window_view(sheet, (1, width, 3))[:, :, 0, 0]
    assert (windows == picture[height // 2]).all((-1, -2)).any()


def test_the_rows_of_a_comparison_are_seeds_layouts_or_styles(layout: Layout, tmp_path: Path) -> None:

    other = list(samples())[-1]
    style = tmp_path / "style.png"
    Image.new("RGB", (40, 30), (9, 90, 200)).save(style)
    assert [row.seed for row in row_requests("seeds", layout, 5, 3, [], [])] == [5, 6, 7]
    rows = row_requests("layouts", layout, 5, 3, [PAINTED, other], [])
    assert [row.layout.space.name for row in rows] == [layout.space.name, samples()[other].space]
    [row] = row_requests("styles", layout, 5, 3, [], [str(style)])
    assert row.style is not None
    assert row.style.shape == (30, 40, 3)
    for kind, count, keys, styles in [
        ("seeds", 0, [], []),
        ("seeds", 9, [], []),
        ("layouts", 3, ["../../etc/passwd"], []),
        ("styles", 3, [], [str(style)] * 9),
        ("styles", 3, [], [str(tmp_path / "gone.png")]),
    ]:
        with pytest.raises(ValueError, match=r"\.$"):
            row_requests(kind, layout, 5, count, keys, styles)
