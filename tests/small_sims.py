"""A small memory bank, and untrained SIMS and CRN checkpoints in folders, for tests that need no good pictures."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from sims.crn import CascadedRefinement
from sims.label_space import label_space
from sims.layout import Layout
from sims.memory.bank_builder import build_bank
from sims.memory.bank_file import world_file
from sims.memory.bank_sources import Choices, FolderSource
from sims.memory.completion import CompletionNetwork
from sims.memory.order import OrderNetwork
from sims.memory.synthesis import SynthesisNetwork
from sims.memory.transform import TransformNetwork
from sims.world import World
from zoo.files import write_checkpoint

FRAMES = ("000000", "000011", "000023", "000035", "000041", "000052", "000064", "000070", "000083", "000091", "000102")
VOID = 19
SLIM = 1 / 64
# What the untrained transformation does to every segment: it grows a little, and moves by about (4, -3) pixels.
THETA = (1.01, 0.0, 4.4, 0.0, 0.99, -2.6)


def frame_layout(number: str = "000007") -> Layout:
    """The layout of a frame of the built-in street world, a held-out one unless said otherwise."""
    return Layout(World().read("street", number).labels, label_space("street"))


def scene() -> Layout:
    """Sky, a building and a tree over a road with a car; a speck of a person, and a bit that is void."""
    ids = np.full((256, 512), 10, np.uint8)
    ids[70:150, :260] = 2
    ids[60:155, 300:] = 8
    ids[150:] = 0
    ids[140:190, 200:300] = 13
    ids[200:205, 50:53] = 11
    ids[240:, 500:] = VOID
    return Layout(ids, label_space("street"))


def without(layout: Layout, names: Sequence[str]) -> Layout:
    """The layout with the named classes void."""
    gone = [layout.space.id_of(name) for name in names]
    return Layout(np.where(np.isin(layout.ids, gone), np.uint8(VOID), layout.ids), layout.space)


def bank_files(folder: Path, lacking: Sequence[str] = (), frames: Sequence[str] = FRAMES) -> Path:
    """The folders `images` and `labels` of a few street frames, as a person would have them; `lacking` become void."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    for number in frames:
        shutil.copy(world_file("street", "pictures", number), folder / "images" / f"{number}.webp")
        ids = without(frame_layout(number), lacking).ids
        Image.fromarray(ids.copy()).save(folder / "labels" / f"{number}.png")
    return folder


def small_bank(folder: Path, lacking: Sequence[str] = (), frames: Sequence[str] = FRAMES) -> Path:
    """A bank of those frames in `folder`/bank."""
    return _built(bank_files(folder, lacking, frames), Choices())


def _built(folder: Path, choices: Choices) -> Path:
    source = FolderSource(folder / "images", folder / "labels", choices)
    build_bank(source, folder / "bank", choices, licence="MIT", origin="", progress=lambda fraction, what: None)
    return folder / "bank"


def plain_bank(folder: Path, space: str = "street", size: tuple[int, int] = (256, 512)) -> Path:
    """A bank of one grey picture in two halves, the classes 0 and 2 of `space`, with layouts of `size`."""
    for kind in ("images", "labels"):
        (folder / kind).mkdir(parents=True)
    Image.new("RGB", size[::-1], (90, 120, 150)).save(folder / "images" / "one.png")
    halves = np.zeros(size, np.uint8)
    halves[size[0] // 2 :] = 2
    Image.fromarray(halves).save(folder / "labels" / "one.png")
    return _built(folder, Choices(space=space, size=size))


def sims_checkpoint(folder: Path, bank: Path | None, **changes: Any) -> Path:
    """An untrained SIMS with all networks, that has `bank` inside, or none; `changes` go into its configuration."""
    config: dict[str, Any] = {
        **{"format": 1, "family": "sims", "size": [256, 512], "label_space": "street", "colour_order": "rgb"},
        **dict.fromkeys(("synthesis_width", "transform_width", "order_width", "completion_width"), SLIM),
        **{"memory": "bank", "bank": None, "minimum_area": 300, "elision_reach": 0.016},
        **changes,
    }
    height = config["size"][0]
    torch.manual_seed(3)
    tensors = _prefixed("synthesis.", SynthesisNetwork(height, SLIM))
    if config["transform_width"] is not None:
        transform = TransformNetwork(SLIM)
        transform.g_b_fc1.data = torch.tensor(THETA)
        tensors |= _prefixed("transform.", transform)
    if config["order_width"] is not None:
        tensors |= _prefixed("order.", OrderNetwork(SLIM))
    if config["completion_width"] is not None:
        tensors |= _prefixed("completion.", CompletionNetwork(height, SLIM))
    write_checkpoint(folder, tensors, config)
    if bank is not None:
        shutil.copytree(bank, folder / "bank")
    return folder


def crn_checkpoint(folder: Path, pictures: int = 3) -> Path:
    """An untrained CRN for streets of 256x512."""
    torch.manual_seed(4)
    network = CascadedRefinement(256, SLIM, outputs=3 * pictures)
    config = {"family": "crn", "size": [256, 512], "width": SLIM, "pictures": pictures, "label_space": "street"}
    write_checkpoint(folder, _prefixed("", network), {"format": 1, **config})
    return folder


def _prefixed(prefix: str, network: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value.contiguous() for name, value in network.state_dict().items()}
