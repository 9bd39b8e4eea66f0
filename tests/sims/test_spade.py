"""SPADE's own option: how maps are doubled."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from sims.generator import LayoutRequest
from sims.label_space import label_space
from sims.layout import Layout
from sims.load import LoadError, load
from sims.spade import SpadeConfig, SpadeNetwork
from sims.spade_layout import Pyramid
from zoo.convert import ConvertError, checked_config
from zoo.files import read_config, read_weights


def changed(folder: Path, to: Path, upsampling: str) -> Path:
    shutil.copytree(folder, to)
    config = read_config(folder) | {"upsampling": upsampling}
    (to / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return to


def test_checkpoints_without_the_field_double_by_nearest_neighbours(tiny_spade: Path) -> None:
    assert "upsampling" not in read_config(tiny_spade)
    assert SpadeConfig.of(checked_config(read_config(tiny_spade))).upsampling == "nearest"


def test_bilinear_doublings_are_as_trained_and_leave_no_blocks(tiny_spade: Path, tmp_path: Path) -> None:
    """The loaded generator paints what the plain network paints; far from borders and classes it leaves no steps."""
    folder = changed(tiny_spade, tmp_path / "bilinear", "bilinear")
    config = SpadeConfig.of(checked_config(read_config(folder)))
    network = SpadeNetwork(config)
    weights = {key: value for key, value in read_weights(folder).items() if not key.startswith("netE.")}
    network.load_state_dict(weights, strict=False)
    layout = Layout(np.full((128, 256), 2, np.uint8), label_space("street"))
    generator = load(folder, device="cpu")
    picture = generator.generate(LayoutRequest(layout), seed=3).image
    noise = np.random.Generator(np.random.Philox(key=3)).standard_normal((1, 256), dtype=np.float32)
    pyramid = Pyramid(torch.full((1, 128, 256), 2), torch.zeros(1, 1, 128, 256), config.classes)
    with torch.inference_mode():
        plain = network.eval()(pyramid, torch.from_numpy(noise))
    wanted = ((plain[0].permute(1, 2, 0).numpy() + 1) * 127.5).clip(0, 255)
    assert np.quantile(np.abs(picture - wanted), 0.999) <= 1.0  # the seeded network magnifies rounding in a few places
    nearest = load(tiny_spade, device="cpu").generate(LayoutRequest(layout), seed=3).image
    steps = [np.abs(np.diff(image.astype(float), axis=1))[32:-32, 32:-32].mean() for image in (picture, nearest)]
    assert steps[0] < steps[1]


def test_other_doublings_are_refused(tiny_spade: Path, tmp_path: Path) -> None:
    with pytest.raises((LoadError, ConvertError), match="'upsampling' is 'cubic'; accepted is nearest or bilinear"):
        load(changed(tiny_spade, tmp_path / "cubic", "cubic"), device="cpu")
