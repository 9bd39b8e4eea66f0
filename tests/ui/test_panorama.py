"""The tab "Panorama" without a page: what is asked for and told of it, how it is seen, and what is brought back."""

from __future__ import annotations

import math
import threading
from dataclasses import fields, replace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from sims.blend import soft_step
from sims.cips_generator import grid_of
from sims.generator import GridRequest, RequestError
from sims.grid import WHOLE, Grid
from sims.grid_request import Style
from sims.seam import seam
from sims.ui import session
from sims.ui.blending import MIXED, OFF, PAINTED, STEP, mask_text, painted_mask, placed, way_of
from sims.ui.catalogue import ready_card
from sims.ui.painting import Wanted, around, panorama_task, seam_value, shown_value, told, usual_size, zoomed
from sims.ui.panorama_fields import begin_anew, show_fields
from sims.ui.panorama_second import mask_value, show_mask, show_way
from sims.ui.panorama_tab import WANTED, bring_back, make_picture, open_file, seen_before, tell, zoom_in
from sims.ui.session import Result, Task
from zoo import ZooError

ROUND, FLAT = "cips-panorama", "cips-landscape"
NAMES = ("projection", "noise", "precision")
USUAL = ("native", "off", "float32")


def wanted(**more: Any) -> Wanted:
    """What the fields hold: a small picture of seed 3."""
    usual = {
        **{"generator": ROUND, "seed": 3, "truncation": 0.7, "width": 64, "height": 16, "turn": 0, "window": WHOLE},
        **{"field_of_view": 360, "latent": None, "second_seed": 4, "second_latent": None, "way": OFF, "centre": 50},
        **{"spread": 40, "softness": 20, "mask": None, "first": 1, "last": 2, "sampling": "all"},
        **{"side": 8, "stride": 2, "left": 0, "top": 0},
    }
    return Wanted(**{**usual, **more})


def values(**more: Any) -> list[Any]:
    """The same as the tab's components hand it over, in their order."""
    asked = wanted(**more)
    return [*(getattr(asked, each.name) for each in fields(Wanted)), *USUAL]


def task(options: dict[str, str] | None = None, **more: Any) -> Task:
    return panorama_task(wanted(**more), options or {})


def request(options: dict[str, str] | None = None, **more: Any) -> GridRequest:
    asked = task(options, **more).request
    assert isinstance(asked, GridRequest)
    return asked


def finished(asked: Task) -> Result:
    result = list(session.run([asked], threading.Event()))[-1][0]
    assert result.state == "done", result.error
    return result


@pytest.fixture(scope="module")
def made() -> Result:
    """A picture whose second style was painted."""
    mask = np.zeros((32, 128), np.uint8)
    mask[4:20, 10:60] = 255
    return finished(task(way=PAINTED, mask={"mask": mask_text(mask)}, turn=30, width=128, height=32))


def event(**data: Any) -> gr.EventData:
    return gr.EventData(None, data)


# ---------------------------------------------------------------------------------------------------- what is asked for


