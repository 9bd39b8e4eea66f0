"""Roofs with dormers, chimneys and plant."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.building_plan import BuildingPlan
from zoo.world.geometry.mesh import Mesh


def roof(mesh: Mesh, plan: BuildingPlan, width: float, depth: float, rng: np.random.Generator) -> None:
    """Flat with parapet and plant, pitched with dormers and chimneys, or mansard."""
    top = plan.height
    kind = rng.random()
    if plan.style in ("curtain", "ribbon") or (plan.style == "postwar" and kind < 0.6):
        mesh.quad([[0, 0, top], [width, 0, top], [width, depth, top], [0, depth, top]], "flat")
        for y in (0.1, depth - 0.1):
            mesh.box([width / 2, y, top + 0.3], [width, 0.2, 0.8], "wall" if plan.style != "curtain" else "panel")
        for _ in range(int(rng.integers(1, 4))):
            mesh.box(
                [rng.uniform(2, width - 2), rng.uniform(3, depth - 2), top + 0.9],
                rng.uniform(1.0, 2.6, 3),
                "panel",
            )
        return
    over, rise = 0.4, rng.uniform(2.2, 3.8)
    if plan.style == "classic" and kind < 0.5:
        inner, high = 1.1, top + 2.6
        low = [[0, 0, top], [width, 0, top], [width, depth, top], [0, depth, top]]
        up = [
            [0.1, inner, high],
            [width - 0.1, inner, high],
            [width - 0.1, depth - inner, high],
            [0.1, depth - inner, high],
        ]
        for i in range(4):
            mesh.quad([low[i], low[(i + 1) % 4], up[(i + 1) % 4], up[i]], "roof")
        mesh.quad(up, "flat")
        front_y, ridge = 0.5, high
    else:
        ridge = top + rise
        mesh.quad(
            [
                [-0.1, -over, top - 0.1],
                [width + 0.1, -over, top - 0.1],
                [width + 0.1, depth / 2, ridge],
                [-0.1, depth / 2, ridge],
            ],
            "roof",
        )
        mesh.quad(
            [
                [width + 0.1, depth + over, top - 0.1],
                [-0.1, depth + over, top - 0.1],
                [-0.1, depth / 2, ridge],
                [width + 0.1, depth / 2, ridge],
            ],
            "roof",
        )
        for x in (0, width):
            mesh.add([[x, 0, top], [x, depth, top], [x, depth / 2, ridge]], [0, 1, 2], "wall")
        front_y = depth * 0.16
    if rng.random() < 0.6:
        for x in np.arange(plan.bay, width - plan.bay * 0.5, plan.bay * rng.choice([1, 2])):
            z = top + (0.3 if front_y < 1 else rise * 0.32)
            mesh.box([x, front_y + 0.9, z + 0.75], [1.25, 1.8, 1.5], "wall")
            mesh.box([x, front_y + 0.9, z + 1.55], [1.5, 2.0, 0.12], "roof")
            mesh.quad(
                [
                    [x - 0.45, front_y - 0.02, z + 0.25],
                    [x + 0.45, front_y - 0.02, z + 0.25],
                    [x + 0.45, front_y - 0.02, z + 1.3],
                    [x - 0.45, front_y - 0.02, z + 1.3],
                ],
                "glass",
            )
    for _ in range(int(rng.integers(1, 3))):
        mesh.box(
            [rng.uniform(1, width - 1), depth * rng.uniform(0.35, 0.6), ridge + 0.3],
            [0.9, 0.6, 2.0],
            "chimney",
        )
