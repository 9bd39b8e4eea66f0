"""Cross-section and contents of one street, drawn from a generator (metres; it runs along +x)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.world.light import Light

START, END = -36.0, 250.0


@dataclass
class StreetPlan:
    """Left is +y; driving is on the right."""

    light: Light
    season: str
    kind: str  # city, suburb, boulevard, edge
    wet: bool
    visibility: float
    lanes: int  # per direction
    lane: float
    parking: tuple[bool, ...]  # left, right; so are all pairs
    verge: tuple[float, ...]  # width of the green strip beside the kerb
    walk: tuple[float, ...]
    crossing: float | None  # x of a side street
    side_width: float
    zebra: float | None
    tram: bool
    trees: tuple[bool, ...]
    habit: str
    people: int
    floors: int

    @property
    def half(self) -> float:
        """Half width of the driving lanes."""
        return self.lanes * self.lane

    def kerb(self, side: int) -> float:
        """Signed y of the kerb on a side (+1 left, -1 right)."""
        i = 0 if side > 0 else 1
        return side * (self.half + (2.25 if self.parking[i] else 0.45))

    def front(self, side: int) -> float:
        """Signed y of the property line."""
        i = 0 if side > 0 else 1
        return self.kerb(side) + side * (self.verge[i] + self.walk[i])

    def blocked(self, x: float, margin: float) -> bool:
        """True near the side street or the zebra."""
        gap = self.crossing is not None and abs(x - self.crossing) < self.side_width / 2 + margin
        return gap or (self.zebra is not None and abs(x - self.zebra) < 2.5 + margin * 0.5)


def draw_plan(rng: np.random.Generator) -> StreetPlan:
    """One street."""
    kind = str(rng.choice(["city", "suburb", "boulevard", "edge"], p=[0.46, 0.22, 0.18, 0.14]))
    lanes = 2 if kind == "boulevard" else int(rng.choice([1, 1, 2]))
    green = rng.random(2) < {"city": 0.12, "suburb": 0.6, "boulevard": 0.6, "edge": 0.8}[kind]
    crossing = float(rng.uniform(14, 50)) if rng.random() < 0.7 else None
    side_width = float(rng.uniform(6, 9))
    zebra = None
    if crossing is not None and rng.random() < 0.8:
        zebra = crossing - side_width / 2 - 3.2
    elif rng.random() < 0.3:
        zebra = float(rng.uniform(12, 50))
    return StreetPlan(
        light=draw_light(rng),
        season=str(rng.choice(["summer", "spring", "autumn", "winter"], p=[0.46, 0.2, 0.22, 0.12])),
        kind=kind,
        wet=bool(rng.random() < 0.2),
        visibility=float(
            np.exp(rng.uniform(np.log(2500), np.log(14000))) if rng.random() < 0.95 else rng.uniform(300, 700)
        ),
        lanes=lanes,
        lane=float(rng.uniform(3.0, 3.5)),
        parking=tuple(bool(v) for v in rng.random(2) < 0.68),
        verge=tuple(float(v) for v in np.where(green, rng.uniform(1.0, 2.6, 2), 0.0)),
        walk=tuple(float(v) for v in rng.uniform(2.4, 4.4, 2)),
        crossing=crossing,
        side_width=side_width,
        zebra=zebra,
        tram=bool(lanes == 2 and rng.random() < 0.6),
        trees=tuple(bool(v) for v in rng.random(2) < 0.58),
        habit=str(rng.choice(["round", "oak", "birch", "poplar"], p=[0.52, 0.28, 0.14, 0.06])),
        people=int(rng.integers(10, 40) if kind in ("city", "boulevard") else rng.integers(3, 14)),
        floors=int(rng.integers(2, 6)),
    )


def draw_light(rng: np.random.Generator) -> Light:
    """Time of day and clouds of a street."""
    name = str(rng.choice(["day", "gold", "over", "dusk"], p=[0.46, 0.18, 0.29, 0.07]))
    high = np.radians(
        {
            "day": rng.uniform(28, 60),
            "gold": rng.uniform(11, 24),
            "over": rng.uniform(30, 55),
            "dusk": rng.uniform(-1.5, 1.5),
        }[name]
    )
    cover, cloud = float(rng.uniform(0.1, 0.7)), str(rng.choice(["cumulus", "cirrus"]))
    if name == "over":
        cover, cloud = 1.0, "stratus"
    return Light(name, float(high), float(rng.uniform(0, 2 * np.pi)), cover, cloud)