def test_a_task_has_what_the_fields_hold() -> None:
    asked = request({"noise": "seeded", "projection": "bent"}, turn=-45, field_of_view=180, width=64.0)
    assert (asked.size, asked.truncation, asked.turn, asked.field_of_view) == ((16, 64), 0.7, -45, 180)
    assert asked.options == {"noise": "seeded", "sampling": "all"}  # a cylinder knows no projection
    assert request(field_of_view=360).field_of_view is None
    flat = request({"projection": "native"}, generator=FLAT, turn=30, field_of_view=120)
    assert (flat.turn, flat.field_of_view) == (0, None)  # fields that are hidden then
    bent = request({"projection": "bent"}, generator=FLAT, field_of_view=90)
    assert bent.field_of_view == 90


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        ({"width": 7}, "The picture's width is 7; give a whole number from 8 to 8192"),
        ({"height": float("nan")}, "height is nan"),
        ({"height": True}, "height is True"),
        ({"width": 8192, "height": 2048}, "at most 8388608 pixels"),
        ({"truncation": "much"}, "The truncation is 'much'; give a number from 0 to 1"),
        ({"turn": 400}, "The turn is 400"),
        ({"field_of_view": 5}, "The field of view is 5"),
        ({"seed": -1}, "seed"),
        ({"generator": None}, "No generator is at hand"),
        ({"latent": Style(latent=np.zeros(3, np.float32))}, "The style is float32"),
        ({"way": "sideways"}, "The page sent no way"),
        ({"way": STEP, "softness": 120}, "The step's softness is 120; give a number from 0 to 100 percent"),
        ({"way": PAINTED}, "Nothing is painted yet"),
        ({"way": PAINTED, "mask": {"mask": "data:image/png;base64,??"}}, "no PNG"),
        ({"way": PAINTED, "mask": {"mask": "/etc/passwd"}}, "no PNG"),
        ({"way": MIXED, "first": 3, "last": 2}, "The mixed levels are 3 to 2"),
        ({"way": MIXED, "last": 99}, "The mixed levels are 1 to 99"),
        ({"sampling": "patch", "side": 40}, "does not lie inside"),
        ({"sampling": "patch", "stride": 0}, "A patch takes four whole numbers"),
        ({"sampling": "none"}, "Option sampling"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(more: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError) as raised:
        task(**more)
    assert sentence in str(raised.value)
    assert tell(NAMES, [], *values(**more)) == str(raised.value)


def test_generators_of_other_tasks_are_refused() -> None:
    with pytest.raises(ZooError, match="does not work from latents"):
        task(generator="spade-street")


def test_a_second_style_comes_in_three_ways() -> None:
    assert request().second is None
    step = request(way=STEP)
    assert step.mask is not None
    assert np.array_equal(step.mask, soft_step(0.5, 0.4, 0.2, True))
    assert step.second is not None
    assert step.second.seed == 4
    mask = np.arange(128, dtype=np.uint8).repeat(8).reshape(16, 64)
    painted = request(way=PAINTED, mask={"mask": mask_text(mask)})
    assert np.array_equal(painted.mask, mask)
    assert request(way=MIXED, first=2.0, last=3).mixed == (2, 3)
    latent = Style(latent=np.zeros(ready_card(ROUND, "grid").latents[1], np.float32), space="w")
    assert request(way=MIXED, second_latent=latent).second is latent


def test_an_empty_mask_is_not_painted() -> None:
    with pytest.raises(RequestError, match="Nothing is painted yet"):
        painted_mask({"mask": mask_text(np.zeros((16, 64), np.uint8))})


@pytest.mark.parametrize("wraps", [True, False])
@pytest.mark.parametrize("step", [(50, 40, 20), (30, 25, 0), (60, 50, 33)])
def test_a_step_is_known_again(step: tuple[int, int, int], wraps: bool) -> None:
    mask = soft_step(*(part / 100 for part in step), wraps)
    assert way_of(GridRequest(second=Style(seed=1), mask=mask), wraps) == (STEP, step)


def test_a_step_across_the_seam_is_known_again_and_what_is_none_counts_as_painted() -> None:
    around_seam = soft_step(0.98, 0.3, 0.1, True)
    assert way_of(GridRequest(second=Style(seed=1), mask=around_seam), True) == (STEP, (98, 30, 10))
    other = around_seam.copy()
    other[0, 0] = 0
    assert way_of(GridRequest(second=Style(seed=1), mask=other), True)[0] == PAINTED
    assert way_of(GridRequest(second=Style(seed=1), mixed=(1, 2)), True)[0] == MIXED


# --------------------------------------------------------------------------------------------------------- what is told


def test_size_and_time_are_told_before_the_work() -> None:
    assert told(task(width=512, height=128), []) == (
        "The picture will be 512 × 128, 65,536 pixels, in about 1 s. It goes all around without a seam."
    )
    slow = Result(task(), state="done", seconds={"paint": 50.0})
    assert "in about 50 s" in told(task(), [slow])
    assert "in about 3 min" in told(task(width=128, height=32), [slow])
    assert "all around" not in told(task(field_of_view=180), [])
    assert "It shows 50% of the width and 25% of the height." in told(task(window=(0.2, 0.2, 0.5, 0.25)), [])
    patch = told(task(sampling="patch"), [])
    assert "8 × 8, 64 pixels" in patch
    assert "one pixel in 2 across and down" in patch


def test_the_seam_is_told_and_what_does_not_wrap_is_not_blamed() -> None:
    picture = finished(task())
    value = shown_value(picture)["seam"]
    assert value["wraps"]
    assert value["text"].startswith("It closes")
    assert float(value["ratio"]) < 3
    half = shown_value(finished(task(field_of_view=180)))["seam"]
    assert not half["wraps"]
    assert "need not meet" in half["text"]
    with Image.open(picture.path) as file:
        cut = np.array(file)
    cut[:, -1] = 255 - cut[:, 0]
    assert "does not close well" in seam_value(seam(cut), Grid(16, 64, "cylinder"))["text"]
    assert shown_value(finished(task(window=(0, 0, 0.5, 0.5))))["seam"] is None


# ------------------------------------------------------------------------------------------------------- how it is seen


def test_a_cylinder_is_seen_from_within_as_it_was_learned() -> None:
    known = ready_card(ROUND, "grid")
    assert known.native_size is not None
    height, width = known.native_size
    seen = around(known, grid_of(known, request(width=64, height=64)))
    assert seen == {"haov": 360.0, "vaov": 360 * height / width, "level": False}
    half = around(known, grid_of(known, request(field_of_view=180)))
    assert half is not None
    assert (half["haov"], half["vaov"]) == (180, 360 * height / width)
    assert around(known, grid_of(known, request(window=(0, 0, 0.5, 1)))) is None
    assert around(known, grid_of(known, request(sampling="patch"))) is None


def test_of_a_plane_two_projections_surround() -> None:
    known = ready_card(FLAT, "grid")

    def seen(projection: str, **more: Any) -> dict[str, Any] | None:
        return around(known, grid_of(known, request({"projection": projection}, generator=FLAT, **more)))

    assert seen("native") is None
    assert seen("extended") is None
    assert seen("mirrored") == {"haov": 360.0, "vaov": 90.0, "level": False}
    bent = seen("bent", field_of_view=90)
    assert bent is not None
    assert bent["haov"] == 90
    assert bent["level"]
    assert known.native_size is not None
    ratio = known.native_size[0] / known.native_size[1]
    assert bent["vaov"] == pytest.approx(2 * math.degrees(math.atan(math.sqrt(0.5) * ratio)))


def test_a_mask_lies_on_the_whole_circle() -> None:
    assert placed(Grid(16, 64, "cylinder")) == [0, 0, 1, 1]
    assert placed(Grid(16, 64, "cylinder", turn=90)) == [0.25, 0, 1, 1]
    assert placed(Grid(16, 64, "cylinder", turn=90, field_of_view=180)) == [0.5, 0, 0.5, 1]
    assert placed(Grid(16, 64, "cylinder", window=(0.5, 0.25, 0.25, 0.5))) == [0.5, 0.25, 0.25, 0.5]
    assert placed(Grid(16, 16, window=(0.5, 0, 0.5, 1))) == [0.5, 0, 0.5, 1]


def test_the_place_for_a_mask_agrees_with_where_pixels_are() -> None:
    asked = Grid(16, 64, "cylinder", turn=70, field_of_view=200, window=(0.1, 0.3, 0.6, 0.5))
    left, top, width, height = placed(asked)
    across, down = asked.shares(torch.tensor([4]), torch.tensor([20]))
    assert float(across) == pytest.approx((left + width * 20.5 / 64) % 1, abs=1e-5)
    assert float(down) == pytest.approx(top + height * 4.5 / 16, abs=1e-5)


def test_a_part_is_painted_with_as_many_pixels(made: Result) -> None:
    window, out, width, height, turn, asked, *_ = zoom_in(made, [], event(left=2500, top=0, width=5000, height=10000))
    assert window == (0.25, 0, 0.5, 1)
    assert abs(width * height - 128 * 32) < 200
    assert width / height == pytest.approx(2, rel=0.05)
    assert out == [(WHOLE, (32, 128))]
    assert turn == 30
    assert (asked.request.window, asked.seed) == (window, made.task.seed)
    deeper = zoomed(asked, (0.5, 0.5, 0.5, 0.5))
    assert isinstance(deeper.request, GridRequest)
    assert deeper.request.window == (0.5, 0.5, 0.25, 0.5)
    back = seen_before(made, [], out)
    assert back[:4] == [WHOLE, [], 128, 32]


def test_a_part_is_the_same_picture_closer(made: Result) -> None:
    whole = finished(task(width=128, height=64))
    half = finished(zoomed(whole.task, (0.0, 0.0, 0.5, 0.5)))
    with Image.open(whole.path) as one, Image.open(half.path) as other:
        assert other.size == (128, 64)
        part = np.array(one).astype(int)[:32, :64]
        again = np.array(other).astype(int).reshape(32, 2, 64, 2, 3).mean((1, 3))
    assert np.abs(part - again).mean() < 0.25 * np.abs(part - part.mean((0, 1))).mean()


@pytest.mark.parametrize("data", [{}, {"left": 0, "top": 0, "width": 0, "height": 9}, {"left": -1}, {"left": "0"}])
def test_what_a_page_cannot_mark_changes_nothing(made: Result, data: dict[str, Any]) -> None:
    results = zoom_in(made, [], event(**data))
    assert results[5] is None
    assert all(each == gr.skip() for each in results[:5])
    assert zoom_in(None, [], event(left=0, top=0, width=9, height=9))[5] is None


# ------------------------------------------------------------------------------------------------- what is brought back


def test_a_downloaded_picture_brings_everything_back(made: Result) -> None:
    result = open_file(made.path)
    assert result is not None
    view, opened, _, history, strip, *rest = bring_back(NAMES, result, [])
    assert (view["title"], opened) == ("CIPS, panorama", result)
    assert strip["groups"][0]["items"][0]["title"].startswith("seed 3 · blended with seed 4")
    assert rest[:10] == [ROUND, 3, False, 0.7, 128, 32, 30, 360, WHOLE, []]
    latent, second_seed, second_latent, way, *_step, mask, _first, _last = rest[10:20]
    assert (latent, second_seed, second_latent, way) == (None, 4, None, PAINTED)
    assert np.array_equal(painted_mask(mask), made.task.request.mask)  # type: ignore[union-attr]
    assert mask["behind"]["placed"][0] == pytest.approx(30 / 360)
    assert [update["visible"] for update in rest[20:24]] == [True, False, True, False]
    load = rest[24]
    assert (load["mask"], mask["load"], mask["over"]) == (mask["mask"], load, load["key"])
    assert rest[25]["open"]
    assert rest[26] == "all"
    assert rest[-2:] == ["off", "float32"]
    assert len(bring_back(NAMES, history[0], history)) == 5 + len(rest)


def test_latents_patches_and_levels_are_brought_back() -> None:
    latent = Style(latent=np.linspace(-1, 1, ready_card(ROUND, "grid").latents[1], dtype=np.float32), space="w")
    patch = finished(task(latent=latent, way=MIXED, first=2, last=3, sampling="patch", window=(0, 0, 0.5, 1)))
    result = open_file(patch.path)
    rest = bring_back(NAMES, result, [])[5:]
    assert np.array_equal(rest[10].latent, latent.latent)
    assert rest[10].space == "w"
    assert rest[8:10] == [(0, 0, 0.5, 1), [(WHOLE, usual_size(patch.task.card))]]
    assert rest[13] == MIXED
    assert rest[18:20] == [2, 3]
    assert rest[26:31] == ["patch", 8, 2, 0, 0]
    assert shown_value(patch)["zooms"] is False
    assert "a latent (w, " in shown_value(patch)["said"]
    assert "seed 3" not in shown_value(patch)["said"]


def test_a_picture_of_a_generator_that_is_not_here_can_be_looked_at(made: Result) -> None:
    stranger = replace(made.task.card, name="mine", title="mine", geometry="", native_size=None, options=())
    value = shown_value(replace(made, task=replace(made.task, card=stranger)))
    assert (value["around"], value["zooms"], value["width"]) == (None, False, 128)


def test_nothing_asked_for_changes_nothing_on_the_page() -> None:
    assert list(make_picture(None, threading.Event())) == [gr.skip()]
    assert bring_back(NAMES, None, []) == gr.skip()
    assert len(values()) == WANTED + len(NAMES)


# -------------------------------------------------------------------------------------------------- what is on the page


def test_the_fields_follow_the_generator() -> None:
    turn, field, projection, *_ = show_fields(NAMES, ROUND, 360, "bent")
    assert (turn["visible"], field["visible"], field["maximum"], projection["visible"]) == (True, True, 360, False)
    turn, field, projection, *_ = show_fields(NAMES, FLAT, 360, "bent")
    assert (turn["visible"], field["visible"], field["maximum"], field["value"]) == (False, True, 170, 120)
    turn, field, projection, *_ = show_fields(NAMES, FLAT, 100, "mirrored")
    assert (turn["visible"], field["visible"], projection["visible"]) == (True, False, True)
    height, width = usual_size(ready_card(FLAT, "grid"))
    assert begin_anew(FLAT) == [width, height, WHOLE, [], 120, 0]


def test_the_place_for_a_second_style_shows_the_picture_of_the_same_generator(made: Result) -> None:
    assert [update["visible"] for update in show_way(STEP)] == [True, True, True, False]
    value = mask_value(ready_card(ROUND, "grid"), made, STEP, (50, 40, 20))
    assert (value["wraps"], value["paints"], value["step"]) == (True, False, [0.5, 0.4, 0.2])
    assert value["behind"]["file"]["path"] == made.path
    assert value["load"] is None
    assert mask_value(ready_card(FLAT, "grid"), made, PAINTED, (50, 40, 20))["behind"] is None


def test_what_is_painted_stays_when_the_picture_behind_it_changes(made: Result) -> None:
    before = {"mask": "data:image/png;base64,AA", "over": "r1.1", "size": [1, 1], "more": "than that"}
    value = show_mask(ROUND, made, None, before, PAINTED, 50, 40, 20)
    assert (value["mask"], value["over"], value["behind"] is None) == (before["mask"], "r1.1", False)
    assert value["size"] != [1, 1]
    assert "more" not in value
    assert "mask" not in show_mask(ROUND, made, None, {"mask": 3}, PAINTED, 50, 40, 20)
