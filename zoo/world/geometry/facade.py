"""One facade: rectangles, boxes and openings in wall coordinates (a along, b up, o outward; metres)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from zoo.world.geometry.mesh import Mesh

Corners = Sequence[tuple[float, float, float]]  # four (a, b, o)


class Facade:
    """Collects wall-local quads by slot and writes them to a mesh in one go."""

    def __init__(self, origin: ArrayLike, along: ArrayLike) -> None:
        self.origin = np.asarray(origin, float)
        self.along = np.asarray(along, float)
        self.out = np.array([self.along[1], -self.along[0], 0.0])
        self.parts: dict[str, list[Corners]] = defaultdict(list)

    def quad(self, corners: Corners, slot: str) -> None:
        """One four-sided face."""
        self.parts[slot].append(corners)

    def rect(self, a0: float, a1: float, b0: float, b1: float, slot: str, o: float = 0.0) -> None:
        """A rectangle parallel to the wall at offset o."""
        if a1 > a0 + 1e-4 and b1 > b0 + 1e-4:
            self.parts[slot].append(((a0, b0, o), (a1, b0, o), (a1, b1, o), (a0, b1, o)))

    def box(self, a0: float, a1: float, b0: float, b1: float, o0: float, o1: float, slot: str) -> None:
        """A box standing out from o0 to o1 (no back)."""
        self.rect(a0, a1, b0, b1, slot, o1)
        self.quad(((a0, b1, o1), (a1, b1, o1), (a1, b1, o0), (a0, b1, o0)), slot)
        self.quad(((a0, b0, o0), (a1, b0, o0), (a1, b0, o1), (a0, b0, o1)), slot)
        self.quad(((a0, b0, o0), (a0, b0, o1), (a0, b1, o1), (a0, b1, o0)), slot)
        self.quad(((a1, b0, o1), (a1, b0, o0), (a1, b1, o0), (a1, b1, o1)), slot)

    def reveal(self, a0: float, a1: float, b0: float, b1: float, depth: float, slot: str) -> None:
        """The four inner sides of an opening."""
        self.quad(((a0, b0, 0), (a0, b0, -depth), (a0, b1, -depth), (a0, b1, 0)), slot)
        self.quad(((a1, b0, -depth), (a1, b0, 0), (a1, b1, 0), (a1, b1, -depth)), slot)
        self.quad(((a0, b1, 0), (a0, b1, -depth), (a1, b1, -depth), (a1, b1, 0)), slot)
        self.quad(((a0, b0, -depth), (a0, b0, 0), (a1, b0, 0), (a1, b0, -depth)), slot)

    def around(self, a0: float, a1: float, b0: float, b1: float, hole: Sequence[float], slot: str) -> None:
        """Wall a0..a1, b0..b1 with a rectangular hole (h0, h1, v0, v1)."""
        h0, h1, v0, v1 = hole
        self.rect(a0, h0, b0, b1, slot)
        self.rect(h1, a1, b0, b1, slot)
        self.rect(h0, h1, b0, v0, slot)
        self.rect(h0, h1, v1, b1, slot)

    def window(
        self,
        a0: float,
        a1: float,
        b0: float,
        b1: float,
        depth: float,
        bars: str,
        blind: float,
        glass: str = "glass",
        reveal: str = "trim",
        frame: str = "frame",
    ) -> None:
        """Reveal, pane, frame; bars none|cross|two|grid; blind 0..1 is the covered part."""
        self.reveal(a0, a1, b0, b1, depth, reveal)
        self.rect(a0, a1, b0, b1, glass, -depth)
        t, o = 0.055, -depth + 0.03
        for rect in ((a0, a0 + t, b0, b1), (a1 - t, a1, b0, b1), (a0, a1, b0, b0 + t), (a0, a1, b1 - t, b1)):
            self.rect(*rect, frame, o)
        middle = (a0 + a1) / 2
        if bars in ("two", "cross"):
            self.rect(middle - 0.035, middle + 0.035, b0, b1, frame, o)
        if bars in ("cross", "grid"):
            bar = b0 + (b1 - b0) * 0.66
            self.rect(a0, a1, bar - 0.025, bar + 0.025, frame, o)
        if bars == "grid":
            for f in (1 / 3, 2 / 3):
                self.rect(a0 + (a1 - a0) * f - 0.02, a0 + (a1 - a0) * f + 0.02, b0, b1, frame, o)
        if blind > 0.05:
            self.rect(a0 + t, a1 - t, b1 - (b1 - b0) * blind, b1 - t, "blind", -depth + 0.012)

    def write(self, mesh: Mesh) -> None:
        """Add everything to a mesh."""
        for slot, quads in self.parts.items():
            local = np.array(quads, float)
            a, b, o = local[..., 0:1], local[..., 1:2], local[..., 2:3]
            mesh.quads(self.origin + a * self.along + b * np.array([0, 0, 1.0]) + o * self.out, slot)
