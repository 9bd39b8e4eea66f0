"""The materials that buildings and plants of one street share. Colours are linear RGB."""

from __future__ import annotations

import numpy as np

from zoo.world.foliage import bark, birch_bark, leaf
from zoo.world.nodes import Materials, plain
from zoo.world.street.materials import brick, plaster, shop_glass, tiles, window_glass
from zoo.world.street.plan import StreetPlan

LEAVES = {
    "summer": [((0.045, 0.10, 0.018), (0.11, 0.18, 0.04)), ((0.075, 0.125, 0.025), (0.16, 0.21, 0.05))],
    "spring": [((0.08, 0.17, 0.02), (0.19, 0.28, 0.05)), ((0.42, 0.26, 0.28), (0.60, 0.44, 0.46))],
    "autumn": [((0.36, 0.20, 0.03), (0.52, 0.34, 0.06)), ((0.34, 0.09, 0.025), (0.48, 0.17, 0.035))],
    "winter": [((0.06, 0.08, 0.03), (0.12, 0.13, 0.06))] * 2,
}
PLASTERS = [
    (0.70, 0.66, 0.56),
    (0.60, 0.51, 0.38),
    (0.56, 0.58, 0.58),
    (0.67, 0.56, 0.48),
    (0.43, 0.47, 0.49),
    (0.74, 0.72, 0.68),
    (0.52, 0.37, 0.30),
    (0.53, 0.53, 0.42),
    (0.64, 0.60, 0.47),
    (0.30, 0.31, 0.32),
]
BRICKS = [
    ((0.25, 0.105, 0.072), (0.18, 0.078, 0.055), (0.33, 0.30, 0.27)),
    ((0.34, 0.225, 0.155), (0.28, 0.17, 0.115), (0.38, 0.35, 0.3)),
    ((0.46, 0.42, 0.34), (0.40, 0.36, 0.29), (0.46, 0.43, 0.38)),
]


class Palette:
    """Material pools; `facade_materials` draws a set for one building."""

    def __init__(self, plan: StreetPlan, metal: Materials, rng: np.random.Generator) -> None:
        self.plan, self.metal = plan, metal
        night = 1.0 if plan.light.name == "dusk" else 0.0
        self.brick = [brick(f"brick{i}", *c) for i, c in enumerate(BRICKS)]
        self.plaster = [plaster(f"plaster{i}", c) for i, c in enumerate(PLASTERS)]
        self.trim = [
            plain(f"trim{i}", c, 0.75, vary=0.35, scale=3)
            for i, c in enumerate([(0.70, 0.68, 0.63), (0.28, 0.27, 0.25), (0.52, 0.46, 0.37), (0.78, 0.77, 0.74)])
        ]
        self.base = [
            plain(f"base{i}", c, 0.8, vary=0.4, scale=5)
            for i, c in enumerate([(0.20, 0.19, 0.18), (0.34, 0.31, 0.27), (0.13, 0.14, 0.15), (0.26, 0.12, 0.08)])
        ]
        self.colour = [
            plain(f"colour{i}", c, 0.5)
            for i, c in enumerate(
                [
                    (0.02, 0.02, 0.022),
                    (0.03, 0.12, 0.08),
                    (0.03, 0.06, 0.18),
                    (0.28, 0.025, 0.03),
                    (0.42, 0.30, 0.10),
                    (0.55, 0.54, 0.50),
                    (0.10, 0.10, 0.11),
                    (0.16, 0.07, 0.03),
                    (0.45, 0.14, 0.03),
                ]
            )
        ]
        self.roof = [
            tiles("tiles0", (0.24, 0.085, 0.05)),
            tiles("tiles1", (0.085, 0.085, 0.095)),
            tiles("tiles2", (0.20, 0.13, 0.09)),
        ]
        self.shared = {
            "glass": window_glass("glass", (0.028, 0.036, 0.042), 0.6 * night, (0.45, 0.45, 0.31), 0.22),
            "shopglass": shop_glass(night),
            "blind": plain("blind", (0.60, 0.57, 0.50), 0.9),
            "iron": self.metal["iron"],
            "flat": plain("flatroof", (0.17, 0.165, 0.16), 0.9),
            "pipe": plain("pipe", (0.30, 0.30, 0.29), 0.5, 0.3),
            "chimney": self.brick[0],
        }
        self.pane = window_glass("glass2", (0.02, 0.045, 0.055), 0.8 * night, (0.6, 0.6, 0.3), 0.05)
        self.bark, self.birch = bark(), birch_bark()
        self.leaves = [leaf(f"leaf{i}", *c) for i, c in enumerate(LEAVES[plan.season])]
        if plan.season == "spring" and rng.random() < 0.7:
            self.leaves[1] = self.leaves[0]
        self.needles = leaf("needles", (0.028, 0.06, 0.025), (0.055, 0.10, 0.035), 0.2)
        self.evergreen = leaf("evergreen", (0.05, 0.10, 0.02), (0.11, 0.16, 0.04))

    def facade_materials(self, style: str, rng: np.random.Generator) -> Materials:
        """Materials of one building."""
        r = rng
        pick = self.brick if style == "brick" or r.random() < 0.12 else self.plaster
        trim = self.trim[r.integers(4)]
        frame = self.trim[3] if r.random() < 0.6 else self.colour[r.integers(len(self.colour))]
        made = self.shared | {
            "wall": pick[r.integers(len(pick))],
            "trim": trim,
            "frame": frame,
            "base": self.base[r.integers(4)],
            "panel": self.plaster[r.integers(len(PLASTERS))],
            "door": self.colour[r.integers(len(self.colour))],
            "roof": self.roof[r.integers(3)],
            "letters": self.trim[3] if r.random() < 0.7 else self.colour[4],
            "awning": self.colour[r.choice([1, 2, 3, 4, 5, 8])],
        }
        for i in range(3):
            made[f"shop{i}"] = self.colour[r.integers(len(self.colour))]
        if style == "curtain":
            made |= {"glass": self.pane, "panel": self.base[2], "frame": self.colour[6], "trim": self.base[2]}
        return made
