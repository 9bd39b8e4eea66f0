"""The class of every pixel of a landscape, from what the render shows."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zoo.world import labels as lb
from zoo.world.grade import luma

GROUND, WATER, GRASS, FLOWERS = 1, 2, 3, 4  # object indices of the surfaces and scattered plants
SHARED = {
    GROUND: lb.landscape("grass"),
    WATER: lb.landscape("water"),
    GRASS: lb.landscape("grass"),
    FLOWERS: lb.landscape("flowers"),
}
MOUNTAIN_FROM = 900.0  # metres: rock and high ground beyond this is "mountain"
HIGH = 25.0  # metres above the eye
FLOWER_BED = 0.12  # share of flowers that makes a bed of a piece of grass


def classify(
    objects: np.ndarray,
    classes: Mapping[int, int],
    weights: np.ndarray,
    way: np.ndarray,
    depth: np.ndarray,
    rise: np.ndarray,
    cloud: np.ndarray,
    wrap: bool,
) -> np.ndarray:
    """Labels (H, W) uint8.

    objects (H, W) are object indices and `classes` what they stand for beside the shared ones; where the ground shows,
    weights (H, W, 3) are its snow, rock and sand and way (H, W) its path, all 0..1; depth and rise (height above the
    eye) in metres; cloud (H, W) bool; `wrap` joins left and right.
    """
    labels = lb.from_indices(objects, np.zeros_like(objects), {**classes, **SHARED}, lb.landscape("sky"))
    ground = objects == GROUND
    labels[ground & (weights[..., 1] > 0.5)] = lb.landscape("rock")
    labels[ground & (weights[..., 2] > 0.5)] = lb.landscape("sand")
    labels[ground & (way > 0.5)] = lb.landscape("path")
    far = ground & (depth > MOUNTAIN_FROM) & (labels != lb.landscape("sand"))
    labels[far & ((labels == lb.landscape("rock")) | (rise > HIGH))] = lb.landscape("mountain")
    labels[ground & (weights[..., 0] > 0.5)] = lb.landscape("snow")
    labels[cloud] = lb.landscape("cloud")
    labels = lb.thicken(labels, lb.landscape("flowers"), lb.landscape("grass"), FLOWER_BED, wrap)
    return lb.majority(labels, len(lb.LANDSCAPE), rounds=4, wrap=wrap)


def visible_cloud(linear: np.ndarray, clear: np.ndarray, opacity: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Where a cloud can be told from the clear sky behind it (H, W) bool.

    linear and clear (H, W, 3) are the picture with and without clouds, after fog; opacity and sky (H, W).
    """
    level, clear_level = np.maximum(luma(linear), 1e-5), np.maximum(luma(clear), 1e-5)
    difference = np.abs(np.log2(level / clear_level))
    tint = np.abs(linear / level[..., None] - clear / clear_level[..., None]).max(-1)
    return sky & (opacity > 0.30) & ((difference > 0.18) | (tint > 0.12))
