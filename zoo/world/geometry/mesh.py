"""A growing polygon mesh with named material slots. Lengths in metres, z up, x forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


class Mesh:
    """Collects parts; `arrays` joins them."""

    def __init__(self) -> None:
        self._points: list[np.ndarray] = []
        self._faces: list[tuple[np.ndarray, np.ndarray, bool]] = []
        self._names: list[str] = []
        self._count = 0

    def slot(self, name: str) -> int:
        """Index of a material slot, made on first use."""
        if name not in self._names:
            self._names.append(name)
        return self._names.index(name)

    def add(self, points: ArrayLike, faces: ArrayLike, slot: str | Sequence[str], smooth: bool = False) -> None:
        """Points (N, 3), faces (F, k) of local indices, slot one name for all faces or a list of one per face."""
        points = np.asarray(points, float).reshape(-1, 3)
        faces = np.atleast_2d(np.asarray(faces, int))
        if isinstance(slot, str):
            ids = np.full(len(faces), self.slot(slot))
        else:
            ids = np.array([self.slot(name) for name in slot])
        self._points.append(points)
        self._faces.append((faces + self._count, ids, smooth))
        self._count += len(points)

    def quad(self, corners: ArrayLike, slot: str) -> None:
        """One four-sided face, corners (4, 3)."""
        self.add(corners, [0, 1, 2, 3], slot)

    def quads(self, corners: ArrayLike, slot: str) -> None:
        """Many separate quads, corners (N, 4, 3)."""
        corners = np.asarray(corners, float).reshape(-1, 4, 3)
        if len(corners):
            self.add(corners, np.arange(len(corners) * 4).reshape(-1, 4), slot)

    def box(self, centre: ArrayLike, size: ArrayLike, slot: str) -> None:
        """A box with full edge lengths `size`."""
        half = np.asarray(size, float) / 2
        corners = np.array([[x, y, z] for z in (-1, 1) for y in (-1, 1) for x in (-1, 1)]) * half
        faces = [[0, 2, 3, 1], [4, 5, 7, 6], [0, 1, 5, 4], [2, 6, 7, 3], [0, 4, 6, 2], [1, 3, 7, 5]]
        self.add(corners + np.asarray(centre, float), faces, slot)

    def soft_box(
        self, centre: ArrayLike, size: ArrayLike, slot: str, power: float = 4.0, rings: int = 8, sides: int = 16
    ) -> None:
        """A superellipsoid: box with rounded edges (power 2 is an ellipsoid, larger is boxier)."""
        polar = np.linspace(0, np.pi, rings + 1)[:, None]
        around = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None]

        def bend(t: np.ndarray) -> np.ndarray:
            return np.sign(t) * np.abs(t) ** (2 / power)

        grid = np.stack(
            [
                bend(np.sin(polar)) * bend(np.cos(around)),
                bend(np.sin(polar)) * bend(np.sin(around)),
                bend(np.cos(polar)) * np.ones_like(around),
            ],
            -1,
        )
        self.grid(grid * np.asarray(size, float) / 2 + np.asarray(centre, float), slot, wrap=True, flip=True)

    def ellipsoid(self, centre: ArrayLike, radii: ArrayLike, slot: str, rings: int, sides: int) -> None:
        """An ellipsoid with one radius or three."""
        self.soft_box(centre, np.broadcast_to(np.asarray(radii, float), 3) * 2, slot, 2.0, rings, sides)

    def grid(
        self,
        points: np.ndarray,
        slot: str | Callable[[int, int], str],
        wrap: bool = False,
        flip: bool = False,
        smooth: bool = True,
    ) -> None:
        """A surface through a grid of points (R, C, 3).

        `slot` is one name or a function (row, column) -> name, `wrap` joins the last column to the first, `flip` turns
        the faces around.
        """
        rows, cols = points.shape[:2]
        index = np.arange(rows * cols).reshape(rows, cols)
        if wrap:
            index = np.concatenate([index, index[:, :1]], 1)
        faces = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1).reshape(-1, 4)
        if flip:
            faces = faces[:, ::-1]
        wide = index.shape[1] - 1
        names = slot if isinstance(slot, str) else [slot(i // wide, i % wide) for i in range(len(faces))]
        self.add(points, faces, names, smooth)

    def tube(
        self,
        path: Sequence[ArrayLike] | np.ndarray,
        radii: ArrayLike,
        slot: str,
        sides: int = 8,
        cap: bool = True,
        flat: float = 1.0,
    ) -> None:
        """A smooth tube along a path (N, 3) with a radius per point or one for all; `flat` squeezes it."""
        middle = np.asarray(path, float)
        reach = np.broadcast_to(np.asarray(radii, float), len(middle))
        along = unit(np.gradient(middle, axis=0))
        guide = np.array([1.0, 0, 0]) if np.abs(along[:, 2]).mean() > 0.7 else np.array([0, 0, 1.0])
        side = unit(np.cross(along, guide))
        front = np.cross(side, along)
        turn = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        ring = side[:, None] * np.cos(turn)[None, :, None] + flat * front[:, None] * np.sin(turn)[None, :, None]
        points = middle[:, None] + ring * reach[:, None, None]
        self.grid(points, slot, wrap=True, flip=True)
        if cap:
            self.add(points[-1], [list(range(sides))], slot)
            self.add(points[0], [list(range(sides))[::-1]], slot)

    def cylinder(
        self, start: ArrayLike, end: ArrayLike, r0: float, r1: float, slot: str, sides: int = 8, cap: bool = True
    ) -> None:
        """A straight tube."""
        self.tube([start, end], [r0, r1], slot, sides, cap)

    def merge(self, other: Mesh, shift: ArrayLike) -> None:
        """Add another mesh, moved."""
        remap = np.array([self.slot(name) for name in other._names] or [0])
        offset = self._count
        self._points += [points + np.asarray(shift, float) for points in other._points]
        for faces, ids, smooth in other._faces:
            self._faces.append((faces + offset, remap[ids], smooth))
        self._count += other._count

    def move(self, change: Callable[[np.ndarray], np.ndarray]) -> None:
        """Replace all points (N, 3) by change(points)."""
        self._points = [change(points) for points in self._points]

    def arrays(self) -> MeshArrays:
        """Everything joined."""
        loops = np.concatenate([faces.ravel() for faces, _, _ in self._faces])
        sizes = np.concatenate([np.full(len(faces), faces.shape[1]) for faces, _, _ in self._faces])
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        slots = np.concatenate([ids for _, ids, _ in self._faces])
        smooth = np.concatenate([np.full(len(faces), s) for faces, _, s in self._faces])
        return MeshArrays(np.concatenate(self._points), loops, starts, slots, smooth, list(self._names))


@dataclass
class MeshArrays:
    """Flat arrays as Blender wants them."""

    points: np.ndarray  # (N, 3) float
    loops: np.ndarray  # (L,) vertex index of every face corner
    starts: np.ndarray  # (F,) first corner of every face
    slots: np.ndarray  # (F,) index into slot_names
    smooth: np.ndarray  # (F,) bool
    slot_names: list[str]


def unit(v: np.ndarray) -> np.ndarray:
    """Vectors of length one along the last axis."""
    return v / np.maximum(np.linalg.norm(v, axis=-1, keepdims=True), 1e-9)
