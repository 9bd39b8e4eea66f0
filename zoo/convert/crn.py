"""CRN: Chen and Koltun, "Photographic Image Synthesis with Cascaded Refinement Networks", ICCV 2017.

The authors publish TensorFlow checkpoints; tensors keep the variables' names, with "." for "/", and PyTorch's layout.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import Config, Field, Shapes, integer, number, one_of, size
from zoo.convert.errors import ConvertError
from zoo.convert.match import only_file

if TYPE_CHECKING:
    import torch

CLASSES = 20  # of the label space street: 19, and void
WIDTHS = {4: 1024, 8: 1024, 16: 1024, 32: 1024, 64: 1024, 128: 512, 256: 512, 512: 128, 1024: 32}  # by height

FIELDS: Mapping[str, Field] = {
    "size": size(),
    "width": number(1 / 64, 2),
    "pictures": integer(1, 9),
    "label_space": one_of("street"),
    "head": one_of("rgb", default="rgb"),
}
_OFFICIAL: Config = {"width": 1.0, "label_space": "street"}
PRESETS: Mapping[str, Config] = {
    "256p": _OFFICIAL | {"size": [256, 512], "pictures": 9},
    "512p": _OFFICIAL | {"size": [512, 1024], "pictures": 1},
    "1024p": _OFFICIAL | {"size": [1024, 2048], "pictures": 1},
    "gta": _OFFICIAL | {"size": [256, 512], "pictures": 9},
}


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    height, width = config["size"]
    if height not in WIDTHS or width != 2 * height:
        raise ConvertError(
            f"config field 'size' is {config['size']}; the height must be a power of two up to 1024, and the width"
            " twice the height."
        )


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    return cascade(config["size"][0], config["width"], 3 * config["pictures"])


def cascade(height: int, width: float, outputs: int) -> Shapes:
    """The tensors of a network for pictures of `height`, `width` times as wide as the authors', with `outputs`."""
    shapes: Shapes = {}
    before = 0
    for side in (side for side in WIDTHS if side <= height):
        after = scaled(WIDTHS[side], width)
        shapes |= conv_norm(f"g_{side}_conv1", before + CLASSES, after) | conv_norm(f"g_{side}_conv2", after, after)
        before = after
    return shapes | head(f"g_{height}_conv100", before, outputs)


def scaled(channels: int, width: float) -> int:
    """How many channels a layer has that has `channels` in the authors' network; at least one."""
    return max(1, round(channels * width))


def conv_norm(name: str, before: int, after: int, kernel: int = 3) -> Shapes:
    """The tensors of a convolution without bias and its layer norm."""
    return {
        f"{name}.weights": (after, before, kernel, kernel),
        f"{name}.LayerNorm.beta": (after,),
        f"{name}.LayerNorm.gamma": (after,),
    }


def head(name: str, before: int, after: int) -> Shapes:
    """The tensors of a 1x1 convolution with bias."""
    return {f"{name}.weights": (after, before, 1, 1), f"{name}.biases": (after,)}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The network's tensors as they are."""
    return only_file(states, "crn")


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell; nothing for a checkpoint that is not this network."""
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    sides = [int(found[1]) for name in shapes if (found := re.fullmatch(r"g_(\d{1,4})_conv1\.weights", name))]
    first = shapes.get("g_4_conv1.weights", ())
    outputs = shapes.get(f"g_{max(sides, default=0)}_conv100.biases", ())
    if len(first) != 4 or len(outputs) != 1:
        return {}
    if outputs[0] % 3:
        raise ConvertError(f"this network has {outputs[0]} outputs; pictures take three each.")
    return {
        "size": [max(sides), 2 * max(sides)],
        "width": first[0] / WIDTHS[4],
        "pictures": outputs[0] // 3,
        "label_space": "street",
    }
