"""What country, season, light and viewpoint a landscape frame shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zoo.world.geometry.terrain import Terrain
from zoo.world.light import Light


@dataclass
class LandscapePlan:
    """Distances in metres, angles in radians."""

    kind: str
    season: str
    light: Light
    winter: bool
    water: bool
    yaw: float
    angle: float
    visibility: float
    snow_line: float
    tree_line: float
    path: bool
    path_shape: tuple[float, float, float]  # swing, wave length, offset
    forest: float  # -0.15..0.3 more is denser
    conifers: bool


@dataclass
class View:
    """Where the camera stands."""

    x: float  # metres in the world
    y: float
    z: float  # height of the eye
    skyline: float  # degrees above the horizon


def draw_plan(rng: np.random.Generator) -> LandscapePlan:
    """One landscape."""
    kind = str(rng.choice(["alpine", "lake", "coast", "hills", "desert"], p=[0.28, 0.32, 0.14, 0.19, 0.07]))
    season = (
        "dry" if kind == "desert" else str(rng.choice(["summer", "autumn", "dry", "spring"], p=[0.4, 0.24, 0.1, 0.26]))
    )
    name = str(rng.choice(["day", "gold", "set", "dusk"], p=[0.50, 0.30, 0.14, 0.06]))
    high = np.radians(
        {
            "day": rng.uniform(28, 62),
            "gold": rng.uniform(9, 22),
            "set": rng.uniform(3.0, 7),
            "dusk": rng.uniform(-2.0, 0.8),
        }[name]
    )
    yaw = float(rng.uniform(0, 2 * np.pi))
    relative = float(
        rng.choice([rng.uniform(0.9, 1.7), rng.uniform(1.7, 2.7), rng.uniform(-0.35, 0.35)], p=[0.5, 0.38, 0.12])
    )
    cover = float(
        rng.choice([rng.uniform(0.15, 0.45), rng.uniform(0.45, 0.75), rng.uniform(0.75, 1.0)], p=[0.4, 0.4, 0.2])
    )
    light = Light(
        name,
        float(high),
        yaw + relative * float(rng.choice([-1, 1])),
        cover,
        str(rng.choice(["cumulus", "stratus", "cirrus"], p=[0.6, 0.15, 0.25])),
    )
    winter = kind in ("alpine", "lake", "hills") and name in ("day", "gold") and rng.random() < 0.17
    snow_line = {"alpine": rng.uniform(180, 420), "lake": rng.uniform(220, 600)}.get(kind, 9e3)
    if season == "dry" and kind in ("alpine", "lake"):
        snow_line += 200
    if winter:
        snow_line = -80.0
    tree_line = 260.0 if snow_line > 5000 or winter else snow_line * 0.55 + 40
    visibility = float(
        np.exp(rng.uniform(np.log(9000), np.log(45000))) if rng.random() < 0.94 else rng.uniform(2500, 6000)
    )
    return LandscapePlan(
        kind=kind,
        season=season,
        light=light,
        winter=winter,
        water=kind in ("lake", "coast") or (kind in ("hills", "alpine") and rng.random() < 0.4),
        yaw=yaw,
        angle=float(np.radians(rng.uniform(52, 78))),
        visibility=visibility,
        snow_line=snow_line,
        tree_line=tree_line,
        path=kind in ("hills", "alpine", "lake") and rng.random() < 0.8,
        path_shape=(float(rng.uniform(3, 12)), float(rng.uniform(25, 70)), float(rng.uniform(-2.5, 2.5))),
        forest=float(rng.uniform(-0.15, 0.3)),
        conifers=rng.random() < (0.72 if kind in ("alpine", "lake") else 0.25),
    )


def view_axes(plan: LandscapePlan, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Positions relative to the camera as (right, ahead)."""
    s, c = np.sin(plan.yaw), np.cos(plan.yaw)
    return x * c - y * s, x * s + y * c


def path_distance(plan: LandscapePlan, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance of camera-relative positions from the middle of the path (1e9 without a path)."""
    if not plan.path:
        return np.full(np.shape(x), 1e9)
    right, ahead = view_axes(plan, x, y)
    swing, wave, offset = plan.path_shape
    return np.abs(right - offset - swing * (np.sin(ahead / wave + offset) - np.sin(offset)) - ahead * 0.02)


def choose_view(plan: LandscapePlan, terrain: Terrain, rng: np.random.Generator) -> View:
    """The best of forty places: far relief and water in view, nothing close in the way."""
    best, highest = View(0.0, 0.0, 12.0, 2.0), -1e9
    for _ in range(40):
        x, y = (float(v) for v in rng.uniform(-1300, 1300, 2))
        ground = float(terrain(np.array([x]), np.array([y]), 6)[0])
        above = float(rng.choice([2.0, 4, 9, 18]))
        if (plan.water and ground < 0.6) or (ground > 230 and plan.kind != "hills"):
            continue
        worth, skyline = judge(plan, terrain, x, y, max(ground, 0) + above)
        worth += rng.uniform(0, 1.5)
        if worth > highest:
            best, highest = View(x, y, above, skyline), worth
    turn = np.linspace(0, 2 * np.pi, 9)[:-1]
    x_near = best.x + np.concatenate([[0.0], 1.5 * np.cos(turn), 3.0 * np.cos(turn)])
    y_near = best.y + np.concatenate([[0.0], 1.5 * np.sin(turn), 3.0 * np.sin(turn)])
    best.z += max(float(terrain(x_near, y_near).max()), 0.0)
    return best


def judge(plan: LandscapePlan, terrain: Terrain, x: float, y: float, eye: float) -> tuple[float, float]:
    """How good the view from a place is, and its mean skyline in degrees."""
    distance = np.geomspace(4, 6500, 56)
    spread = np.linspace(-0.45, 0.45, 13) * plan.angle
    a, d = np.meshgrid(plan.yaw + spread, distance, indexing="ij")
    h = terrain((x + d * np.sin(a)).ravel(), (y + d * np.cos(a)).ravel(), 5).reshape(a.shape)
    surface = np.maximum(h, 0) if plan.water else h
    skyline = np.maximum.accumulate(np.degrees(np.arctan2(surface - eye, d)), 1)
    seen = np.clip(np.diff(skyline, axis=1), 0, None)
    far = (seen * (distance[1:] > 700)).sum(1).mean()
    middle = (seen * ((distance[1:] > 60) & (distance[1:] <= 700))).sum(1).mean()
    wet = (seen * (h[:, 1:] < 0) * (distance[1:] > 6)).sum(1).mean() if plan.water else 0.0
    near = max(0.0, skyline[:, distance < 25].max() + 4)
    last = skyline[:, -1]
    worth = (
        min(far, 12)
        + min(middle, 6) * 0.7
        + min(wet, 9) * 0.9
        - near * 1.5
        - max(0.0, last.max() - 20) * 0.8
        - (8 if last.mean() < 1.5 else 0)
    )
    return float(worth), float(last.mean())
