"""The panel "Inversion" without a page: what is asked for, the search, what it comes to when it is stopped."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from asked_panorama import FLAT, ROUND
from PIL import Image

from sims.generator import GridRequest, RequestError
from sims.latent_files import read_latent
from sims.provenance import read_recipe
from sims.ui import session
from sims.ui.inversion_panel import prepare, search, take, use_style
from sims.ui.inverting import InversionTask, inversion_task, sample_groups, sample_picture

PICTURE = np.zeros((64, 128, 3), np.uint8) + np.linspace(40, 200, 64, dtype=np.uint8)[:, None, None]


def task(generator: str | None = FLAT, **more: Any) -> InversionTask:
    asked = {"image": PICTURE, "space": "w+", "steps": 6, "seed": 1, **more}
    return inversion_task(generator, **asked)


@pytest.fixture(scope="module")
def shown() -> list[Any]:
    """What the page becomes in a short search, step by step."""
    asked, stop, *_ = prepare(FLAT, PICTURE, "w+", 6, 1)
    return [step for step in search(asked, stop) if isinstance(step[0], dict) and "state" in step[0]]


def test_the_target_is_what_of_the_picture_will_be_compared() -> None:
    assert task().target.size == (128, 128)
    assert task(ROUND).target.size == (128, 128)  # in front
    assert task(ROUND, image=PICTURE[:32]).target.size == (128, 512)  # all around
    _, _, value, found, *buttons = prepare(FLAT, PICTURE, "w", 20, 0)
    assert (value["state"], value["width"], value["height"], found) == ("waiting", 128, 128, None)
    assert value["said"] == "CIPS, landscape · W, one style · 20 steps · seed 0"
    assert [button["visible"] for button in buttons] == [False, False, False, True]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"image": None}, "There is no picture yet"),
        ({"generator": None}, "No generator is at hand"),
        ({"space": "z"}, r"The space is 'z'; it can be w or w\+"),
        ({"steps": 2001}, "The number of steps is 2001; give a whole number from 1 to 2000"),
        ({"steps": None}, "The number of steps is None"),
        ({"seed": 0.5}, "The seed is 0.5"),
    ],
)
def test_what_cannot_be_sought_is_told(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        task(**changes)


def test_what_was_found_can_be_seen_kept_and_used(shown: list[Any]) -> None:
    value, found, use, latent = shown[-1]
    assert value["state"] == "done"
    assert value["title"] == f"SSIM {found.inversion.ssim:.2f} · L1 {found.inversion.l1:.3f}"
    assert [picture["name"] for picture in value["pictures"]] == ["target", "result"]
    assert np.array_equal(np.asarray(Image.open(value["pictures"][0]["file"]["path"])), found.inversion.target)
    recipe = read_recipe(Path(value["file"]["path"]).read_bytes()).request
    assert isinstance(recipe, GridRequest)
    assert np.array_equal(recipe.style.latent, found.inversion.latent)
    assert use["visible"] is latent["visible"] is True
    kept = read_latent(Path(latent["value"]).read_bytes(), "The latent")
    assert np.array_equal(kept, found.inversion.latent)
    style, truncation, turn, name, *size = use_style(found, FLAT)
    assert np.array_equal(style.latent, found.inversion.latent)
    assert (style.space, truncation, turn, name, size) == ("w", 1.0, 0, FLAT, [gr.skip()] * 2)
    assert use_style(found, ROUND)[4:] == [256, 256]  # the size of its own generator
    assert use_style(None, FLAT) == [gr.skip()] * 6


def test_the_best_until_now_is_shown_on_the_way(shown: list[Any]) -> None:
    previews = [step[0]["preview"] for step in shown if step[0]["state"] == "running" and step[0]["preview"]]
    assert previews
    assert all(preview.startswith("data:image/webp") for preview in previews)


def test_a_search_that_is_stopped_keeps_the_best() -> None:
    stop, last = threading.Event(), None
    for last in search(task(steps=400), stop):
        if isinstance(last[0], dict) and last[0].get("preview"):
            stop.set()
    value, found, *_ = last
    assert value["state"] == "done"
    assert found.inversion.steps_done < 400
    assert any("It was stopped after" in note for note in value["notes"])


def test_a_search_that_is_stopped_at_once_changes_nothing() -> None:
    stop = threading.Event()
    stop.set()
    *_, last = search(task(), stop)
    assert (last[0]["state"], last[1]) == ("stopped", gr.skip())


def test_our_pictures_were_held_out_and_no_others_are_read() -> None:
    [group] = sample_groups()
    keys = [item["key"] for item in group["items"]]
    assert len(set(keys)) == 8
    assert all(key.endswith("7") for key in keys)
    assert sample_picture(keys[0]).shape == (256, 512, 3)
    assert sample_picture(keys[-1]).shape == (256, 1024, 3)
    for wrong in ("landscape/000000", "street/000007", "../secret", ""):
        with pytest.raises(RequestError, match="There is no picture called"):
            sample_picture(wrong)


def test_a_picture_is_taken_from_uploads_alone() -> None:
    before = session.shown(PICTURE, "picture.png")
    drop, image, _ = take({"file": {"path": "/etc/passwd"}}, before)
    assert drop["wrong"] is True
    assert image == gr.skip()
    assert take({"file": None}, before)[1:] == [None, None]
