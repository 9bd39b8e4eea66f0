"""What the tab "Style transfer" does, without a page: what is given, asked for, made, restored, and said."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder
from PIL import Image

from sims.generator import Preview, Progress, RequestError, StyleRequest, unseen
from sims.label_space import LayoutError
from sims.layout import Layout
from sims.layout_files import layout_to_editor
from sims.load import card
from sims.provenance import RecipeError
from sims.ui import catalogue, session, style_tab
from sims.ui.gallery import gallery_groups, gallery_layout, gallery_picture
from sims.ui.method_panel import method_choices
from sims.ui.one_picture import enter
from sims.ui.pace import Pace
from sims.ui.picture_drop import given
from sims.ui.regions import NONE
from sims.ui.session import Result, Task, shown
from sims.ui.style_sources import CONTENT_PLACE, PAINTED, PICTURE, sent_content, show_kind, take_content
from sims.ui.style_tab import (
    asked_task,
    bring_back,
    open_file,
    prepare,
    ready_again,
    restrength,
    show_drawer,
    tell,
)
from sims.ui.styling import LayoutTask, alike, shown_value, with_kept, with_pictures
from sims.ui.viewer import details, strip_value

NAMES = ("smoothing", "post_filter", "pooling")
PIS = "photo-wct-world"
REGIONS = (NONE, None, None, None)
QUICK = ("fast", "off", "average")


def picture(seed: int, height: int = 24, width: int = 32) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def inputs(**changes: Any) -> dict[str, Any]:
    """What the fields hold once both pictures were given."""
    content, style = picture(1), picture(2)
    held = {
        "seed": 3,
        "kind": PICTURE,
        "content": content,
        "file": shown(content, "content.png"),
        "style": style,
        "style_file": shown(style, "style.png"),
        "style_layout": None,
        "layout": None,
        "value": None,
        "origin": None,
        "maker": "spade-street",
        "method": PIS,
        "strength": 100,
    }
    return {**held, **changes}


def asked(options: tuple[str, ...] = QUICK, **changes: Any) -> Task:
    return asked_task(NAMES, *inputs(**changes).values(), *REGIONS, *options)


@pytest.fixture(scope="module")
def restyled() -> Result:
    """A small picture that PhotoWCT restyled, smoothed fast."""
    return list(session.run([asked(("fast", "on", "max"), strength=80)], threading.Event()))[-1][0]


def upload(name: str, data: bytes) -> dict[str, Any]:
    """The value of a place after the browser has uploaded this file."""
    path = Path(get_upload_folder(), name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return {"file": {"path": str(path)}}


def png(height: int, width: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (90, 60, 30)).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_large_picture_is_reduced_and_says_so() -> None:
    small = given(upload("small.png", png(20, 30)), CONTENT_PLACE)
    assert small is not None
    assert (small.image.shape, small.note) == ((20, 30, 3), "")
    large = given(upload("large.png", png(2000, 2400)), CONTENT_PLACE)
    assert large is not None
    height, width = large.image.shape[:2]
    assert height * width <= 4 * 1024 * 1024
    assert large.note == f"It has 4.8 megapixels and is reduced to {width} × {height} before the work."


@pytest.mark.parametrize(
    "value",
    [{"file": {"path": "/etc/hostname"}}, {"file": {"path": 7}}, {"file": "photo.png"}, {"file": {"path": "../x.png"}}],
)
def test_no_client_can_name_another_file(value: dict[str, Any]) -> None:
    with pytest.raises(LayoutError, match="never uploaded"):
        given(value, CONTENT_PLACE)


def test_a_file_that_is_no_picture_leaves_the_one_before() -> None:
    before = shown(picture(4), "content.png")
    value, *others = take_content(upload("bad.png", b"GIF89a, or so"), before)
    assert value["wrong"]
    assert value["note"].startswith("The content picture is")
    assert value["file"]["path"] == before.path
    assert others == [gr.skip()] * 4
    assert take_content({"file": None}, before)[1:4] == [None, None, None]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"style": None}, "no style picture yet"),
        ({"content": None}, "no content picture yet"),
        ({"method": None}, "No method is at hand"),
        ({"method": "spade-street"}, "does not work from a picture and a style picture"),
        ({"method": "../../etc"}, "no checkpoint called"),
        ({"strength": 101}, "strength from 0 to 100"),
        ({"strength": float("nan")}, "strength from 0 to 100"),
        ({"strength": "all"}, "strength from 0 to 100"),
        ({"seed": -1}, "seed"),
        ({"kind": PAINTED}, "no layout yet"),
    ],
)
def test_impossible_requests_are_refused_in_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(session.FAULTS, match=sentence) as caught:
        asked(**changes)
    assert str(caught.value).endswith(".")


def test_options_reach_the_method_that_knows_them_and_are_checked() -> None:
    assert asked().request.options == {"smoothing": "fast", "post_filter": "off"}
    with pytest.raises(RequestError, match="smoothing"):
        asked(("much", "off", "average"))


def test_a_layout_becomes_one_task_with_its_generator(layout: Layout) -> None:
    value = layout_to_editor(layout)
    task = asked(kind=PAINTED, value=value, origin=layout)
    assert isinstance(task, LayoutTask)
    assert (task.source.name, task.card.name) == ("spade-street", PIS)
    assert np.array_equal(task.layout_request.layout.ids, layout.ids)
    again = asked(kind=PAINTED, value=value, origin=layout, strength=30)
    other = asked(kind=PAINTED, value=value, origin=layout, maker="pix2pix-street")
    assert alike(task, again)
    street, landscape = (gallery_layout(key) for key in ("rainy-dusk", "desert"))
    for known, used in ((street, street), (landscape, None)):  # a layout of another world would match too little
        task = asked(kind=PAINTED, value=value, origin=layout, style_layout=known)
        assert isinstance(task, LayoutTask)
        assert task.style_layout is used
    assert not alike(task, other)
    for maker, sentence in ((None, "Choose a generator"), (PIS, "does not work from a layout")):
        with pytest.raises(session.FAULTS, match=sentence):
            asked(kind=PAINTED, value=value, origin=layout, maker=maker)


def test_the_view_has_content_stages_and_result_in_order(restyled: Result) -> None:
    assert restyled.state == "done", restyled.error
    value = shown_value(restyled)
    names = [one["name"] for one in value["pictures"]]
    assert names == ["content", "stylise", "smooth", "result", "style"]
    assert [one["alone"] for one in value["pictures"]] == [False] * 4 + [True]
    assert (value["begin"], value["end"]) == (0, 3)
    assert (value["width"], value["height"]) == (32, 24)
    assert [stage for stage, _ in value["seconds"]] == ["look at the style", "stylise", "smooth", "filter"]
    assert "strength 80%" in value["said"]


def test_a_picture_brings_back_all_that_it_was_made_from(restyled: Result) -> None:
    result = with_pictures(session.restore(Path(restyled.path).read_bytes(), "style"))
    view, made, task, history, _, *fields = bring_back(NAMES, result, [restyled])
    assert (view["key"], made, history) == (result.task.key, result, [result, restyled])
    request = restyled.task.request
    assert isinstance(request, StyleRequest)
    assert np.array_equal(fields[1], request.content)
    assert np.array_equal(fields[6], request.style)
    assert fields[9:13] == [PIS, 80, 3, False]
    assert fields[-3:] == ["fast", "on", gr.skip()]
    assert alike(task, restyled.task)
    assert show_drawer(result) == gr.update(visible=True)
    labels = np.zeros((4, 4), np.int32)
    divided = replace(task, request=replace(request, content_labels=labels, style_labels=labels))
    assert show_drawer(replace(result, task=divided)) == gr.update(visible=True, open=True)


def test_a_picture_of_a_layout_is_opened_elsewhere(finished: Result, restyled: Result, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="open it in the tab Layout synthesis"):
        session.restore(Path(finished.path).read_bytes(), "style")
    with pytest.raises(RecipeError, match="open it in the tab Style transfer"):
        session.restore(Path(restyled.path).read_bytes())
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"nothing")
    assert open_file(str(bad)) is None
    assert bring_back(NAMES, None, []) == show_drawer(None) == gr.skip()


def moved(came: Result, task: Task | None = None, **changes: Any) -> list[Any]:
    """All that the page is told when the strength of a picture is set to 40 %."""
    request = came.task.request
    assert isinstance(request, StyleRequest)
    held = inputs(**{"content": request.content, "style": request.style, "strength": 40, **changes})
    options = ("fast", "on", "average")  # another pooling, which this method knows nothing of
    return list(restrength(NAMES, task or came.task, came, *held.values(), *REGIONS, *options))


def test_another_strength_is_made_of_what_is_kept(restyled: Result) -> None:
    value, made, task, *buttons = moved(restyled)[-1]
    assert made.task.request.strength == task.request.strength == 0.4
    assert (value["state"], made.task.varies) == ("done", restyled.task.key)
    assert dict(value["seconds"]) == restyled.seconds  # nothing was computed anew, and what it took is still said
    assert buttons == [gr.skip()] * 4  # that took no longer than a moment
    assert not moved(restyled, style=picture(9))
    assert not moved(restyled, Task(restyled.task.card, restyled.task.request, 3))  # another picture is on its way


def test_another_strength_that_takes_longer_can_be_stopped(restyled: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(task: Task, progress: Progress, preview: Preview = unseen) -> Result:
        while True:
            progress(0.5, "slowly")
            time.sleep(0.01)

    monkeypatch.setattr(Task, "make", slow)
    monkeypatch.setattr(style_tab, "MOMENT", 0.0)
    request = restyled.task.request
    assert isinstance(request, StyleRequest)
    held = inputs(content=request.content, style=request.style, strength=40)
    steps = restrength(NAMES, restyled.task, restyled, *held.values(), *REGIONS, "fast", "on", "max")
    view, _, _, stop, mine, go, halt = next(steps)
    assert (view["state"], stop is mine, go["visible"], halt["visible"]) == ("running", True, False, True)
    stop.set()
    view, *others = list(steps)[-1]
    assert (view["state"], view["key"]) == ("done", restyled.task.key)  # the picture is as it was
    assert others == [gr.skip()] * 6
    assert ready_again(stop, mine)[0]["visible"]
    assert ready_again(threading.Event(), mine) == gr.skip()  # the button was pressed meanwhile


def test_the_stages_of_a_layouts_picture_keep_their_seconds(restyled: Result) -> None:
    stations = {"SPADE, street": 1.0, "layout of the style picture": 2.0, "PhotoWCT: stylise": 3.0}
    came = replace(restyled, seconds=stations, beside={"layout of the style": shown(picture(3), "style-layout.png")})
    again = with_kept(replace(restyled, seconds={"SPADE, street": 0.5}), came)
    assert list(again.seconds.items()) == list((stations | {"SPADE, street": 0.5}).items())
    assert again.beside == came.beside
    opened = with_kept(replace(restyled, seconds={"stylise": 4.0}), came)
    assert opened.seconds == {"SPADE, street": 1.0, "layout of the style picture": 2.0, "stylise": 4.0}


def test_only_another_strength_of_the_same_picture_is_replaced_in_the_history(restyled: Result) -> None:
    request = restyled.task.request
    assert isinstance(request, StyleRequest)

    def asked_again(strength: float, varies: str = "") -> Result:
        task = Task(restyled.task.card, replace(request, strength=strength), 3, varies=varies)
        return replace(restyled, task=task)

    deliberate, first, second = asked_again(0.2), *(asked_again(by, restyled.task.key) for by in (0.3, 0.4))
    history, strip = enter(deliberate, [restyled])
    assert history == [deliberate, restyled]
    assert [item["key"] for item in strip["groups"][0]["items"]] == [one.task.key for one in history]
    history, _ = enter(first, history)
    assert history == [first, deliberate, restyled]
    history, _ = enter(second, history)
    assert history == [second, deliberate, restyled]
    assert enter(None, history) == gr.skip()


def test_strip_and_heading_name_the_method_and_the_seed_only_where_it_counts(restyled: Result) -> None:
    [item] = strip_value([restyled])["groups"][0]["items"]
    assert item["title"] == "strength 80%, smoothing fast · Photorealistic · PhotoWCT, slim"
    assert shown_value(restyled)["title"] == "Photorealistic · PhotoWCT, slim"
    request = restyled.task.request
    assert isinstance(request, StyleRequest)
    painted = replace(restyled.task, request=replace(request, content_origin="spade-street, seed 3"))
    assert details(painted) == "strength 80%, smoothing fast · seed 3"


def test_what_is_refused_changes_nothing_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda message, title: said.append(message))
    assert prepare(NAMES, False, *inputs(style=None).values(), *REGIONS, *QUICK) == [None, *[gr.skip()] * 5]
    assert said == ["There is no style picture yet; choose one of ours, or drop one."]
    task, stop, waiting, seed, *_ = prepare(NAMES, True, *inputs().values(), *REGIONS, *QUICK)
    assert (task.seed, waiting["state"], stop.is_set()) == (seed, "waiting", False)


def test_a_picture_of_another_tab_comes_with_its_layout(finished: Result, layout: Layout) -> None:
    drop, image, file, found, kind, tabs = sent_content([finished], gr.EventData(None, {"key": finished.task.key}))
    assert found is layout or np.array_equal(found.ids, layout.ids)
    assert (image.shape[:2], kind, tabs["selected"]) == (finished.size, PICTURE, "style")
    assert drop["file"]["path"] == file.path
    assert sent_content([finished], gr.EventData(None, {"key": "r0"})) == [gr.skip()] * 6


def test_the_layout_in_the_editor_is_shown_in_the_place_of_the_content(layout: Layout) -> None:
    value, maker = show_kind(PAINTED, None, layout_to_editor(layout), layout)
    assert value["fixed"]
    assert "Change it in the tab Layout synthesis." in value["note"]
    assert maker["visible"]
    value, _ = show_kind(PAINTED, None, {"space": "street"}, None)
    assert value["wrong"]


def test_size_and_duration_are_told_before_the_work(restyled: Result) -> None:
    content = picture(5, 300, 400)
    told = tell(NAMES, PICTURE, content, None, None, PIS, "fast", "on", "average")
    assert told.startswith("The result will be 400 × 300, in about ")
    assert tell(NAMES, PICTURE, None, None, None, PIS, *QUICK) == ""
    assert tell(NAMES, PICTURE, content, None, None, "nobody", *QUICK) == ""
    known, pace = card(PIS), Pace()
    pace.learn(replace(restyled, size=(1000, 1000), seconds={"stylise": 100.0, "smooth": 60.0, "filter": 40.0}))
    assert pace.told(known, {"smoothing": "fast"}, (1000, 1000)) == "about 3 min"
    pace.learn(replace(restyled, size=(1000, 1000), seconds={"filter": 20.0}))  # the rest was kept
    assert pace.told(known, {"smoothing": "fast"}, (500, 500)) == "about 45 s"
    assert pace.told(known, {"smoothing": "fast", "post_filter": "off"}, (500, 500)) == "about 40 s"
    assert pace.told(known, {"smoothing": "off"}, (500, 500)) == "about 25 s"
    assert pace.told(card("segmenter-world"), {"seconds": "60"}, (500, 500)) == "at most 60 s"


def test_every_method_at_hand_has_a_name_of_its_own() -> None:
    cards = catalogue.ready_cards("style")
    names = dict(map(reversed, method_choices(cards)))
    assert len(names) == len(cards) >= 1
    assert PIS in names


def test_style_pictures_of_ours_can_be_chosen() -> None:
    items = [item for group in gallery_groups() for item in group["items"]]
    assert len({item["key"] for item in items}) == len(items) >= 6
    assert gallery_picture(items[0]["key"]).shape[2] == 3
    layout = gallery_layout(items[-1]["key"])
    assert (layout.space.name, layout.size) == ("street", gallery_picture(items[-1]["key"]).shape[:2])
    for read in (gallery_picture, gallery_layout):
        with pytest.raises(RequestError, match="no style picture called"):
            read("../secret")
