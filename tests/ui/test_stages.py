"""The stages of a picture without a page: what is shown of them, and what choosing another candidate does."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from PIL import Image

from sims.generator import MAX_SEED, RequestError
from sims.layout import Layout
from sims.layout_files import layout_to_editor
from sims.provenance import read_recipe
from sims.ui import catalogue, session, stages_panel
from sims.ui.page_part import event_number
from sims.ui.stages import (
    Staged,
    candidates_value,
    first_selected,
    numbered,
    staged,
    stages_of,
    stages_value,
    with_choice,
)
from sims.ui.stages import stages_report as report
from sims.ui.synthesis import Picked, open_file, prepare, prepare_diverse, reopen

OPTIONS = ("variety", "completion")


@pytest.fixture(scope="module")
def opened(remembered: session.Result) -> Staged:
    assert remembered.state == "done", remembered.error
    return staged(remembered)


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings that are shown."""
    seen: list[str] = []
    monkeypatch.setattr(gr, "Warning", lambda message, title: seen.append(message))
    return seen


def event(**data: object) -> gr.EventData:
    return gr.EventData(None, data)


def of_class(opened: Staged, name: str) -> int:
    return next(segment.number for segment in opened.stages.segments if segment.name == name)


def pixels(path: str) -> np.ndarray:
    return np.asarray(Image.open(path))


def test_the_map_holds_every_segment_where_it_is(opened: Staged, remembered: session.Result) -> None:
    numbers = numbered(stages_of(remembered.task))
    for segment in opened.stages.segments:
        mine = numbers == segment.number
        assert mine.sum() == segment.area, segment.name
        assert mine[segment.box.slices].sum() == segment.area, segment.name
    decoded = np.repeat(opened.numbers[::2], opened.numbers[1::2]).reshape(256, 512)
    assert np.array_equal(decoded, numbers)


def test_what_the_page_gets_is_plain_data_in_painting_order(opened: Staged, walled: Layout) -> None:
    value = stages_value(opened, first_selected(opened.stages))
    json.dumps(value)
    places = [item["place"] for item in value["strip"]]
    painted = [place for place in places if place]
    assert painted == list(range(1, len(painted) + 1))
    assert places == painted + [0] * (len(places) - len(painted))
    assert [picture["kind"] for picture in value["pictures"]] == ["layout", "canvas", "adapted"]
    assert np.array_equal(pixels(value["pictures"][0]["file"]["path"]), walled.colours())
    assert np.array_equal(pixels(value["pictures"][1]["file"]["path"]), opened.stages.canvas)
    assert value["card"]["stages"]
    assert value["selected"] == of_class(opened, "car")


def test_candidates_come_with_their_scores_best_first(opened: Staged) -> None:
    value = candidates_value(opened, of_class(opened, "car"))
    json.dumps(value)
    sums = [found["mask"] + found["context"] for found in value["found"]]
    assert sums == sorted(sums, reverse=True)
    assert 1 < len(sums) <= 10
    assert value["chosen"] == 0
    assert value["share"] == pytest.approx(5000 / (256 * 512))
    assert all(found["cutout"].startswith("data:image/webp;base64,") for found in value["found"])
    assert candidates_value(opened, 0) == {}


def test_a_class_that_the_memory_lacks_is_named(opened: Staged, remembered: session.Result) -> None:
    assert "wall" in stages_value(opened, 1)["notes"][0]
    assert any("wall" in note for note in remembered.page_value()["notes"])
    wall = candidates_value(opened, of_class(opened, "wall"))
    assert (wall["found"], wall["chosen"], wall["piece"]) == ([], None, "")
    with pytest.raises(RequestError, match="0 candidates"):
        with_choice(opened, of_class(opened, "wall"), 0)


