"""HugGAN's pix2pix: the U-Net that the HugGAN event's community trained (Hugging Face community-events, 2022)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import INPUTS, Config, Field, Shapes, check_input, integer, label_space, one_of, size
from zoo.convert.errors import ConvertError
from zoo.convert.match import only_file

if TYPE_CHECKING:
    import torch

FIELDS: Mapping[str, Field] = {
    "in_channels": integer(1, 256),
    "out_channels": integer(1, 4),
    "base_width": integer(1, 256),
    "input": one_of(*INPUTS),
    "label_space": label_space(),
    "size": size(),
}
PRESETS: Mapping[str, Config] = {}

# (input, output) channels in units of the base width; what an up-convolution reads includes the skip connection.
DOWN = ((1, 2), (2, 4), (4, 8), (8, 8), (8, 8), (8, 8), (8, 8))
UP = ((8, 8), (16, 8), (16, 8), (16, 8), (16, 4), (8, 2), (4, 1))


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    check_input(config, "in_channels")
    if any(side % 256 for side in config["size"]):
        raise ConvertError(f"config field 'size' is {config['size']}; both sides must be multiples of 256.")


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    width, outputs = config["base_width"], config["out_channels"]
    shapes: Shapes = {"down1.model.0.weight": (width, config["in_channels"], 4, 4)}
    for i, (inner, outer) in enumerate(DOWN, start=2):
        shapes[f"down{i}.model.0.weight"] = (outer * width, inner * width, 4, 4)
    for i, (inner, outer) in enumerate(UP, start=1):
        shapes[f"up{i}.model.0.weight"] = (inner * width, outer * width, 4, 4)  # transposed: (in, out, kh, kw)
    return shapes | {"final.2.weight": (outputs, 2 * width, 4, 4), "final.2.bias": (outputs,)}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The generator's tensors as they are: its InstanceNorm never had any."""
    return only_file(states, "huggan")


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell; nothing for a file that is not this network."""
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    first, last = shapes.get("down1.model.0.weight", ()), shapes.get("final.2.weight", ())
    if len(first) != 4 or len(last) != 4:
        return {}
    sizes = {"in_channels": first[1], "out_channels": last[0], "base_width": first[0]}
    return {"input": "image", "label_space": None, "size": [256, 256]} | sizes
