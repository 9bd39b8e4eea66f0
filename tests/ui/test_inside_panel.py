"""The panel "Inside" without a page: embeddings, what is told of nearness, and generators that cannot be compared."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asked_panorama import FLAT, NAMES, ROUND, picture_task, values
from PIL import Image

from sims.load import card
from sims.nearest_frames import Nearness, Neighbour, Seen, Square
from sims.ui.inside_panel import begin, prepare, show_embedding, show_nearest
from sims.ui.looking_inside import judged, nearest_value, told
from sims.ui.panel_run import Step


def nearness(*distances: float) -> Nearness:
    """A made picture whose squares are so far from the nearest training picture."""
    grey = np.full((128, 128, 3), 128, np.uint8)
    found = [Neighbour(grey, Square("panorama", "000040", 256), True, distance) for distance in distances]
    return Nearness(tuple(Seen(grey, (each,) * 4) for each in found), 1066, 116, 0.7, 0.8, 1.25)


@pytest.mark.parametrize(
    ("distances", "sentence"),
    [
        ((0.4, 1.1), "Its nearest part is at 0.40, nearer to a training picture than any of 116 held-out squares"),
        ((0.75,), "It is at 0.75, nearer than held-out pictures usually are (0.80 to 1.25), but some"),
        ((1.3, 1.1), "Its nearest part is at 1.10, as far from the training pictures as held-out ones usually are"),
        ((1.4,), "It is at 1.40, farther than held-out pictures usually are (0.80 to 1.25): no copy"),
    ],
)
def test_a_person_is_told_how_near_is_near(distances: tuple[float, ...], sentence: str) -> None:
    assert judged(nearness(*distances)).startswith(sentence)


def test_the_page_shows_every_square_beside_its_neighbours() -> None:
    value = nearest_value(Step("done", made=nearness(1.1, 1.9)))
    assert [len(row["neighbours"]) for row in value["rows"]] == [4, 4]
    assert value["rows"][0]["neighbours"][0]["distance"] == "1.10"
    assert value["rows"][0]["neighbours"][0]["name"] == "panorama 000040, mirrored"
    assert value["scale"]["places"] == [1.1, 1.9]
    assert value["scale"]["end"] > 1.9
    assert nearest_value(Step("running", 0.5, "look"))["fraction"] == 0.5


def test_embeddings_are_shown_while_the_drawer_is_open() -> None:
    value = show_embedding(True, ROUND)
    with Image.open(value["file"]["path"]) as picture:
        assert picture.size == (value["width"], value["height"])
    assert "the right edge continues at the left" in value["text"]
    assert "right edge" not in show_embedding(True, FLAT)["text"]
    assert "value" not in show_embedding(False, ROUND)
    assert "file" not in show_embedding(True, None)


def test_a_generator_of_somebody_else_cannot_be_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(card(ROUND)) == ""
    assert told(card("cips-churches")) == (
        "The pictures that CIPS, churches learned from are not here; those of the built-in generators are."
    )
    _, nearest, go = begin(True, ROUND)
    assert (nearest["note"], go["interactive"]) == ("", True)
    other = replace(card(ROUND), trained_on="")
    monkeypatch.setattr("sims.ui.inside_panel.card_of", lambda name: other)
    _, nearest, go = begin(True, "other")
    assert "are not here" in nearest["note"]
    assert go["interactive"] is False


def test_a_comparison_is_checked_first_and_can_be_stopped() -> None:
    task, stop, waiting, *_ = prepare(NAMES, *values())
    assert (task.request.size, waiting["state"]) == ((16, 64), "running")
    stop.set()
    *_, last = show_nearest(task, stop)
    assert last["state"] == "stopped"
    shown: list[Any] = list(show_nearest(None, threading.Event()))
    assert len(shown) == 1
    assert picture_task().card.name == ROUND
