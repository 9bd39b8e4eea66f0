"""PhotoWCT: Li et al., "A Closed-form Solution to Photorealistic Image Stylization", ECCV 2018.

The authors publish one state dict: encoders e1..e4, each as deep as the first layer of its block of VGG-19, and
decoders d1..d4, their mirrors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import Config, Field, Shapes, integer, number
from zoo.convert.match import only_file

if TYPE_CHECKING:
    import torch

LEVELS = (1, 2, 3, 4)
# Layers of an encoder with their channels, before and after; a decoder has them in reverse.
LAYERS: Mapping[str, tuple[int, int]] = {
    "conv1_1": (3, 64),
    "conv1_2": (64, 64),
    "conv2_1": (64, 128),
    "conv2_2": (128, 128),
    "conv3_1": (128, 256),
    "conv3_2": (256, 256),
    "conv3_3": (256, 256),
    "conv3_4": (256, 256),
    "conv4_1": (256, 512),
}

FIELDS: Mapping[str, Field] = {
    "width": number(1 / 64, 1, default=1.0),
    "depth": integer(1, len(LEVELS), default=len(LEVELS)),  # the coarsest level that is restyled unless asked otherwise
}
PRESETS: Mapping[str, Config] = {}


def check(config: Config) -> None:
    """Any width and depth will do."""


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    shapes: Shapes = {}
    for level in LEVELS:
        shapes |= _conv(f"e{level}.conv0", 3, 3, kernel=1)
        for name in layers(level):
            before, after = scaled(name, config["width"])
            shapes |= _conv(f"e{level}.{name}", before, after) | _conv(f"d{level}.{name}", after, before)
    return shapes


def layers(level: int) -> list[str]:
    """The 3x3 layers of e`level`, in order."""
    names = list(LAYERS)
    return names[: names.index(f"conv{level}_1") + 1]


def scaled(name: str, width: float) -> tuple[int, int]:
    """Channels before and after a layer of an encoder that is `width` times as wide as the authors'; at least one."""
    before, after = LAYERS[name]
    return before if before == 3 else max(1, round(before * width)), max(1, round(after * width))


def _conv(name: str, before: int, after: int, kernel: int = 3) -> Shapes:
    return {f"{name}.weight": (after, before, kernel, kernel), f"{name}.bias": (after,)}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The network's tensors as they are."""
    return only_file(states, "photo_wct")


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The width, which the widest layer tells; nothing for a checkpoint that is not this network."""
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    widest = shapes.get("e4.conv4_1.bias", ())
    if len(widest) != 1 or "d4.conv4_1.bias" not in shapes:
        return {}
    return {"width": widest[0] / LAYERS["conv4_1"][1]}