def test_choices_add_up_and_can_be_taken_back(opened: Staged) -> None:
    car, road = of_class(opened, "car"), of_class(opened, "road")
    first, second = sorted((car, road))

    def after(candidates: str, number: int, rank: int | None, **options: str) -> str:
        task = opened.result.task
        request = replace(task.request, options={**task.request.options, "candidates": candidates, **options})
        shown = replace(opened, result=replace(opened.result, task=replace(task, request=request)))
        return with_choice(shown, number, rank).request.options["candidates"]

    assert after("", car, 2) == f"{car}:2"
    assert after(f"{first}:2", second, 1) == f"{first}:2,{second}:1"
    assert after(f"{first}:2,{second}:1", first, 0) == f"{second}:1"
    assert after(f"{first}:2,{second}:1", second, None) == f"{first}:2"
    assert after(f"{first}:2,{second}:1", 0, None) == ""
    assert after("", car, 0, variety="diverse") == f"{car}:0"
    with pytest.raises(RequestError, match="candidates"):
        with_choice(opened, car, 10)


def test_another_candidate_makes_another_picture_a_card_and_history(opened: Staged, remembered: session.Result) -> None:
    car = of_class(opened, "car")
    asked = event(segment=car, rank=1)
    view, panel, shown, selected, cards, history, _, on_page = stages_panel.choose(
        opened, 0, [remembered], [remembered], asked
    )
    assert selected == car == panel["number"]
    assert panel["chosen"] == 1
    assert panel["picked"]
    assert [item["number"] for item in view["strip"] if item["picked"]] == [car]
    assert len(cards["cards"]) == 2
    assert [result.task.key for result in history] == [on_page[1].task.key, remembered.task.key]
    assert not np.array_equal(pixels(on_page[1].path), pixels(remembered.path))
    assert view["before"]["path"] == remembered.path
    assert read_recipe(Path(on_page[1].path).read_bytes()).options["candidates"] == f"{car}:1"
    assert on_page[1].task.said == f"candidates {car}:1"

    again = stages_panel.choose(shown, car, history, on_page, event(segment=0, rank=-1))
    assert [result.task.said for result in again[-1]] == ["", ""]  # it took the first choice's place
    assert again[3] == car
    assert np.array_equal(pixels(again[-1][1].path), pixels(remembered.path))
    assert len(again[5]) == 3


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"segment": 1},
        {"segment": 0, "rank": 0},
        {"segment": -1, "rank": 0},
        {"segment": 99, "rank": 0},
        {"segment": 1, "rank": 10},
        {"segment": 1, "rank": -2},
        {"segment": True, "rank": 0},
        {"segment": "1", "rank": "0"},
        {"segment": 1.0, "rank": 0},
        {"segment": 10**30, "rank": 0},
        {"segment": [1], "rank": {"a": 1}},
    ],
)
def test_what_no_page_sends_ends_in_a_warning(opened: Staged, warnings: list[str], data: dict[str, Any]) -> None:
    answer = stages_panel.choose(opened, 1, [], [], event(**data))
    assert [step == gr.skip() for step in answer] == [True, False, *[True] * 6]
    assert answer[1]["refused"]
    [sentence] = warnings
    assert sentence.endswith(".")
    assert stages_panel.choose(None, 0, [], [], event(**data))[1] == gr.skip()


def test_stages_are_opened_for_known_pictures_with_a_memory_only(
    finished: session.Result, remembered: session.Result, warnings: list[str]
) -> None:
    history = [finished, remembered]
    for key in ("", "../../etc/passwd", finished.task.key, "r999999"):
        assert stages_panel.announce(history, event(key=key))[-1] is None
    assert len(warnings) == 4
    assert not list(stages_panel.look(None))
    wanted = stages_panel.announce(history, event(key=remembered.task.key))[-1]
    *_, (view, panel, shown, selected) = stages_panel.look(wanted)
    assert view["card"]["key"] == remembered.task.key
    assert panel["number"] == selected > 0
    assert shown.result is remembered
    assert stages_panel.select(shown, event(segment=1))[0]["number"] == 1
    assert stages_panel.select(shown, event(segment=0)) == [gr.skip()] * 2
    assert len(warnings) == 5


