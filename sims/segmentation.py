"""Layouts of pictures that have none, read by the project's own segmenter."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from sims.generator import check_image, placed, silent, to_tensor
from sims.label_space import LayoutError, label_space
from sims.layout import Layout
from sims.vgg import Segmenter
from zoo.files import read_config, read_weights
from zoo.hub import obtain

NAME = "segmenter-world"
SPACES = ("street", "landscape")  # that it knows
LOOKED_AT = 256 * 512  # pixels of the frames it learned from
STRIDE = 16  # of its coarsest features
SIDES = (64, 1024)  # of what it is shown, in pixels


def segment(image: np.ndarray, space: str, device: torch.device | None = None) -> Layout:
    """The layout of an RGB uint8 picture (H, W, 3) in the label space `space`, "street" or "landscape".

    The layout has the picture's proportions, and about as many pixels as the frames that the segmenter learned from.
    Raises `LayoutError` for another label space and `RequestError` for what is no picture.
    """
    check_image(image, "The picture")
    if space not in SPACES:
        raise LayoutError(f"Layouts are found in the spaces {', '.join(SPACES)}, and {space!r} was asked for.")
    network = _segmenter(str(device or torch.device("cpu")))
    target = label_space(space)
    classes = np.array([each.id for each in target.classes if each.id != target.unknown], np.uint8)
    with torch.inference_mode():
        shown = to_tensor(image, next(network.parameters()).device)
        shown = F.interpolate(shown, working_size(*image.shape[:2]), mode="bilinear", antialias=True)
        scores = network(shown, space)[0, target.channels_of(classes)]
        return Layout(classes[scores.argmax(0).cpu().numpy()], target)


def working_size(height: int, width: int) -> tuple[int, int]:
    """(height, width) at which a picture is looked at: its proportions, as far as the sides' bounds allow."""
    scale = math.sqrt(LOOKED_AT / (height * width))
    low, high = SIDES
    rows, columns = (min(max(round(side * scale / STRIDE) * STRIDE, low), high) for side in (height, width))
    return rows, columns


@cache
def _segmenter(device: str) -> Segmenter:
    return placed(load_segmenter(obtain(NAME, progress=silent).folder), torch.device(device))


def load_segmenter(folder: Path) -> Segmenter:
    """The segmenter of a checkpoint folder, in evaluation mode."""
    config = read_config(folder)
    network = Segmenter(config["width"], config["classes"])
    network.load_state_dict({key: value.float() for key, value in read_weights(folder).items()})
    return network.eval()
