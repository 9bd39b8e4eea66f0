"""Says what is wrong with a frame, so that the camera can be drawn again."""

from __future__ import annotations

import numpy as np

from zoo.world.grade import luma


def problem(
    picture: np.ndarray, depth: np.ndarray, labels: np.ndarray, blockers: tuple[int, ...], least: int
) -> str | None:
    """Why a frame is no good, or None.

    picture (H, W, 3) uint8, depth (H, W) metres, labels (H, W); classes in `blockers` may not fill the near view, and
    at least `least` classes must show.
    """
    level = luma(picture.astype(np.float32) / 255)
    if level.mean() < 0.13:
        return f"dark: mean {level.mean():.2f}"
    if level.mean() > 0.86:
        return f"bright: mean {level.mean():.2f}"
    if np.percentile(level, 95) - np.percentile(level, 5) < 0.22:
        return "dull: little contrast"
    shares = np.bincount(labels.ravel()) / labels.size
    if (shares > 0.004).sum() < least:
        return "dull: few classes"
    if shares.max() > 0.80:
        return f"dull: one class fills {shares.max():.0%}"
    touching = (depth < 1.0).mean()
    if touching > 0.12:
        return f"blocked: {touching:.0%} of the view is nearer than 1 m"
    blocking = np.isin(labels, blockers)
    near = blocking & (depth < 4.5)
    if near.mean() > 0.13:
        return f"blocked: {near.mean():.0%} of the view is nearer than 4.5 m"
    h, w = labels.shape
    middle = (blocking & (depth < 9))[h // 4 : 3 * h // 4, w // 3 : 2 * w // 3]
    if middle.mean() > 0.34:
        return f"blocked: {middle.mean():.0%} of the middle"
    return None