def test_five_diverse_pictures_wrap_around_at_the_largest_seed(
    finished: session.Result, remembered: session.Result, warnings: list[str]
) -> None:
    late = replace(remembered.task, seed=MAX_SEED - 1)
    tasks = session.diverse(late)
    assert [task.seed for task in tasks] == [MAX_SEED - 1, MAX_SEED, 0, 1, 2]
    assert {task.said for task in tasks} == {"variety diverse"}
    assert len({task.key for task in tasks}) == 5
    with pytest.raises(RequestError, match="without a memory"):
        session.diverse(finished.task)
    waiting = prepare_diverse([finished, remembered], event(key=remembered.task.key))[2]
    assert [card["seed"] for card in waiting["cards"]] == [3, 4, 5, 6, 7]
    assert prepare_diverse([finished], event(key=finished.task.key))[0] == []
    assert len(warnings) == 1


def test_a_completed_layout_is_shown_beside_the_given_one(small: str, walled: Layout) -> None:
    tasks = session.plan([small], walled, seed=3, options={"completion": "on"})
    result = list(session.run(tasks, threading.Event()))[-1][0]
    assert result.completed.startswith("data:image/webp")
    shown = staged(result)
    given, completed = shown.pictures[:2]
    assert (given["title"], completed["title"]) == ("Layout as given", "Layout, completed")
    assert np.array_equal(pixels(given["file"]["path"]), walled.colours())
    assert not (shown.stages.layout.ids == walled.space.unknown).any()
    assert report(shown.stages)["completed"]


def test_a_restored_picture_has_its_stages(remembered: session.Result, opened: Staged, warnings: list[str]) -> None:
    car = of_class(opened, "car")
    made = stages_panel.choose(opened, 0, [], [], event(segment=car, rank=1))[-1][-1]
    restored = session.restore(Path(made.path).read_bytes())
    assert restored.page_value()["stages"]
    assert staged(restored).picks == {car: 1}

    answer = open_file(OPTIONS, [remembered], made.path)
    picked, cards, on_page, history = answer[8:12]
    assert picked.candidates == f"{car}:1"
    assert [kept.task.key for kept in history] == [cards["cards"][0]["key"], remembered.task.key]
    assert on_page[0].task.said == f"candidates {car}:1"
    assert reopen(OPTIONS, history, event(key=remembered.task.key))[8] is None
    Path(made.path).unlink()
    assert reopen(OPTIONS, [made], event(key=made.task.key))[0] == gr.skip()
    assert len(warnings) == 1


def test_candidates_count_for_the_very_layout_that_they_were_chosen_for(small: str, walled: Layout) -> None:
    changed = Layout(np.flipud(walled.ids).copy(), walled.space)
    for layout, expected in ((walled, "1:1"), (changed, "")):
        given = [layout_to_editor(layout), layout, [small], None, 5, False, "best", "off"]
        [task] = prepare(OPTIONS, Picked(walled, "1:1"), *given)[0]
        assert task.request.options.get("candidates", "") == expected


def test_variants_are_offered_and_never_chosen_unasked() -> None:
    cards = catalogue.ready_cards()
    street = catalogue.fitting(cards, "street")
    assert {"sims-street", "crn-street", "spade-street", "pix2pix-street"} <= set(street)
    variants = {card.name for card in cards if card.variant_of}
    assert variants >= {"sims-street-no-memory", "sims-street-no-simulation"}
    assert not variants & set(street)
    offered = [name for _, name in catalogue.choices(cards)]
    assert variants <= set(offered)
    assert offered.index("sims-street-no-memory") > offered.index("pix2pix-street")


def test_what_takes_a_text_of_a_pattern_is_no_switch() -> None:
    names = {choice.name for choice in catalogue.options(catalogue.ready_cards())}
    assert {"variety", "completion", "rules"} <= names
    assert "candidates" not in names


def test_numbers_of_events_are_whole_and_in_range() -> None:
    assert event_number(event(rank=3), "rank", 0, 3) == 3
    with pytest.raises(RequestError, match=r"rank from 0 to 3.*\.$"):
        event_number(event(rank=4), "rank", 0, 3)
    with pytest.raises(RequestError):
        event_number(gr.EventData(None, None), "rank", 0, 3)
