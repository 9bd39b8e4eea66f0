"""The segments of a frame: every instance, and every connected patch of one class where there are no instances."""

from __future__ import annotations

import numpy as np
from skimage.measure import label as connected

LEAST_PATCH = 64  # pixels; smaller patches that belong to no instance are no segments
SEGMENT = np.dtype(
    [("label", "u1"), ("instance", "i4"), ("x", "i4"), ("y", "i4"), ("pixels", "i4"), ("depth", "f8")],
)


def renumbered(instances: np.ndarray, least: int) -> np.ndarray:
    """Instances (H, W) numbered 1..n in the raster order of their first pixels; those below `least` pixels become 0."""
    old, first, place, pixels = np.unique(instances, return_index=True, return_inverse=True, return_counts=True)
    kept = np.flatnonzero((old > 0) & (pixels >= least))
    new = np.zeros(len(old), np.int32)
    new[kept[np.argsort(first[kept])]] = np.arange(1, len(kept) + 1)
    return new[place].reshape(instances.shape)


def find_segments(labels: np.ndarray, instances: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """The segments of a frame, (N,) of `SEGMENT`: instances by their number, then patches by their first pixel.

    `labels` (H, W) uint8, `instances` (H, W) numbered 1..n without gaps, 0 for none, `depth` (H, W) in metres,
    infinite for the sky. A patch is 4-connected and has at least `LEAST_PATCH` pixels and instance 0. `x`, `y` is the
    first pixel in raster order, `label` the commonest class and `depth` the median, infinite where that is.
    """
    patches = connected(np.where(instances == 0, labels.astype(np.int32) + 1, 0), background=0, connectivity=1)
    count = int(instances.max())
    groups = np.where(instances > 0, instances, patches + count).ravel()  # every pixel is in one of 1..N
    _, first, pixels = np.unique(groups, return_index=True, return_counts=True)
    found = np.zeros(len(first), SEGMENT)
    found["label"] = (
        np.bincount((groups - 1) * 256 + labels.ravel(), minlength=256 * len(first)).reshape(-1, 256).argmax(1)
    )
    found["instance"][:count] = np.arange(1, count + 1)
    found["y"], found["x"] = np.divmod(first, labels.shape[1])
    found["pixels"] = pixels
    ordered = depth.ravel()[np.lexsort((depth.ravel(), groups))].astype(np.float64)
    starts = np.cumsum(pixels) - pixels
    found["depth"] = (ordered[starts + (pixels - 1) // 2] + ordered[starts + pixels // 2]) / 2
    return found[(found["instance"] > 0) | (pixels >= LEAST_PATCH)]


def depth_text(metres: float) -> str:
    """A depth as the tables hold it: centimetres below 100 m, metres above, nothing where it is infinite."""
    if np.isinf(metres):
        return ""
    return f"{metres:.2f}" if metres < 100 else f"{metres:.0f}"
