"""A latent in the place of a seed, without a page: read from a file, told in a chip, taken for one of either space."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import pytest
from gradio.utils import get_upload_folder

from sims.grid_request import Style
from sims.latent_files import latent_npy
from sims.ui.panorama_fields import untruncated
from sims.ui.panorama_latent import chip, in_space, take


@pytest.fixture
def uploads() -> Path:
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def given(path: Path) -> dict[str, Any]:
    return {"file": {"path": str(path)}, "text": "a latent (w, 8)", "space": "w"}


def test_a_file_becomes_a_style_behind_the_mapping_network(uploads: Path) -> None:
    path = uploads / "latent.npy"
    path.write_bytes(latent_npy(np.linspace(0, 1, 8, dtype=np.float32)))
    style, shown = take(given(path), "the style")
    assert (style.space, style.latent.shape) == ("w", (8,))
    assert (shown["text"], shown["space"], shown["wrong"]) == ("a latent (w, 8)", "w", "")
    assert untruncated(style) == 1
    layered = chip(Style(latent=np.zeros((3, 8), np.float32), space="w"), "the style")
    assert (layered["text"], layered["space"]) == ("a latent (w+, 3 × 8)", "")  # there is but one space for it


@pytest.mark.parametrize("value", [None, {}, {"file": {"path": "/etc/hostname"}}, {"file": {"path": 3}}])
def test_no_file_but_an_upload_is_read(value: object) -> None:
    style, shown = take(value, "the style")
    assert style == gr.skip()
    assert "never uploaded" in shown["wrong"]


def test_what_is_no_latent_is_told_and_the_one_before_stays(uploads: Path) -> None:
    path = uploads / "wrong.npy"
    path.write_text("no numbers")
    style, shown = take(given(path), "the style")
    assert style == gr.skip()
    assert "no .npy file" in shown["wrong"]
    assert (shown["text"], shown["space"]) == ("a latent (w, 8)", "w")
    assert untruncated(None) == gr.skip()


def test_a_single_style_can_be_taken_for_one_of_the_other_space() -> None:
    style = Style(latent=np.zeros(8, np.float32), space="w")
    other = in_space(style, gr.EventData(None, {"space": "z"}))
    assert (other.space, other.latent is style.latent) == ("z", True)
    assert in_space(style, gr.EventData(None, {"space": "q"})) == gr.skip()
    assert in_space(None, gr.EventData(None, {"space": "z"})) == gr.skip()
    assert chip(Style(seed=5), "the style")["text"] == "seed 5"
