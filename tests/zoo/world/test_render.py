"""Rendering for real, at tiny sizes. In the environment of `zoo/world/requirements.txt`, with pytest:

python -m pytest --confcutdir=tests/zoo/world tests/zoo/world/test_render.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zoo.world.__main__ import main
from zoo.world.frames import ENDINGS, Frame
from zoo.world.labels import LANDSCAPE, STREET, neighbours
from zoo.world.landscape import scene as landscape
from zoo.world.street import scene as street

pytestmark = [pytest.mark.blender, pytest.mark.slow]
ROOT = Path(__file__).parents[3]


def make(kind: str, samples: int) -> Frame:
    if kind == "street":
        return street.make(900, 64, 128, samples)
    return landscape.make(901, 64, 128 if kind == "landscape" else 256, samples, pano=kind == "panorama")


@pytest.fixture(scope="module")
def frames() -> dict[str, Frame]:
    return {kind: make(kind, 2) for kind in ("street", "landscape", "panorama")}


@pytest.mark.parametrize("kind", ["street", "landscape", "panorama"])
def test_a_seed_has_one_frame(frames: dict[str, Frame], kind: str) -> None:
    again, first = make(kind, 2), frames[kind]
    assert (again.labels == first.labels).all()
    assert (again.instances == first.instances).all()
    assert (again.depth == first.depth).all()
    assert {**again.notes, "cpu": 0} == {**first.notes, "cpu": 0}


@pytest.mark.parametrize(("kind", "agreement"), [("street", 1.0), ("landscape", 0.95)])
def test_other_samples_change_little_but_the_picture(frames: dict[str, Frame], kind: str, agreement: float) -> None:
    """The edges of clouds, and of what the shader draws on the ground, are averaged over the samples."""
    finer, first = make(kind, 5), frames[kind]
    assert (finer.labels == first.labels).mean() >= agreement
    assert (finer.instances == first.instances).all()
    assert (finer.depth == first.depth).all()
    assert not (finer.picture == first.picture).all()


@pytest.mark.parametrize("kind", ["street", "landscape", "panorama"])
def test_a_frame_is_lively_and_whole(frames: dict[str, Frame], kind: str) -> None:
    frame, classes = frames[kind], STREET if kind == "street" else LANDSCAPE
    sky = frame.labels == classes.index("sky")
    if kind != "street":
        sky |= frame.labels == classes.index("cloud")
    assert frame.picture.std() > 15
    assert len(np.unique(frame.labels)) >= 4
    assert frame.labels.max() < len(classes)
    assert (neighbours(frame.labels, kind == "panorama") == frame.labels).any(0).all()
    assert frame.depth[sky].mean() > 1e8
    assert (frame.depth[frame.instances > 0] < 1e5).all()
    assert (frame.instances[sky] == 0).mean() > 0.95
    assert len(np.unique(frame.instances)) > 10


def test_a_panorama_has_no_seam(frames: dict[str, Frame]) -> None:
    """From the last column to the first, brightness, depth and labels change as they do in the columns beside."""
    frame = frames["panorama"]
    light, depth = np.log(frame.picture.mean(-1) + 8), np.log(np.minimum(frame.depth, 6e4))
    changes = {
        "light": np.abs(np.median(np.roll(light, -1, 1) - light, 0)),  # (W,): the last is across the edge
        "depth": np.abs(np.roll(depth, -1, 1) - depth).mean(0),
        "labels": (np.roll(frame.labels, -1, 1) != frame.labels).mean(0),
    }
    for what, change in changes.items():
        beside = np.concatenate([change[-9:-1], change[:8]])
        assert change[-1] <= beside.max(), what


def test_the_command_writes_frames_and_nothing_else_is_printed(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command = ["street", "--seeds", "900:901", "--size", "64x128", "--samples", "1", "--out", str(tmp_path)]
    assert main(command) == 0
    line, end = capfd.readouterr().out.splitlines()
    assert line.startswith("[1/1] seed 900: ")
    assert line.endswith("s, city, day, summer; 0 s left")
    assert end == "1 written"
    assert {path.name for path in tmp_path.iterdir()} == {f"000900{ending}" for ending in ENDINGS}
    assert Image.open(tmp_path / "000900.png").size == (128, 64)
    notes = json.loads((tmp_path / "000900.json").read_text(encoding="utf-8"))
    assert set(notes) == {"seed", "kind", "light", "season", "wet", "rejected", "good", "cpu"}
    assert main(command) == 0
    assert capfd.readouterr().out.splitlines() == ["1 of 1 frames are already there", "0 written"]


def test_an_interrupt_while_blender_renders_leaves_no_half_picture(tmp_path: Path) -> None:
    """Blender would swallow it and go on. The render itself sends it, from Blender's own callback."""
    program = f"""
import os, signal, sys
import bpy
signal.signal(signal.SIGINT, signal.default_int_handler)
from zoo.world.__main__ import main
@bpy.app.handlers.persistent
def interrupt(*_):
    os.kill(os.getpid(), signal.SIGINT)
bpy.app.handlers.render_init.append(interrupt)
sys.exit(main(["street", "--seeds", "900:902", "--size", "32x64", "--samples", "1", "--out", {str(tmp_path)!r}]))
"""
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (130, "Interrupted.\n")
    assert list(tmp_path.iterdir()) == []
