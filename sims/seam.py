"""How well a picture closes: the step from its right edge back to its left one, against the steps inside of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

ROWS = 256  # compared at a time, so that a large picture takes little memory


@dataclass(frozen=True)
class Seam:
    """Mean absolute differences between neighbouring columns, of 255: `across` the edges, and `inside` on average.

    `largest` is that of the two columns inside that differ most.
    """

    across: float
    inside: float
    largest: float

    @property
    def ratio(self) -> float:
        """How many usual steps the one across the edges is as large as; 1 where nothing can be told apart."""
        if self.inside == 0:
            return 1.0 if self.across == 0 else float("inf")
        return self.across / self.inside

    @property
    def closes(self) -> bool:
        """Whether the step across the edges is no larger than one that occurs inside."""
        return self.across <= max(self.largest, self.inside)


def seam(picture: np.ndarray) -> Seam:
    """The steps in an RGB uint8 picture (H, W, 3) at least 2 pixels wide."""
    height, width = picture.shape[:2]
    steps = np.zeros(width)  # the last is the one across the edges
    for row in range(0, height, ROWS):
        rows = picture[row : row + ROWS].astype(np.int16)
        steps[:-1] += np.abs(np.diff(rows, axis=1)).sum((0, 2))
        steps[-1] += np.abs(rows[:, 0] - rows[:, -1]).sum()
    steps /= 3 * height
    return Seam(float(steps[-1]), float(steps[:-1].mean()), float(steps[:-1].max()))
