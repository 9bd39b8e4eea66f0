"""What a session does, without a page: planning, running, stopping, keeping, restoring."""

from __future__ import annotations

import json
import shutil
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest

from sims.generator import Cancelled, Progress, RequestError, StyleRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.layout_files import layout_to_editor
from sims.load import card, load
from sims.provenance import RecipeError, picture_png, read_recipe
from sims.ui import catalogue, session
from sims.ui.events import warn
from sims.ui.generator_panel import halt_pull, pull
from sims.ui.layouts import blank_layout, convert, painted_layout, read_upload, uploaded_bytes
from sims.ui.shelf import Shelf
from sims.ui.work import Work
from zoo import ZooError, find
from zoo.hub import folder_of

sys.path.insert(0, str(Path(__file__).parents[1] / "zoo"))
import fake_hub


def states(steps: Iterator[list[session.Result] | None]) -> list[list[str]]:
    return [[result.state for result in step] for step in steps if step is not None]


def test_a_run_goes_from_waiting_to_done_one_by_one(layout: Layout) -> None:
    tasks = session.plan(["pix2pix-street", "spade-street"], layout, seed=1)
    seen = states(session.run(tasks, threading.Event()))
    assert seen[0] == ["running", "waiting"]
    assert ["done", "waiting"] in seen
    assert ["running", "running"] not in seen
    assert seen[-1] == ["done", "done"]


def test_a_stopped_run_starts_nothing_more(layout: Layout) -> None:
    stop = threading.Event()
    steps = session.run(session.plan(["pix2pix-street", "spade-street"], layout, seed=1), stop)
    for step in steps:
        if step is not None and step[0].state == "done":
            stop.set()
            break
    assert states(steps)[-1] == ["done", "stopped"]


def test_a_finished_picture_brings_back_all_its_settings(finished: session.Result, layout: Layout) -> None:
    assert finished.state == "done", finished.error
    restored = session.restore(Path(finished.path).read_bytes())
    assert restored.task.card.name == "pix2pix-street"
    assert restored.task.seed == 7
    assert restored.task.request.options["dropout"] == "on"
    assert np.array_equal(restored.task.request.layout.ids, layout.ids)
    assert restored.task.request.layout.space == layout.space


def test_restored_settings_make_the_same_picture(finished: session.Result) -> None:
    task = session.restore(Path(finished.path).read_bytes()).task
    request = task.request
    again = session.plan([task.card.name], request.layout, seed=task.seed, options=request.options)
    result = list(session.run(again, threading.Event()))[-1][0]
    assert Path(result.path).read_bytes()[-4096:] == Path(finished.path).read_bytes()[-4096:]
    assert result.thumbnail == finished.thumbnail


def test_a_picture_from_elsewhere_is_refused(finished: session.Result) -> None:
    whole = Path(finished.path).read_bytes()
    for png in (b"", b"not a picture", whole[: len(whole) // 2]):
        with pytest.raises(RecipeError):
            session.restore(png)


def with_chunks(png: bytes, kind: bytes, data: bytes) -> bytes:
    """`png` with other data in its chunks of this kind, checksums right."""
    out, position = png[:8], 8
    while position < len(png):
        length = int.from_bytes(png[position : position + 4])
        found = png[position + 4 : position + 8]
        body = data if found == kind else png[position + 8 : position + 8 + length]
        out += len(body).to_bytes(4) + found + body + zlib.crc32(found + body).to_bytes(4)
        position += 12 + length
    return out


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        (b"IDAT", b"", "damaged"),
        (b"IDAT", b"no deflate stream", "damaged"),
        (b"IHDR", (20000).to_bytes(4) * 2 + bytes([8, 2, 0, 0, 0]), "pixels"),
    ],
)
def test_a_hostile_picture_around_a_good_recipe_is_refused(
    finished: session.Result, kind: bytes, data: bytes, sentence: str
) -> None:
    png = with_chunks(Path(finished.path).read_bytes(), kind, data)
    with pytest.raises(RecipeError, match=sentence) as caught:
        session.restore(png)
    assert str(caught.value).endswith(".")


