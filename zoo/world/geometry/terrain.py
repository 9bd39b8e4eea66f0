"""Height fields of five kinds of country (metres)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.world.geometry.noise import eroded, fbm, gradient, ridged, step


class Terrain:
    """Height at world positions; water is everything below zero."""

    def __init__(self, rng: np.random.Generator, kind: str) -> None:
        self.form = FORMS[kind]
        self.seed = int(rng.integers(1, 2**20))
        self.shift = rng.uniform(-500, 500, 2)
        self.bearing = rng.uniform(0, 2 * np.pi)

    def __call__(self, px: np.ndarray, py: np.ndarray, octaves: int = 9) -> np.ndarray:
        """Heights in metres at positions of any shape; fewer octaves are cheaper and smoother."""
        s, (ox, oy) = self.seed, self.shift
        x, y = px / 1000.0, py / 1000.0
        wx = x + 0.15 * fbm(x * 1.3 + 7.1, y * 1.3, 3, s + 5)
        wy = y + 0.15 * fbm(x * 1.3, y * 1.3 + 3.3, 3, s + 6)
        carved = eroded(wx * 0.55 + ox, wy * 0.55 + oy, octaves, s + 4)
        relief = Relief(
            x=x,
            y=y,
            wx=wx,
            wy=wy,
            far=np.hypot(x, y),
            base=fbm(wx * 0.9 + ox, wy * 0.9 + oy, 4, s + 1),
            small=fbm(x * 6 + ox, y * 6 + oy, min(6, octaves), s + 2),
            micro=fbm(x * 60, y * 60, 4 if octaves > 6 else 2, s + 3),
            carved=carved,
            crest=ridged(wx * 0.35 + ox, wy * 0.35 + oy, min(8, octaves), s + 8),
            gully=ridged(wx * 2.1 + 0.3 * carved, wy * 2.1 - 0.3 * carved, max(3, octaves - 4), s + 12),
        )
        return self.form(self, relief)


@dataclass
class Relief:
    """What heights are mixed from, arrays of one shape."""

    x: np.ndarray  # kilometres
    y: np.ndarray
    wx: np.ndarray  # the same, warped
    wy: np.ndarray
    far: np.ndarray  # kilometres from the middle of the world
    base: np.ndarray  # noise of about -1..1, from wide to narrow
    small: np.ndarray
    micro: np.ndarray
    carved: np.ndarray  # mountains: erosion, crests and gullies
    crest: np.ndarray
    gully: np.ndarray


def alpine(land: Terrain, at: Relief) -> np.ndarray:
    peaks = (
        820 * at.crest * step(0.15, 0.9, at.crest) + 650 * (at.carved - 0.55) + 40 + 90 * (at.gully - 0.5) * at.crest
    )
    return 35 * at.base + 10 * at.small + 0.8 * at.micro + 8 + step(0.5, 2.9, at.far) * peaks


def lake(land: Terrain, at: Relief) -> np.ndarray:
    peaks = 740 * at.crest * step(0.2, 0.9, at.crest) + 560 * (at.carved - 0.48) + 60 + 80 * (at.gully - 0.5) * at.crest
    basin = 34 * at.base + 8 * at.small + 0.6 * at.micro - 4 - 8 * step(0.9, 0.1, at.far)
    return basin + step(0.7, 2.7, at.far) * peaks


def coast(land: Terrain, at: Relief) -> np.ndarray:
    inland = np.cos(land.bearing) * at.x + np.sin(land.bearing) * at.y
    shore = 5 * at.base + 3 * at.small + 0.4 * at.micro
    return (
        shore
        + step(-0.2, 1.6, inland) * (200 * at.crest + 160 * (at.carved - 0.35))
        + 14 * np.clip(inland, -1.2, 1)
        + 1
    )


def hills(land: Terrain, at: Relief) -> np.ndarray:
    return 55 * at.base + 6 * at.small + 0.35 * at.micro + 10 + step(1.5, 5, at.far) * (300 * at.crest)


def desert(land: Terrain, at: Relief) -> np.ndarray:
    along = 0.8 * at.wx + 0.6 * at.wy
    across = -0.6 * at.wx + 0.8 * at.wy
    dune = np.maximum(1 - np.abs(gradient(along * 5.5 + land.shift[0], across * 1.6, land.seed + 9)), 0)
    swell = step(-0.1, 0.35, fbm(at.wx * 0.8, at.wy * 0.8, 3, land.seed + 14))
    ripple = 0.05 * np.sin(along * 2600 + 6 * at.small)
    table = ridged(at.wx * 0.5, at.wy * 0.5, 5, land.seed + 15)
    mesa = step(0.52, 0.60, table) * (150 + 60 * at.base) + step(0.66, 0.70, table) * 70
    terraces = step(1.5, 4, at.far) * 220 * np.round(at.crest * 6) / 6 * step(0.45, 0.6, at.crest)
    return (
        34 * dune**1.6 * swell + 10 * at.base + 0.15 * at.micro + ripple + 8 + step(0.9, 2.0, at.far) * mesa + terraces
    )


FORMS = {"alpine": alpine, "lake": lake, "coast": coast, "hills": hills, "desert": desert}
