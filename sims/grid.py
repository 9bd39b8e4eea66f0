"""Grids: which points of a plane or of a cylinder a picture's pixels are.

Anokhin et al., "Image Generators with Conditionally-Independent Pixel Synthesis" (2021), section 3.1, and its
supplement for patches, foveated sampling and the cylinder. A generator whose pixels are independent takes any of them.
Nothing is laid out in memory: a grid tells the points of the pixels that it is asked for.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

# native: the whole plane, or around the cylinder. The others bend a plane into a panorama.
PROJECTIONS = ("native", "mirrored", "extended", "bent")
WHOLE = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class Grid:
    """`height` x `width` pixels of a window on a plane, or on a cylinder.

    A plane's points are x and y, in [-1, 1] at the centres of its outermost pixels; `y` goes down. On a cylinder x is
    the angle in radians, pixels divide the circle evenly, and `turn` (degrees) moves what is in the middle.

    Projections of a plane: "native"; "mirrored", x the sine of the angle, which closes the circle and shows everything
    twice; "extended", as wide as the picture is, beyond what was learned; "bent", a cylinder of `field_of_view` degrees
    in front of the plane. On a cylinder `field_of_view` is how much of it is seen. `window` is (left, top, width,
    height) in shares of the whole; its pixels are those of the whole at that scale.
    """

    height: int
    width: int
    geometry: str = "plane"
    projection: str = "native"
    turn: float = 0.0
    field_of_view: float = 360.0
    window: tuple[float, float, float, float] = WHOLE

    @property
    def around(self) -> bool:
        """Whether places across come round again."""
        return goes_around(self.geometry, self.projection)

    @property
    def wraps(self) -> bool:
        """Whether the right edge goes on at the left."""
        whole_width = self.window[0] == 0 and self.window[2] == 1
        return whole_width and self.around and self.field_of_view == 360

    def points(self, rows: Tensor, columns: Tensor) -> Tensor:
        """The points (N, 2), float32, of pixels given by rows (N,) and columns (N,)."""
        down, across = self._positions(rows, columns)
        whole_height, whole_width = self._whole()
        y = _ends(down, whole_height)
        if self.geometry == "cylinder":
            half = math.radians(self.field_of_view) / 2
            angle = half * (2 * (across + 0.5) / whole_width - 1) + math.radians(self.turn)
            x = (angle + math.pi) % (2 * math.pi) - math.pi  # before rounding, so that a turn moves pixels exactly
        elif self.projection == "mirrored":
            x = torch.sin(math.pi * (2 * (across + 0.5) / whole_width - 1) + math.radians(self.turn))
        elif self.projection == "extended":
            x = _ends(across, whole_width) * (whole_width / whole_height)
        elif self.projection == "bent":
            half = math.radians(self.field_of_view) / 2
            angle = half * (2 * (across + 0.5) / whole_width - 1)
            x, y = torch.tan(angle) / math.tan(half), y * math.cos(half) / torch.cos(angle)
        else:
            x = _ends(across, whole_width)
        return torch.stack((x, y), -1).float()

    def pixels(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and columns in the whole picture at this scale, which name a pixel whatever window or turn it is in."""
        down, across = self._positions(rows, columns)
        _, whole_width = self._whole()
        if not self.around:
            return _nearest(down), _nearest(across)
        circle = whole_width * 360 / self.field_of_view
        across = across + (circle - whole_width) / 2 + self.turn / 360 * circle
        return _nearest(down), _nearest(across) % max(1, round(circle))

    def shares(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Where pixels are in the whole plane, or around the whole cylinder: across and down, each in [0, 1]."""
        down, across = self._positions(rows, columns)
        whole_height, whole_width = self._whole()
        u, v = (across + 0.5) / whole_width, (down + 0.5) / whole_height
        if self.geometry == "cylinder":
            u = ((u - 0.5) * self.field_of_view / 360 + self.turn / 360 + 0.5) % 1
        elif self.projection == "mirrored":
            u = (u + self.turn / 360) % 1
        return u.float(), v.float()

    def patch(self, side: int, stride: int, left: int, top: int) -> Patch:
        """P_{K, sigma}: `side` x `side` of its pixels, every `stride`th from (left, top)."""
        return Patch(self, side, stride, left, top)

    def _positions(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        whole_height, whole_width = self._whole()
        left, top = self.window[:2]
        return rows.double() + top * whole_height, columns.double() + left * whole_width

    def _whole(self) -> tuple[float, float]:
        """Height and width of the whole picture at this scale."""
        return self.height / self.window[3], self.width / self.window[2]


@dataclass(frozen=True)
class Patch:
    """Some of a grid's pixels, every `stride`th of a square (supplement, patch-based training)."""

    grid: Grid
    side: int
    stride: int
    left: int
    top: int

    @property
    def height(self) -> int:
        """Rows of the patch."""
        return self.side

    @property
    def width(self) -> int:
        """Columns of the patch."""
        return self.side

    @property
    def around(self) -> bool:
        """Whether places across come round again."""
        return self.grid.around

    def points(self, rows: Tensor, columns: Tensor) -> Tensor:
        """The points (N, 2) of the patch's pixels."""
        return self.grid.points(*self._of_grid(rows, columns))

    def pixels(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Rows and columns in the whole picture."""
        return self.grid.pixels(*self._of_grid(rows, columns))

    def shares(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """Where the patch's pixels are in the whole."""
        return self.grid.shares(*self._of_grid(rows, columns))

    def _of_grid(self, rows: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        return self.top + rows * self.stride, self.left + columns * self.stride


def fits(grid: Grid, side: int, stride: int, left: int, top: int) -> bool:
    """Whether a patch lies inside the grid."""
    reach = (side - 1) * stride
    return left + reach < grid.width and top + reach < grid.height


def goes_around(geometry: str, projection: str) -> bool:
    """Whether places across come round again: on a cylinder, and on a plane that is mirrored."""
    return geometry == "cylinder" or projection == "mirrored"


def within_half_turn(degrees: float) -> float:
    """The same direction as an angle from -180 to 180."""
    return (degrees + 180) % 360 - 180


def foveated(height: int, width: int, centre: tuple[float, float], seed: int) -> np.ndarray:
    """Which pixels (H, W) bool are looked at: all near `centre` (x, y in shares), ever fewer towards the edges.

    Supplement, foveated synthesis: the chance falls off as a Gaussian of the distance, one pixel in 32 far away.
    """
    rows, columns = np.mgrid[:height, :width]
    scale = 0.22 * max(height, width)
    distance = np.hypot(rows - centre[1] * (height - 1), columns - centre[0] * (width - 1)) / scale
    chance = np.maximum(np.exp(-0.5 * np.maximum(distance - 0.5, 0) ** 2 * 4), 1 / 32)
    rng = np.random.Generator(np.random.Philox(key=seed))
    return rng.random((height, width)) < chance


def _nearest(positions: Tensor) -> Tensor:
    """Whole numbers, halves upwards whatever they are rounded from, so that neighbours stay neighbours."""
    return (positions + (0.5 + 1e-6)).floor().long()


def _ends(positions: Tensor, count: float) -> Tensor:
    """Positions 0 .. count - 1 as -1 .. 1, rounded as `torch.linspace` does: from the nearer end, in float32."""
    if count <= 1:
        return positions.float() * 0
    step = torch.tensor(2 / (count - 1))
    return torch.where(positions < count / 2, step * positions.float() - 1, 1 - step * (count - 1 - positions).float())
