"""The tab "Texture" without a page: what is asked for, what is told before the work, and what is brought back."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import gradio as gr
import numpy as np
import pytest

from sims.generator import RequestError, TextureRequest
from sims.style.gallery import texture_examples
from sims.ui import session
from sims.ui.gallery import texture_groups, texture_picture
from sims.ui.session import Result, Task, shown
from sims.ui.texture_tab import bring_back, make_texture, open_file, tell
from sims.ui.texturing import EXAMPLE, shown_value, texture_task, told
from zoo import ZooError

OPTIONS = {"scales": "2", "iterations": "2", "steps": "2"}


@pytest.fixture(scope="module")
def example() -> np.ndarray:
    return texture_examples()[0].picture()[:48, :56]


@pytest.fixture(scope="module")
def made(example: np.ndarray) -> Result:
    return list(session.run([task(example)], threading.Event()))[-1][0]


def task(
    example: np.ndarray, size: tuple[Any, Any] = (48, 64), generator: str | None = "steerable", **more: str
) -> Task:
    return texture_task(example, shown(example, "example.png"), size, generator, 4, {**OPTIONS, **more})


def test_a_task_has_the_options_of_its_generator_alone(example: np.ndarray) -> None:
    assert task(example).request.options == {"scales": "2", "iterations": "2"}
    assert task(example, generator="segmenter-world").request.options == {"steps": "2"}
    request = task(example, (48.0, 64.0)).request
    assert isinstance(request, TextureRequest)
    assert request.size == (48, 64)


@pytest.mark.parametrize("side", [None, 31, 2049, 48.5, float("nan"), float("inf"), True, "48", [48]])
def test_sides_are_whole_and_bounded(example: np.ndarray, side: object) -> None:
    with pytest.raises(RequestError, match=r"The texture's width is .*; give a whole number from 32 to 2048"):
        task(example, (48, side))


def test_what_is_missing_or_unknown_is_told(example: np.ndarray) -> None:
    with pytest.raises(RequestError, match="no example yet"):
        texture_task(None, None, (48, 48), "steerable", 0, {})
    with pytest.raises(RequestError, match="No method is at hand"):
        task(example, generator=None)
    with pytest.raises(ZooError, match="does not work from an example"):
        task(example, generator="photo-wct-world")
    with pytest.raises(RequestError, match="scales"):
        task(example, scales="9")
    with pytest.raises(RequestError, match="seed"):
        texture_task(example, shown(example, "example.png"), (48, 48), "steerable", 0.5, {})


def test_size_time_and_seams_are_told_before_the_work(example: np.ndarray) -> None:
    assert told(task(example), []) == "The texture will be 64 × 48, in about 1 s. It tiles without a seam."
    assert "multiples of 4, from 12, would tile" in told(task(example, (50, 64)), [])
    assert told(task(example, generator="segmenter-world"), []) == "The texture will be 64 × 48."
    budget = told(task(example, generator="segmenter-world", seconds="30"), [])
    assert budget == "The texture will be 64 × 48, in at most 30 s."


def test_the_time_is_that_of_the_last_run(example: np.ndarray) -> None:
    slow = Result(task(example), state="done", seconds={"synthesise": 50.0})
    assert "in about 50 s" in told(task(example), [slow])
    assert "in about 3 min" in told(task(example, (96, 128)), [slow])
    instant = replace(slow, seconds={})
    assert "in about 50 s" in told(task(example), [instant, slow])


def test_the_line_says_what_is_wrong_as_soon_as_it_is(example: np.ndarray) -> None:
    fields = (example, shown(example, "example.png"))
    assert tell(("scales",), [], None, None, 48, 48, "steerable", 0, "2") == ""
    assert "give a whole number" in tell(("scales",), [], *fields, 48, 5, "steerable", 0, "2")
    assert "in about" in tell(("scales",), [], *fields, 48, 48, "steerable", 0, "2")


def test_a_texture_is_shown_with_its_example_and_can_be_tiled(made: Result) -> None:
    assert made.state == "done", made.error
    value = shown_value(made)
    assert (value["width"], value["height"], value["tiles"], value["pair"]) == (64, 48, True, False)
    assert [picture["name"] for picture in value["pictures"]] == ["result", EXAMPLE]


def test_a_downloaded_texture_brings_everything_back(made: Result, example: np.ndarray) -> None:
    names = ("scales", "steps", "iterations")
    result = open_file(made.path)
    view, opened, _, history, strip, *fields = bring_back(names, result, [])
    drop, restored, _, height, width, method, seed, random = fields[:8]
    assert (view["title"], opened) == ("Steerable pyramid", result)
    assert strip["groups"][0]["items"][0]["title"] == "scales 2, iterations 2 · seed 4 · Steerable pyramid"
    assert np.array_equal(restored, example)
    assert (height, width, method, seed, random) == (48, 64, "steerable", 4, False)
    assert (fields[-3], fields[-1]) == ("2", "2")
    assert drop["file"]["path"]
    assert [result.task.request.size for result in history] == [(48, 64)]
    assert len(bring_back(names, history[0], history)) == 5 + len(fields)


def test_nothing_asked_for_changes_nothing_on_the_page() -> None:
    assert list(session.run([], threading.Event())) == [None]
    assert list(make_texture(None, threading.Event())) == [gr.skip()]


def test_our_textures_can_be_chosen() -> None:
    [group] = texture_groups()
    assert [item["key"] for item in group["items"]] == [one.name for one in texture_examples()]
    assert all(item["src"].startswith("data:image/webp") for item in group["items"])
    assert texture_picture("bricks").shape == (256, 256, 3)
    with pytest.raises(RequestError, match="no texture called"):
        texture_picture("../secret")