def remade(finished: session.Result, **changes: Any) -> bytes:
    """A picture as `finished` with other entries in its recipe."""
    task = finished.task
    picture = load(task.card.name).generate(task.request, seed=task.seed)
    return picture_png(replace(picture, **changes))


def test_a_restored_picture_says_how_long_it_took(finished: session.Result) -> None:
    restored = session.restore(Path(finished.path).read_bytes())
    assert restored.seconds == pytest.approx(finished.seconds, abs=1e-4)
    assert sum(restored.seconds.values()) > 0
    assert not restored.task.notes


def test_other_weights_are_noticed(finished: session.Result) -> None:
    restored = session.restore(remade(finished, revision="0123abcd" * 8))
    assert restored.page_value()["notes"] == [
        "Made with other weights (revision 0123abcd0123); the same settings give another picture here."
    ]
    revision = f"{read_recipe(Path(finished.path).read_bytes()).revision}+4567cdef4567"
    restored = session.restore(remade(finished, revision=revision))
    assert restored.page_value()["notes"] == [
        "Made with another memory (revision 4567cdef4567); the same settings give another picture here."
    ]


@pytest.mark.parametrize("options", [{"temperature": "hot"}, {"dropout": "a little"}])
def test_settings_that_the_generator_does_not_know_are_refused(
    finished: session.Result, options: dict[str, str]
) -> None:
    with pytest.raises(RecipeError, match=r"(temperature|dropout).*\.$"):
        session.restore(remade(finished, options=options))


def test_a_picture_of_a_generator_unknown_here_opens(finished: session.Result) -> None:
    restored = session.restore(remade(finished, generator="my net, v2", options={"temperature": "hot"}))
    assert restored.task.card.title == "my net, v2"
    assert Path(restored.path).name == "my net, v2-seed7.png"


