"""The classes of both worlds, and the clean-up of label maps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

STREET = (  # by Cityscapes train id
    "road",
    "sidewalk",
    "building",
    "wall",
    "fence",
    "pole",
    "traffic light",
    "traffic sign",
    "vegetation",
    "terrain",
    "sky",
    "person",
    "rider",
    "car",
    "truck",
    "bus",
    "train",
    "motorcycle",
    "bicycle",
    "void",
)
LANDSCAPE = (
    "sky",
    "cloud",
    "mountain",
    "snow",
    "grass",
    "water",
    "sand",
    "rock",
    "tree",
    "bush",
    "path",
    "flowers",
)

THIN = tuple(  # street classes whose narrow parts are no noise
    STREET.index(name)
    for name in ("pole", "traffic light", "traffic sign", "fence", "person", "rider", "bicycle", "motorcycle")
)


def street(name: str) -> int:
    """Id of a street class."""
    return STREET.index(name)


def landscape(name: str) -> int:
    """Id of a landscape class."""
    return LANDSCAPE.index(name)


def from_indices(objects: np.ndarray, materials: np.ndarray, classes: Mapping[int, int], other: int) -> np.ndarray:
    """Class of every pixel (H, W) uint8 from the render's index passes.

    It is what the material forces (its index minus one), or else the class of the object, or else `other`.
    """
    table = np.full(max(int(objects.max()), max(classes, default=0)) + 1, other, np.uint8)
    for index, label in classes.items():
        table[index] = label
    forced = (materials > 0) & (objects > 0)
    return np.where(forced, materials - 1, table[np.maximum(objects, 0)]).astype(np.uint8)


def majority(
    labels: np.ndarray, classes: int, keep: tuple[int, ...] = (), rounds: int = 5, wrap: bool = False
) -> np.ndarray:
    """Replace pixels that fewer than three of eight neighbours agree with by the commonest neighbour.

    Classes in `keep` (thin things) lose only pixels without any equal neighbour, and in the end hardly any such pixel
    is left of any class. `wrap` joins the left and right edges, as in a panorama.
    """
    labels = labels.copy()
    for _ in range(rounds):
        agree, commonest = _poll(labels, classes, wrap)
        weak = agree < np.where(np.isin(labels, keep), 1, 3)
        if not weak.any():
            break
        labels = np.where(weak, commonest, labels).astype(np.uint8)
    agree, commonest = _poll(labels, classes, wrap)
    return np.where(agree > 0, labels, commonest).astype(np.uint8)


def thicken(labels: np.ndarray, what: int, over: int, share: float, wrap: bool = False) -> np.ndarray:
    """Turn scattered pixels of class `what` into patches (flowers in grass).

    Pixels of class `over` join where at least `share` of their 5x5 window is `what`.
    """
    h, w = labels.shape
    hits = np.pad((labels == what).astype(np.float32), ((2, 2), (0, 0)))
    hits = np.pad(hits, ((0, 0), (2, 2)), mode="wrap" if wrap else "constant")
    count = sum(hits[y : y + h, x : x + w] for y in range(5) for x in range(5)) / 25
    return np.where((labels == over) & (count >= share), what, labels).astype(np.uint8)


def neighbours(labels: np.ndarray, wrap: bool) -> np.ndarray:
    """The eight neighbours of every pixel (8, H, W)."""
    padded = np.pad(labels, ((1, 1), (0, 0)), mode="edge")
    padded = np.pad(padded, ((0, 0), (1, 1)), mode="wrap" if wrap else "edge")
    h, w = labels.shape
    return np.stack([padded[y : y + h, x : x + w] for y in range(3) for x in range(3) if (x, y) != (1, 1)])


def _poll(labels: np.ndarray, classes: int, wrap: bool) -> tuple[np.ndarray, np.ndarray]:
    """How many neighbours are equal, and the commonest class among them, both (H, W)."""
    around = neighbours(labels, wrap)
    votes = np.stack([(around == c).sum(0) for c in range(classes)])
    return (around == labels).sum(0), votes.argmax(0)
