"""Masks that blend two styles: the share of the second one changes linearly from the outer part to the central part.

Anokhin et al. (2021), supplement 3.1 and figure 3.
"""

from __future__ import annotations

import numpy as np

ROWS, COLUMNS = 8, 1024  # of a mask that changes along x alone


def soft_step(centre: float, width: float, softness: float, wraps: bool) -> np.ndarray:
    """A mask (ROWS, COLUMNS) uint8 that gives the second style a band of the picture, or of the circle.

    `centre` and `width` of the band are shares of the picture, 0 to 1; over `softness`, a share too, its edges rise
    from the first style to the second, half of it inside of the band. Where the picture `wraps`, so does the band.
    """
    places = (np.arange(COLUMNS) + 0.5) / COLUMNS
    distance = np.abs(places - centre)
    if wraps:
        distance = np.minimum(distance, 1 - distance)
    inside = width / 2 - distance
    share = np.clip(inside / softness + 0.5, 0, 1) if softness > 0 else (inside >= 0).astype(float)
    return np.broadcast_to(np.round(share * 255).astype(np.uint8), (ROWS, COLUMNS)).copy()