@pytest.mark.parametrize(
    ("names", "seed", "sentence"),
    [
        ([], 0, "at least one generator"),
        (["pix2pix-street"], -1, "seed"),
        (["pix2pix-street"], 2**32, "seed"),
        (["pix2pix-street"] * 49, 0, "at most 48"),
    ],
)
def test_impossible_requests_are_refused(layout: Layout, names: list[str], seed: int, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        session.plan(names, layout, seed=seed)


@pytest.mark.parametrize("name", ["no-such", "../../etc", "/tmp", "segmenter-world", "cyclegan-horse2zebra"])
def test_only_layout_generators_of_the_catalogue_are_ever_loaded(layout: Layout, name: str) -> None:
    with pytest.raises((ZooError, RequestError)):
        session.plan([name], layout, seed=0)


def test_a_style_picture_reaches_only_those_who_take_one(layout: Layout) -> None:
    style = np.full((32, 32, 3), 90, np.uint8)
    spade, pix2pix = session.plan(["spade-street", "pix2pix-street"], layout, seed=0, style=style)
    assert spade.request.style is style
    assert not spade.notes
    assert pix2pix.request.style is None
    assert "no style picture" in pix2pix.notes[0]


@pytest.mark.parametrize("value", [None, True, "7", 1.5, float("nan"), float("inf"), -3, 2**32])
def test_only_whole_seeds_in_range_are_taken(value: object) -> None:
    with pytest.raises(RequestError):
        session.whole_seed(value)


def test_the_history_is_bounded_and_newest_first(finished: session.Result) -> None:
    results = [session.Result(session.Task(finished.task.card, finished.task.request, n), "done") for n in range(30)]
    history = session.keep([], results)
    assert [result.task.seed for result in history] == list(range(29, 29 - session.HISTORY, -1))
    assert session.keep(history, results[-2:]) == history


def test_the_history_is_bounded_by_what_it_holds_on_to(
    finished: session.Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def results(count: int, content: np.ndarray | None = None) -> list[session.Result]:
        picture = np.zeros((10, 10, 3), np.uint8)
        contents = [picture.copy() if content is None else content for _ in range(count)]
        return [session.Result(session.Task(finished.task.card, StyleRequest(one, one), 0), "done") for one in contents]

    monkeypatch.setattr(session, "HISTORY_BYTES", 1000)
    several = results(5)
    assert session.keep([], several) == several[:1:-1]  # 300 bytes each
    shared = results(5, np.zeros((10, 10, 3), np.uint8))
    assert session.keep([], shared) == shared[::-1]
    large = results(1, np.zeros((100, 10, 3), np.uint8))
    assert session.keep(several, large) == large  # the newest stays, however large


def test_the_shelf_lets_the_oldest_go() -> None:
    shelf = Shelf(max_bytes=250)
    paths = [Path(shelf.put(bytes(100), "a.png")) for _ in range(4)]
    assert [path.exists() for path in paths] == [False, False, True, True]
    assert [path.parent.exists() for path in paths] == [False, False, True, True]


def test_work_ends_where_it_is_stopped() -> None:
    stop, started = threading.Event(), threading.Event()

    def make(progress: Progress) -> None:
        started.set()
        while True:
            progress(0.5, "half")

    work = Work(make, stop)
    started.wait(10)
    reports = work.reports()
    next(reports)
    reports.close()  # a person who left the page
    assert stop.is_set()
    with pytest.raises(Cancelled):
        work.result()


def test_the_next_work_waits_for_one_that_was_left() -> None:
    order: list[str] = []

    def slow(progress: Progress) -> None:
        time.sleep(0.5)  # a stage that nothing can interrupt
        order.append("left one")
        progress(0.5, "half")

    reports = Work(slow, threading.Event()).reports()
    next(reports)
    reports.close()
    Work(lambda progress: order.append("next one"), threading.Event()).result()
    assert order == ["left one", "next one"]


def test_painting_keeps_the_instances_around_it() -> None:
    street = label_space("street")
    road, car, person = (street.id_of(name) for name in ("road", "car", "person"))
    ids = np.full((16, 24), road, np.uint8)
    ids[4:8, 2:6] = ids[4:8, 6:10] = car  # two that touch
    instances = np.zeros(ids.shape, np.int32)
    instances[4:8, 2:6], instances[4:8, 6:10] = 3, 8
    origin = Layout(ids, street, instances)

    def painted(ids: np.ndarray) -> np.ndarray | None:
        return painted_layout(layout_to_editor(Layout(ids, street)), origin).instances

    assert np.array_equal(painted(ids), instances)
    now = ids.copy()
    now[4, 2:10] = road  # off the roof of both
    now[12:14, 2:5] = now[12:14, 10:13] = person
    found = painted(now)
    assert found is not None
    expected = instances.copy()
    expected[4, 2:10] = 0  # road has no instances here
    expected[12:14, 2:5], expected[12:14, 10:13] = 9, 10
    assert np.array_equal(found, expected)

    full = Layout(ids, street, np.full(ids.shape, 65535, np.int32))
    wrapped = painted_layout(layout_to_editor(Layout(now, street)), full).instances
    assert wrapped is not None
    assert set(np.unique(wrapped)) == {1, 2, 3, 65535}
    assert painted_layout(layout_to_editor(Layout(ids[:, :20], street)), origin).instances is None
    assert painted_layout(layout_to_editor(Layout(ids * 0, label_space("landscape"))), origin).instances is None
    assert painted_layout(layout_to_editor(origin), Layout(ids, street)).instances is None


def test_uploads_are_read_or_refused_in_a_sentence(layout: Layout, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    good.write_bytes(layout.to_png())
    bad.write_bytes(b"GIF89a, or so")
    assert np.array_equal(read_upload(str(good), None, "street", "auto").layout.ids, layout.ids)
    for path, space, encoding in [
        (None, "street", "auto"),
        (str(tmp_path / "gone.png"), "street", "auto"),
        (str(bad), "street", "auto"),
        (str(good), "nowhere", "auto"),
        (str(good), "street", "guess"),
    ]:
        with pytest.raises(ValueError, match=r"\w") as caught:
            read_upload(path, None, space, encoding)
        assert str(tmp_path) not in str(caught.value)
        assert str(caught.value).endswith(".")
    with pytest.raises(ValueError, match="no longer"):
        uploaded_bytes(str(tmp_path / "gone.png"), "label map")


def test_conversion_says_what_was_lost(layout: Layout) -> None:
    converted, report = convert(layout, "landscape")
    assert converted.space.name == "landscape"
    assert "building" in report
    assert blank_layout("ade20k").counts() == {blank_layout("ade20k").space.by_id[0].name: 256 * 512}


def test_every_layout_generator_is_either_ready_or_explained() -> None:
    ready, rows = catalogue.ready_cards(), catalogue.offers()
    assert len(ready) + len(rows) == len(catalogue.entries())
    assert all(row.reason.endswith(".") for row in rows)
    assert not {card.name for card in ready} & {row.entry.name for row in rows}


def test_a_damaged_checkpoint_of_ones_own_stops_no_other(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "spade-cityscapes"
    folder = tmp_path / "local" / name
    shutil.copytree(folder_of(find("spade-street")), folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"label_space": "cityscapes"}))
    monkeypatch.setenv("SIMS_CACHE", str(tmp_path))
    ready, rows = catalogue.ready_cards(), catalogue.offers()
    assert "spade-street" in {card.name for card in ready}
    assert name not in {card.name for card in ready}
    [row] = [row for row in rows if row.entry.name == name]
    assert name in row.reason
    assert row.reason.endswith(".")
    assert not row.can_pull


def test_what_is_here_already_is_pulled_at_once_and_what_makes_no_pictures_never() -> None:
    steps = list(catalogue.pull("pix2pix-street", threading.Event()))
    assert "pix2pix-street" not in {row.entry.name for row in steps[-1] or []}
    for name in ("segmenter-world", "cyclegan-horse2zebra", "../pix2pix-street"):
        with pytest.raises(ZooError):
            next(catalogue.pull(name, threading.Event()))


def test_a_pull_can_be_stopped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name = "pix2pix-cityscapes-compressed-mit"
    hub = fake_hub.serve(tmp_path / "hub")
    hub.add(find(name).repo, find(name).files[0], bytes(4096))
    hub.seconds_to_answer = 0.5
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    monkeypatch.setenv("SIMS_CACHE", str(tmp_path / "cache"))
    for offline in ("SIMS_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(offline, raising=False)
    steps = pull([], gr.EventData(None, {"key": name}))
    rows, *_, stop = next(steps)
    assert [row["state"] for row in rows["items"] if row["name"] == name] == ["pulling"]
    halt_pull(stop)
    *_, (rows, chosen, _, _) = steps
    assert [(row["state"], row["error"]) for row in rows["items"] if row["name"] == name] == [("", "")]
    assert chosen == gr.skip()
    assert not list((tmp_path / "cache").rglob("*.safetensors"))
    hub.shutdown()
    hub.server_close()


def test_a_generator_that_nobody_verified_says_so_where_it_is_chosen() -> None:
    titles = dict(map(reversed, catalogue.choices([card("pix2pix-street"), card("spade-coco")])))
    assert titles == {"pix2pix-street": "pix2pix, street", "spade-coco": f"{find('spade-coco').title} (not verified)"}


def test_options_of_several_generators_are_one_choice_a_name() -> None:
    choices = catalogue.options(catalogue.ready_cards())
    assert len({choice.name for choice in choices}) == len(choices)
    assert {"statistics", "dropout"} <= {choice.name for choice in choices}


def test_sentences_reach_the_page_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda message, title: seen.append(message))
    warn("There is no <img src=x onerror=alert(1)> here.")
    assert seen == ["There is no &lt;img src=x onerror=alert(1)&gt; here."]
