"""SIMS: Qi, Chen, Jia and Koltun, "Semi-parametric Image Synthesis", CVPR 2018.

The authors publish three TensorFlow checkpoints, of the transformation, the ordering and the synthesis network. They
become one, each under a prefix of its own; a network that completes coarse layouts, which the authors describe and did
not publish, has its place beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from zoo.convert.config import Config, Field, Shapes, integer, number, one_of, optional, pattern, size
from zoo.convert.crn import CLASSES, cascade, conv_norm, head, scaled
from zoo.convert.errors import ConvertError

if TYPE_CHECKING:
    import torch

SYNTHESIS, TRANSFORM, ORDER, COMPLETION = NETWORKS = ("synthesis.", "transform.", "order.", "completion.")
HEIGHTS = (256, 512, 1024)
CANVAS = 4  # red, green, blue and the mask of what is there
# Each block's channels in the authors' network and its convolutions, from fine to coarse.
TRUNK = ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3))
ENCODER = (*TRUNK, (512, 3))
DECODER = (256, 512, 512, 512, 512, 512)
FINAL, TAIL = 256, 128  # channels of the decoder's last block, and of the block at 512 pixels
ORDER_CODE = 1024
TRANSFORM_BLOCKS = ("g_transform_conv1", "g_transfrom_conv2", *(f"g_transform_conv{i}" for i in (3, 4, 5)))  # as spelt
BANK_NAME = r"[a-z0-9]+(-[a-z0-9]+)*"

FIELDS: Mapping[str, Field] = {
    "size": size(),
    "label_space": one_of("street"),
    "colour_order": one_of("bgr", "rgb"),
    "synthesis_width": number(1 / 64, 2),
    "transform_width": optional(number(1 / 64, 2)),
    "order_width": optional(number(1 / 64, 2)),
    "completion_width": optional(number(1 / 64, 2)),
    "memory": one_of("bank", "none"),
    "bank": optional(pattern(BANK_NAME, "the name of a bank in the catalogue")),
    "minimum_area": integer(100, 256 * 512, 1000),  # smaller ones are tens of thousands in a noisy layout
    "elision_reach": number(0.002, 0.1, 0.05),
}
_OFFICIAL: Config = {
    **{"label_space": "street", "colour_order": "bgr", "memory": "bank"},
    **{"synthesis_width": 1.0, "transform_width": 1.0, "order_width": 1.0},
}
PRESETS: Mapping[str, Config] = {str(side): _OFFICIAL | {"size": [side, 2 * side]} for side in HEIGHTS}


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    if list(config["size"]) not in ([side, 2 * side] for side in HEIGHTS):
        accepted = " or ".join(str([side, 2 * side]) for side in HEIGHTS)
        raise ConvertError(f"config field 'size' is {config['size']}; accepted is {accepted}.")
    if config["memory"] == "none":
        for name in ("transform_width", "order_width", "bank"):
            if config[name] is not None:
                raise ConvertError(f"config field {name!r} is {config[name]!r}; with memory none it must be null.")


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    height = config["size"][0]
    networks = {SYNTHESIS: _synthesis(height, config["synthesis_width"])}
    if config["transform_width"] is not None:
        networks[TRANSFORM] = _transform(config["transform_width"])
    if config["order_width"] is not None:
        networks[ORDER] = _order(config["order_width"])
    if config["completion_width"] is not None:
        networks[COMPLETION] = cascade(height, config["completion_width"], CLASSES)
    return {prefix + name: shape for prefix, shapes in networks.items() for name, shape in shapes.items()}


def _synthesis(height: int, width: float) -> Shapes:
    given = CLASSES + CANVAS
    shapes: Shapes = {}
    before = given
    for level, (channels, count) in enumerate(ENCODER, start=1):
        after = scaled(channels, width)
        shapes |= _block(f"g_encoder_conv{level}", before, after, count)
        before = after
    before = 0
    for level in range(len(DECODER), 0, -1):
        after, skip = scaled(DECODER[level - 1], width), scaled(ENCODER[level - 1][0], width)
        shapes |= _block(f"g_decoder_conv{level}", given + skip + before, after, 2)
        before = after
    final, tail = scaled(FINAL, width), scaled(TAIL, width)
    shapes |= _block("g_decoder_final", given + before, final, 2)
    if height == 256:
        return shapes | head("g_256_conv100", final, 3) | head("g_semantic_256_conv100", final, CLASSES)
    shapes |= _block("g_decoder_512", given + final, tail, 2)
    shapes |= head("g_512_conv100", tail, 3) | head("g_semantic_512", tail, CLASSES)
    return shapes | (head("g_1024_conv100", given + 3, 3) if height == 1024 else {})


def _transform(width: float) -> Shapes:
    last = scaled(TRUNK[-1][0], width)
    shapes = _trunk(TRANSFORM_BLOCKS, CLASSES + CANVAS, width)
    return shapes | {"g_transform_param": (6, last), "g_b_fc1": (6,)}


def _order(width: float) -> Shapes:
    last, code = scaled(TRUNK[-1][0], width), scaled(ORDER_CODE, width)
    shapes = _trunk([f"g_selection_conv{i}" for i in range(1, 6)], 6, width)  # two pictures in colours
    return shapes | conv_norm("g_selection_conv6", last, code, 1) | head("g_selection_classify", code, CLASSES)


def _trunk(names: Sequence[str], before: int, width: float) -> Shapes:
    shapes: Shapes = {}
    for name, (channels, count) in zip(names, TRUNK, strict=True):
        shapes |= _block(name, before, scaled(channels, width), count)
        before = scaled(channels, width)
    return shapes


def _block(name: str, before: int, after: int, count: int) -> Shapes:
    shapes: Shapes = {}
    for i in range(1, count + 1):
        shapes |= conv_norm(f"{name}.{name}_{i}", before if i == 1 else after, after)
    return shapes


# One variable of each network whose presence tells it, and its channels in the authors' network.
_TELLING = {
    SYNTHESIS: ("g_encoder_conv6.g_encoder_conv6_1.weights", ENCODER[-1][0]),
    TRANSFORM: ("g_transform_conv5.g_transform_conv5_1.weights", TRUNK[-1][0]),
    ORDER: ("g_selection_conv6.weights", ORDER_CODE),
}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """One state dict of all networks, each under its prefix, in whatever order their checkpoints were given."""
    tensors: dict[str, torch.Tensor] = {}
    for state in states:
        prefix = next((prefix for prefix, (name, _) in _TELLING.items() if name in state), None)
        if prefix is None:
            raise ConvertError(
                f"a checkpoint with {next(iter(state), 'nothing')} is of no network that family sims converts; give"
                " the transformation, the ordering and the synthesis network."
            )
        renamed = {prefix + name: tensor for name, tensor in state.items()}
        if tensors.keys() & renamed.keys():
            raise ConvertError(f"two checkpoints of the {prefix[:-1]} network were given; family sims takes one each.")
        tensors |= renamed
    return tensors


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell; nothing if the synthesis network is not among the checkpoints."""
    shapes = {name: tuple(tensor.shape) for state in states for name, tensor in state.items()}
    height = next((side for side in reversed(HEIGHTS) if f"g_{side}_conv100.weights" in shapes), None)
    widths = {
        f"{prefix}width".replace(".", "_"): shapes[name][0] / channels if len(shapes.get(name, ())) == 4 else None
        for prefix, (name, channels) in _TELLING.items()
    }
    if height is None or widths["synthesis_width"] is None:
        return {}
    return {"size": [height, 2 * height], "label_space": "street", "colour_order": "bgr", "memory": "bank"} | widths
