"""VGG-19: Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition", ICLR 2015.

Of a classifier (timm's or torchvision's file of configuration E) the sixteen convolutions are kept, as the trunk, and
its fully connected layers are left out by name. The project's own segmenters have a feature pyramid and heads besides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from zoo.convert.config import Config, Field, Shapes, number, one_of
from zoo.convert.match import only_file

if TYPE_CHECKING:
    import torch

CONVOLUTIONS_PER_BLOCK = (2, 2, 4, 4, 4)
BLOCK_WIDTHS = (64, 128, 256, 512, 512)
FEATURE_WIDTH = 64  # of the segmenter's feature pyramid, which reads all blocks but the first
TRUNK = "trunk."
CLASSIFIER = r"(pre_logits\.fc[12]|head\.fc|classifier\.[036])\.(weight|bias)"  # of timm, and of torchvision
MAX_HEADS, MAX_CLASSES = 16, 1024


def _are_classes(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and len(value) <= MAX_HEADS
        and all(isinstance(space, str) and re.fullmatch(r"[a-z0-9_]{1,40}", space) for space in value)
        and all(isinstance(n, int) and not isinstance(n, bool) and 1 <= n <= MAX_CLASSES for n in value.values())
    )


FIELDS: Mapping[str, Field] = {
    "width": number(1 / 16, 2),
    "classes": Field(
        f"an object of at most {MAX_HEADS} label spaces, each with the number of its classes, 1 to {MAX_CLASSES}",
        _are_classes,
        {},
    ),
    "normalisation": one_of("signed", "imagenet", default="signed"),  # [-1, 1], or by ImageNet's mean and deviation
}
PRESETS: Mapping[str, Config] = {"imagenet": {"width": 1.0, "normalisation": "imagenet"}}


def check(config: Config) -> None:
    """Nothing: no two fields have to agree."""


def expected(config: Config) -> Shapes:
    """Name and shape of every tensor of a checked configuration."""
    widths = [round(channels * config["width"]) for channels in BLOCK_WIDTHS]
    shapes: Shapes = {}
    before, index = 3, 0
    for count, after in zip(CONVOLUTIONS_PER_BLOCK, widths, strict=True):
        for _ in range(count):
            shapes |= _convolution(f"{TRUNK}features.{index}", before, after, 3)
            before = after
            index += 2  # a ReLU follows
        index += 1  # and a pool each block
    if config["classes"]:
        for level, channels in enumerate(widths[1:]):
            shapes |= _convolution(f"lateral.{level}", channels, FEATURE_WIDTH, 1)
        shapes |= _convolution("smooth", FEATURE_WIDTH, FEATURE_WIDTH, 3)
        for space, count in config["classes"].items():
            shapes |= _convolution(f"heads.{space}", FEATURE_WIDTH, count, 1)
    return shapes


def _convolution(name: str, before: int, after: int, kernel: int) -> Shapes:
    return {f"{name}.weight": (after, before, kernel, kernel), f"{name}.bias": (after,)}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> dict[str, torch.Tensor]:
    """The convolutions under the trunk's name, without the classifier's layers; what else there is stays as it is."""
    kept = {}
    for name, tensor in only_file(states, "vgg").items():
        if not re.fullmatch(CLASSIFIER, name):
            kept[TRUNK + name if name.startswith("features.") else name] = tensor
    return kept


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """The fields that names and shapes tell; nothing for a file that is no VGG."""
    first = next((state["features.0.weight"] for state in states if "features.0.weight" in state), None)
    if first is None or first.ndim != 4:
        return {}
    return {"width": first.shape[0] / BLOCK_WIDTHS[0], "normalisation": "imagenet"}
