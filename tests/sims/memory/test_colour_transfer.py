"""Colour transfer against the published script, and what it promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from sims.memory.colour_transfer import transfer_colours

STORED = load_file(Path(__file__).parents[2] / "goldens" / "sims_crn" / "sims_color_transfer" / "tensors.safetensors")


def test_colours_move_as_in_the_published_script() -> None:
    assert np.abs(transfer_colours(STORED["source"], STORED["target"]) - STORED["result"]).max() < 1e-12


def test_mean_and_covariance_are_those_of_the_other_picture() -> None:
    moved = transfer_colours(STORED["source"], STORED["target"])
    for statistic in (lambda x: x.reshape(-1, 3).mean(axis=0), lambda x: np.cov(x.reshape(-1, 3), rowvar=False)):
        assert np.allclose(statistic(moved), statistic(STORED["target"]), atol=1e-9)


def test_a_plain_colour_becomes_the_mean_of_the_other_picture() -> None:
    moved = transfer_colours(np.full((4, 5, 3), 0.25), STORED["target"])
    assert np.allclose(moved, STORED["target"].reshape(-1, 3).mean(axis=0))
