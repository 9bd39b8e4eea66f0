"""Town houses, blocks, offices and detached houses with four detailed walls (metres, front along +x)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from zoo.world.geometry.building_plan import BuildingPlan, draw_plan
from zoo.world.geometry.facade import Facade
from zoo.world.geometry.mesh import Mesh
from zoo.world.geometry.roofs import roof
from zoo.world.geometry.shops import shop_front


def building(rng: np.random.Generator, width: float, depth: float, floors: int, style: str) -> Mesh:
    """A building with its front along +x. Slots: wall panel trim base glass shopglass frame blind door iron pipe
    roof flat chimney shop0-2 letters awning."""
    mesh = Mesh()
    plan = draw_plan(rng, style, floors)
    wall(mesh, plan, [0, 0, 0], [1, 0, 0], width, True, rng)
    wall(mesh, plan, [width, 0, 0], [0, 1, 0], depth, False, rng)
    wall(mesh, plan, [0, depth, 0], [0, -1, 0], depth, False, rng)
    mesh.quad([[width, depth, 0], [0, depth, 0], [0, depth, plan.height], [width, depth, plan.height]], "wall")
    roof(mesh, plan, width, depth, rng)
    return mesh


def wall(
    mesh: Mesh,
    plan: BuildingPlan,
    origin: ArrayLike,
    along: ArrayLike,
    width: float,
    front: bool,
    rng: np.random.Generator,
) -> None:
    """One complete wall."""
    f = Facade(origin, along)
    f.rect(0, width, -1.2, 0, "base")
    ground_floor(f, plan, width, front, rng)
    for k in range(plan.floors):
        base = plan.ground + k * plan.storey
        storey_wall(f, plan, width, base, front, rng)
        if plan.style == "ribbon" or (plan.style == "classic" and k in (0, plan.floors - 1)):
            f.box(0, width, base - 0.12, base + 0.12, 0, 0.09, "trim")
    top = plan.height
    deep = 0.42 if plan.style == "classic" else 0.12
    f.box(0, width, top - 0.30, top + 0.10, 0, deep, "trim")
    if plan.style == "classic":
        f.box(0, width, top - 0.55, top - 0.30, 0, 0.2, "trim")
    if front and plan.style != "curtain":
        f.box(0.06, 0.17, 0, top - 0.3, 0.02, 0.12, "pipe")
    f.write(mesh)


def ground_floor(f: Facade, plan: BuildingPlan, width: float, front: bool, rng: np.random.Generator) -> None:
    """Windows and a door, or shops."""
    if front and plan.shop:
        shop_front(f, plan, width, rng)
        return
    w, h = plan.window
    bays = max(1, round(width / (plan.bay if front else plan.bay * 1.7)))
    bay = width / bays
    w = min(w, bay - 0.08)
    g = plan.ground
    for i in range(bays):
        left, right = i * bay, (i + 1) * bay
        a0, a1 = (left + right - w) / 2, (left + right + w) / 2
        if front and i == bays // 2:
            m = (left + right) / 2
            f.around(left, right, 0, g, (m - 0.6, m + 0.6, 0, 2.5), "wall")
            f.window(m - 0.6, m + 0.6, 2.1, 2.5, 0.2, "none", 0)
            f.reveal(m - 0.6, m + 0.6, 0, 2.1, 0.2, "trim")
            f.rect(m - 0.6, m + 0.6, 0, 2.1, "door", -0.2)
            f.box(m - 0.75, m + 0.75, 2.5, 2.68, 0, 0.35, "trim")
            continue
        f.around(left, right, 0, g, (a0, a1, 1.15, min(1.15 + h, g - 0.3)), "wall")
        f.window(a0, a1, 1.15, min(1.15 + h, g - 0.3), plan.depth, plan.bars, rng.choice([0, 0, 0.4]))
    f.box(0, width, 0, 0.55, 0, 0.04, "base")


def storey_wall(
    f: Facade, plan: BuildingPlan, width: float, base: float, front: bool, rng: np.random.Generator
) -> None:
    """One upper floor of one wall."""
    w, h = plan.window
    bays = max(1, round(width / (plan.bay if front else plan.bay * 1.7)))
    bay = width / bays
    w = min(w, bay - 0.08)
    skip = 0.0 if front else 0.25
    for i in range(bays):
        a0, a1 = i * bay + (bay - w) / 2, i * bay + (bay + w) / 2
        b0, b1 = base + plan.sill, min(base + plan.sill + h, base + plan.storey - 0.25)
        if plan.style == "curtain":
            b0, b1 = base + 0.55, base + plan.storey - 0.06
        if rng.random() < skip:
            f.rect(i * bay, i * bay + bay, base, base + plan.storey, "wall")
            continue
        balcony = front and rng.random() < plan.balcony and plan.style in ("classic", "postwar")
        if balcony:
            b0 = base + 0.18
        f.around(
            i * bay,
            (i + 1) * bay,
            base,
            base + plan.storey,
            (a0, a1, b0, b1),
            "panel" if plan.style == "curtain" else "wall",
        )
        blind = rng.uniform(0.1, 0.9) if rng.random() < 0.35 else 0.0
        f.window(a0, a1, b0, b1, plan.depth, plan.bars, blind)
        if plan.surround and front:
            f.box(a0 - 0.14, a0, b0, b1, 0, 0.06, "trim")
            f.box(a1, a1 + 0.14, b0, b1, 0, 0.06, "trim")
            f.box(a0 - 0.22, a1 + 0.22, b1, b1 + 0.18, 0, 0.14, "trim")
        if plan.style not in ("curtain", "ribbon"):
            f.box(a0 - 0.08, a1 + 0.08, b0 - 0.09, b0, 0, 0.11, "trim")
        if plan.shutters and front:
            for s0 in (a0 - 0.48, a1 + 0.04):
                f.box(s0, s0 + 0.44, b0, b1, 0, 0.05, "door")
        if balcony:
            balcony_at(f, a0 - 0.3, a1 + 0.3, base + 0.06, plan.style == "postwar")


def balcony_at(f: Facade, a0: float, a1: float, b: float, solid: bool) -> None:
    """A slab with railings or a closed parapet."""
    f.box(a0, a1, b, b + 0.14, 0, 0.95, "trim")
    if solid:
        f.box(a0, a1, b + 0.14, b + 1.05, 0.88, 0.95, "panel")
    else:
        for a in np.linspace(a0 + 0.02, a1 - 0.05, max(6, int((a1 - a0) / 0.14))):
            f.rect(a, a + 0.028, b + 0.14, b + 1.0, "iron", 0.92)
        f.rect(a0, a1, b + 1.0, b + 1.06, "iron", 0.92)
    for a in (a0, a1):
        f.quad(
            ((a, b + 0.14, 0), (a, b + 0.14, 0.93), (a, b + 1.05, 0.93), (a, b + 1.05, 0)),
            "iron" if not solid else "panel",
        )
