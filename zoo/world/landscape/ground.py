"""Terrain and water: meshes on a polar grid around the camera's foot."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.blender import place, point_colours, upload
from zoo.world.geometry.mesh import Mesh
from zoo.world.geometry.noise import fbm, step
from zoo.world.geometry.terrain import Terrain
from zoo.world.landscape.classes import GROUND, WATER
from zoo.world.landscape.plan import LandscapePlan, View, path_distance


def lay(
    plan: LandscapePlan,
    land: Terrain,
    view: View,
    half: float,
    pano: bool,
    ground: bpy.types.Material,
    water: bpy.types.Material,
) -> None:
    """Build and place the ground, with what covers it as shader weights, and the water.

    The grid is fine within `half` (radians) of the plan's yaw and coarse behind.
    """
    r, t = polar_grid(half, pano)
    dx, dy = r * np.sin(t + plan.yaw), r * np.cos(t + plan.yaw)
    x, y = view.x + dx, view.y + dy
    z = land(x.ravel(), y.ravel()).reshape(x.shape)
    surface = Mesh()
    surface.grid(np.stack([dx, dy, z], -1), "ground", wrap=True)
    mesh = upload("ground", surface, {"ground": ground})
    snow, rock, sand, way, forest = cover(plan, land.seed, x, y, dx, dy, z, r)
    point_colours(mesh, "W1", np.stack([snow, rock, sand], -1))
    point_colours(mesh, "W2", np.stack([way, forest, np.zeros_like(forest)], -1))
    place(mesh, index=GROUND)
    if plan.water:
        sheet = Mesh()
        sheet.grid(np.stack([dx, dy, np.zeros_like(z)], -1), "water", wrap=True)
        mesh = upload("water", sheet, {"water": water})
        depth = np.clip(-z / 4, 0, 1).ravel()
        point_colours(mesh, "D", np.stack([depth] * 3, -1))
        place(mesh, index=WATER)


def polar_grid(half: float, pano: bool) -> tuple[np.ndarray, np.ndarray]:
    """Distances in metres and angles in radians from the middle of the view, both (R, C)."""
    angle = np.linspace(-half, half, 1400 if pano else 620, endpoint=False)
    if not pano:
        angle = np.concatenate([angle, np.linspace(half, 2 * np.pi - half, 40, endpoint=False)])
    near, far = (110, 230) if pano else (150, 360)
    radius = np.concatenate([[0.05], np.geomspace(0.8, 450, near), np.geomspace(450, 11000, far + 1)[1:]])
    r, t = np.meshgrid(radius, angle, indexing="ij")
    return r, t


def cover(
    plan: LandscapePlan,
    seed: int,
    x: np.ndarray,
    y: np.ndarray,
    dx: np.ndarray,
    dy: np.ndarray,
    z: np.ndarray,
    r: np.ndarray,
) -> list[np.ndarray]:
    """Snow, rock, sand, path and forest floor of every grid point, (R * C,) each, 0..1 with the border at one half.

    x and y are in the world, dx and dy from the camera, z the height and r the distance, all (R, C) in metres.
    """
    slope = slopes(dx, dy, z)
    slope[:3] = 0.1
    noise = fbm(x / 140, y / 140, 4, seed + 3)
    steep = slope - (0.85 if plan.winter else 0.75)
    snow = 0.5 + np.clip((z - plan.snow_line) / 160, -3, 0.65) + noise * 0.9 - steep * 1.25
    high = np.clip((z - plan.snow_line * 0.75) / 500, 0, 0.5) if plan.snow_line < 5000 else 0
    rock = 0.5 + (slope - (0.5 if plan.kind == "coast" else 0.62)) * 1.6 + noise * 0.25 + high
    sand = np.clip(0.5 + (0.9 - z), 0, 1) * (plan.water * (1.0 if plan.kind == "coast" else 0.85))
    if plan.kind == "desert":
        sand = 1.2 - slope * 1.1 - np.clip((z - 75) / 60, 0, 0.8)
        rock = 0.25 + (slope - 0.5) * 1.6 + np.clip((z - 75) / 60, 0, 0.8)
    if plan.winter:
        sand = sand * 0.2
    way = np.clip(1.15 - path_distance(plan, dx, dy) / (1.9 + np.maximum(r, 0) * 0.003), 0, 1) * (z > 0.4) * (r < 400)
    way = way * (slope < 0.75)
    forest = (
        forest_density(plan, x, y, seed)
        * (slope < 0.75)
        * (z > 1.5)
        * step(plan.tree_line + 40, plan.tree_line - 60, z)
        * (sand < 0.5)
        * (1 - np.clip(way * 2, 0, 1))
    )
    if plan.kind == "desert":
        forest = forest * 0.0
    return [np.clip(v, 0, 1).ravel() for v in (snow, rock, sand, way, forest * (r > 40))]


def forest_density(plan: LandscapePlan, x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    """0..1 at world positions."""
    return step(-0.05, 0.22, fbm(x / 260 + 9, y / 260, 5, seed + 5) + plan.forest)


def slopes(x: np.ndarray, y: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Steepness (rise over run) from neighbouring grid points (R, C)."""

    def along(v: np.ndarray, axis: int) -> np.ndarray:
        return np.roll(v, -1, 1) - np.roll(v, 1, 1) if axis else np.gradient(v, axis=0)

    u = np.stack([along(v, 0) for v in (x, y, z)], -1)
    w = np.stack([along(v, 1) for v in (x, y, z)], -1)
    normal = np.cross(u, w)
    return np.hypot(normal[..., 0], normal[..., 1]) / np.maximum(np.abs(normal[..., 2]), 1e-9)
