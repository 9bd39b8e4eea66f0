"""Proportions that all walls of one building share (metres)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

STYLES = ("classic", "brick", "postwar", "ribbon", "curtain", "house")


@dataclass
class BuildingPlan:
    """What all walls of one building share (metres)."""

    style: str
    floors: int
    storey: float
    ground: float
    window: tuple[float, float]
    sill: float
    bay: float
    depth: float
    bars: str
    shop: bool
    balcony: float
    surround: bool
    shutters: bool

    @property
    def height(self) -> float:
        return self.ground + self.floors * self.storey


def draw_plan(rng: np.random.Generator, style: str, floors: int) -> BuildingPlan:
    """Random proportions of a style."""
    window = {
        "classic": (1.05, 1.95),
        "brick": (1.05, 1.65),
        "postwar": (1.65, 1.45),
        "ribbon": (2.6, 1.6),
        "curtain": (1.6, 2.7),
        "house": (1.25, 1.3),
    }[style]
    window = (window[0] * rng.uniform(0.9, 1.12), window[1] * rng.uniform(0.92, 1.06))
    gap = {
        "classic": (1.0, 1.5),
        "brick": (1.0, 1.7),
        "postwar": (1.0, 1.8),
        "ribbon": (0.25, 0.4),
        "curtain": (0.08, 0.14),
        "house": (1.3, 2.4),
    }[style]
    storey = {"classic": 3.5, "curtain": 3.4, "house": 2.8}.get(style, 3.05) * rng.uniform(0.97, 1.06)
    shop = style != "house" and rng.random() < (0.75 if style in ("classic", "brick") else 0.5)
    return BuildingPlan(
        style=style,
        floors=floors,
        storey=storey,
        ground=rng.uniform(3.5, 4.4) if shop else storey + 0.35,
        window=window,
        sill=0.5 if style == "curtain" else (0.75 if style == "classic" else 0.95),
        bay=window[0] + rng.uniform(*gap),
        depth=0.10 if style in ("curtain", "ribbon") else 0.18,
        bars={"classic": "cross", "brick": "grid", "curtain": "none", "ribbon": "two"}.get(style, "two"),
        shop=shop,
        balcony=float(rng.choice([0, 0.35, 0.7])) if style in ("classic", "postwar") else 0.0,
        surround=style == "classic" or rng.random() < 0.25,
        shutters=style in ("classic", "house") and rng.random() < 0.25,
    )
