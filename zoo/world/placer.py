"""Puts objects into the scene with a fresh object index each, and remembers their class."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import bpy
import numpy as np

from zoo.world.bend import Bend
from zoo.world.blender import place

FIRST_INSTANCE = 100  # object indices below are shared ground surfaces, not instances


class Placer:
    """Fills the scene; `classes` says which class each object index is."""

    def __init__(self, class_of: Callable[[str], int], bend: Bend | None = None) -> None:
        self.class_of = class_of
        self.bend = bend or Bend()
        self.classes: dict[int, int] = {}
        self.next_index = FIRST_INSTANCE
        self.next_ground = 1

    def put(
        self,
        mesh: bpy.types.Mesh,
        label: str,
        at: Sequence[float],
        turn: float | Sequence[float] = 0.0,
        scale: float | Sequence[float] = 1.0,
    ) -> None:
        """One instance of class `label` at (x, y, z) metres; `turn` in radians about z or about x, y and z."""
        turned = np.array(turn, float) if isinstance(turn, Sequence) else np.array([0.0, 0.0, turn])
        turned[2] += self.bend.heading(at[0])
        place(mesh, self.bend.points(np.array(at, float)), turned, scale, self.next_index, label)
        self.classes[self.next_index] = self.class_of(label)
        self.next_index += 1

    def ground(self, mesh: bpy.types.Mesh, label: str) -> None:
        """A surface that is not an instance."""
        place(mesh, index=self.next_ground, name=label)
        self.classes[self.next_ground] = self.class_of(label)
        self.next_ground += 1
