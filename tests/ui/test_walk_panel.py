"""The panel "Walk" without a page: what is asked for, what is told before the work, the film; and the endpoint."""

from __future__ import annotations

import io
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked_panorama import FLAT, NAMES, USUAL, picture_task, values
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from sims.generator import RequestError
from sims.grid_request import Style
from sims.latent_files import latent_npy
from sims.load import card
from sims.ui import session
from sims.ui.session import Result, Task
from sims.ui.walk_panel import make, prepare, tell
from sims.ui.walking import WalkTask, drawn_seeds, film_value, said, seeds_in, told, walk_task

SHAPE = {"frames": 4, "rate": 10, "size": 1, "turn": 0, "kind": "webp"}


def asked(task: Task | None = None, seeds: str = "5, 6", begin: bool = True, **more: Any) -> WalkTask:
    shape = {**SHAPE, **more}
    return walk_task(task or picture_task(), seeds, begin, *shape.values())


def fields(seeds: str = "5, 6", begin: bool = True, **more: Any) -> list[Any]:
    return [seeds, begin, *{**SHAPE, **more}.values()]


def test_a_walk_begins_with_the_picture_s_style_and_keeps_its_view() -> None:
    found = asked(picture_task(turn=90, truncation=0.5), frames=12.0, turn=360)
    assert [stop.seed for stop in found.request.stops] == [3, 5, 6]
    assert (found.request.frames, found.request.turn, found.milliseconds) == (12, 360.0, 100)
    assert (found.request.view.size, found.request.view.turn, found.request.view.truncation) == ((16, 64), 90, 0.5)
    latent = Style(latent=np.zeros(found.card.latents[1], np.float32), space="w")
    assert asked(picture_task(latent=latent)).request.stops[0] is latent
    assert [stop.seed for stop in asked(begin=False).request.stops] == [5, 6]
    assert asked(picture_task(width=256, height=64), size=2).request.view.size == (32, 128)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": "", "begin": True}, "The walk has 1 stops"),
        ({"seeds": "1, two"}, "The seeds hold 'two'; give whole numbers"),
        ({"seeds": "4294967296"}, "The seed is 4294967296"),
        ({"seeds": "1 " * 200}, "list of seeds is too long"),
        ({"frames": None}, "The number of frames is None; give a whole number from 4 to 120"),
        ({"frames": 5.5}, "The number of frames is 5.5"),
        ({"rate": 31}, "The rate is 31; give a whole number from 4 to 30"),
        ({"size": 0}, "The share is 0"),
        ({"turn": 90}, "so that the loop closes"),
        ({"kind": "mp4"}, "it can be webp or gif"),
    ],
)
def test_what_cannot_be_made_is_told(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        asked(**changes)


def test_seeds_are_read_and_drawn() -> None:
    assert seeds_in(" 1,2;  30 ") == [1, 2, 30]
    assert len(seeds_in(drawn_seeds("1, 2, 3"))) == 3
    assert len(seeds_in(drawn_seeds("nonsense"))) == 2
    assert len(seeds_in(drawn_seeds(", ".join("123456789")))) == 7


def test_size_length_and_time_are_told_before_the_work() -> None:
    found = asked(frames=100)
    assert told(found, []) == "The film will have 100 frames of 64 × 16, 10.0 s a loop, in about 1 s."
    slow = Result(picture_task(), state="done", seconds={"paint the pixels": 2.0}, size=(16, 64))
    assert "in about 3 min" in told(found, [slow])
    other = replace(slow, task=picture_task(generator=FLAT))
    assert "in about 1 s" in told(found, [other])


def test_the_line_says_what_is_wrong_and_a_plane_does_not_turn() -> None:
    line, turn = tell(NAMES, [], *fields(), *values())
    assert line.startswith("The film will have 4 frames of 64 × 16")
    assert turn["visible"] is True
    line, turn = tell(NAMES, [], *fields(turn=360), *values(generator=FLAT))
    assert line.startswith("The film will have")
    assert turn["visible"] is False
    assert tell(NAMES, [], *fields(turn=360), *values(("mirrored", *USUAL[1:]), generator=FLAT))[1]["visible"] is True
    assert "The seeds hold 'x'" in tell(NAMES, [], *fields("x"), *values())[0]
    assert "width" in tell(NAMES, [], *fields(), *values(width=None))[0]


def test_the_film_is_made_frame_by_frame() -> None:
    task, stop, waiting, *_ = prepare(NAMES, *fields(kind="gif"), *values())
    assert (waiting["state"], waiting["width"], waiting["height"]) == ("running", 64, 16)
    shown = [value for value in make(task, stop) if isinstance(value, dict) and "state" in value]
    assert shown[-1]["state"] == "done"
    film = Image.open(shown[-1]["film"]["path"])
    assert (film.format, film.size, film.n_frames) == ("GIF", (64, 16), 4)
    assert Image.open(shown[-1]["poster"]["path"]).size == (64, 16)
    assert shown[-1]["file_name"] == "cips-panorama-walk-3-5-6.gif"
    assert shown[-1]["said"].startswith("seeds 3 → 5 → 6 → 3 · truncation 0.7 · 4 frames, 0.4 s a loop · GIF, ")


def test_a_film_can_be_stopped() -> None:
    stop = threading.Event()
    stop.set()
    *_, last = make(asked(), stop)
    assert (last["state"], "film" in last) == ("stopped", False)
    assert film_value(None) == {"state": ""}


def test_latents_are_named_as_such() -> None:
    length = card("cips-panorama").latents[1]
    task = asked(picture_task(latent=Style(latent=np.zeros(length, np.float32), space="w")), turn=-360)
    assert said(task, None).startswith(f"seeds a latent (w, {length}) → 5 → 6 → a latent (w, {length}) · ")
    assert "turning -360°" in said(task, None)


# ------------------------------------------------------------------------------------------------------ the endpoint


def test_programs_make_films(client: Client, tmp_path: Path) -> None:
    asked = {"seeds": "1,2", "frames": 4, "size": "16x64", "turn": 360}
    path, report = client.predict(**asked, api_name="/walk")
    assert report == {
        **{"generator": "cips-panorama", "frames": 4, "size": {"height": 16, "width": 64}},
        "seconds_a_loop": pytest.approx(4 / 12, abs=0.01),
    }
    with Image.open(path) as film:
        assert (film.format, film.size, film.n_frames) == ("WEBP", (64, 16), 4)
        first = np.asarray(film.convert("RGB")).astype(int)
    latent = tmp_path / "latent.npy"
    latent.write_bytes(latent_npy(session.loaded("cips-panorama").styles(Style(seed=1), 0).numpy()))
    path, _ = client.predict(**{**asked, "seeds": "2"}, latent=handle_file(latent), api_name="/walk")
    with Image.open(io.BytesIO(Path(path).read_bytes())) as film:
        assert np.abs(np.asarray(film.convert("RGB")).astype(int) - first).mean() < 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"seeds": "1"}, "The walk has 1 stops"),
        ({"generator": "spade-street"}, "does not work from latents"),
        ({"size": "1x"}, "give height and width"),
        ({"frames": 500}, "whole number from 4 to 120"),
        ({"rate": 2}, "The rate is 2"),
        ({"kind": "mp4"}, "it can be webp or gif"),
        ({"options": "projection=bent"}, "has no option 'projection'"),
    ],
)
def test_programs_are_refused_in_a_sentence(client: Client, changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(AppError, match=sentence):
        client.predict(**{"seeds": "1,2", "frames": 4, "size": "16x64", **changes}, api_name="/walk")
