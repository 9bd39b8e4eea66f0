"""Trees of several habits: branches as tubes, crowns as leaf quads (metres, origin at the foot)."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.mesh import Mesh, unit

HABITS = ("oak", "round", "poplar", "birch", "conifer", "pine")


def tree(rng: np.random.Generator, habit: str, bare: bool = False, leaves: int = 5000) -> Mesh:
    """One tree. Slots: bark, leaf or needle."""
    if habit in ("conifer", "pine"):
        return conifer(rng, leaves / 5000, habit == "pine")
    return broad(rng, habit, bare, leaves)


def bush(rng: np.random.Generator, height: float = 1.3, leaves: int = 1300) -> Mesh:
    """A shrub. Slots: bark, leaf."""
    mesh = Mesh()
    count = int(rng.integers(6, 12))
    turn = rng.uniform(0, 2 * np.pi, count)
    out = height * 0.75 * np.sqrt(rng.random(count))
    tall = rng.uniform(0.25, 0.72, count) * height * (1 - 0.35 * out / height)
    centres = np.stack([out * np.cos(turn), out * np.sin(turn), tall], -1)
    crown(mesh, rng, centres, np.full(count, height * 0.36), leaves, height * 0.062)
    mesh.cylinder([0, 0, -0.2], [0, 0, height * 0.5], 0.05, 0.03, "bark", 5, False)
    return mesh


def hedge(rng: np.random.Generator, length: float, height: float, leaves: int) -> Mesh:
    """A clipped hedge along x."""
    mesh = Mesh()
    points = rng.uniform(-1, 1, (leaves, 3))
    axis = rng.choice(3, leaves, p=[0.04, 0.56, 0.40])
    sign = np.where(axis == 2, 1, rng.choice([-1, 1], leaves))
    points[np.arange(leaves), axis] = sign * rng.uniform(0.85, 1.05, leaves)
    normals = np.zeros((leaves, 3))
    normals[np.arange(leaves), axis] = sign
    points = points * np.array([length / 2, 0.38, height / 2]) + np.array([length / 2, 0, height / 2])
    normals = unit(normals + rng.normal(0, 0.5, normals.shape))
    mesh.quads(leaf_quads(points, normals, rng.uniform(0.05, 0.11, (leaves, 1)), rng), "leaf")
    mesh.box([length / 2, 0, height * 0.47], [length * 0.995, 0.6, height * 0.92], "leaf")
    return mesh


def broad(rng: np.random.Generator, habit: str, bare: bool, leaves: int) -> Mesh:
    """Oak, small round street tree, poplar or birch."""
    mesh = Mesh()
    height = {
        "oak": rng.uniform(10, 14),
        "round": rng.uniform(6.5, 9),
        "poplar": rng.uniform(13, 18),
        "birch": rng.uniform(9, 13),
    }[habit]
    trunk = {"oak": 0.26, "round": 0.36, "poplar": 0.32, "birch": 0.36}[habit]
    spread = {"oak": 1.15, "round": 0.85, "poplar": 0.34, "birch": 0.62}[habit]
    levels = 3 if not bare else 4
    tips = branches(
        mesh,
        rng,
        height,
        height * (0.017 if habit in ("birch", "poplar") else 0.023),
        trunk,
        spread,
        levels,
        {"poplar": 0.16, "birch": 0.06}.get(habit, 0.03),
    )
    if bare:
        return mesh
    if habit == "poplar":
        levels_z = rng.uniform(0.10, 1.0, 70)
        radius = height * 0.115 * np.sin(np.pi * np.clip(levels_z, 0.06, 0.97)) ** 0.55
        turn = rng.uniform(0, 2 * np.pi, 70)
        out = radius * rng.uniform(0.2, 1.0, 70)
        centres = np.stack([out * np.cos(turn), out * np.sin(turn), levels_z * height], -1)
        crown(mesh, rng, centres, np.full(70, height * 0.055), leaves, height * 0.0105)
        return mesh
    lowest = height * {"oak": 0.30, "round": 0.40, "birch": 0.34}[habit]
    top = tips[:, 2] > min(max(np.quantile(tips[:, 2], 0.12), lowest), np.quantile(tips[:, 2], 0.6))
    centres = tips[top]
    puff = height * {"oak": 0.115, "round": 0.135, "birch": 0.080}[habit] * rng.uniform(0.6, 1.2, len(centres))
    crown(mesh, rng, centres, puff, leaves, height * {"oak": 0.0125, "round": 0.0155, "birch": 0.0115}[habit])
    if habit == "birch":
        hang = centres - np.array([0, 0, 1.0]) * rng.uniform(0.2, 0.13 * height, (len(centres), 1))
        crown(mesh, rng, hang, puff * 0.7, leaves // 3, height * 0.012)
    return mesh


def conifer(rng: np.random.Generator, sprays: float = 1.0, pine: bool = False) -> Mesh:
    """A spruce of drooping sprays in whorls, or a pine with a bare trunk and a high crown."""
    mesh = Mesh()
    height = rng.uniform(11, 16)
    base = 0.5 if pine else rng.uniform(0.03, 0.12)
    sway = np.cumsum(rng.normal(0, 0.05 if pine else 0.02, (6, 2)), 0)
    path = np.c_[sway - sway[0], np.linspace(-0.4, height * 0.98, 6)]
    mesh.tube(path, np.linspace(height * 0.019, 0.03, 6), "bark", 7, False)
    widest = height * (0.17 if pine else rng.uniform(0.15, 0.21))
    whorls = int((26 if pine else 36) * np.sqrt(sprays))
    quads = []
    for i in range(whorls):
        t = (i + rng.uniform(0.1, 0.9)) / whorls
        z = height * (base + (0.99 - base) * t)
        reach = widest * ((1 - t) ** 0.75 if not pine else np.sin(np.pi * (0.15 + 0.8 * t)) ** 0.7) + 0.12
        boughs = int(5 + 7 * (1 - t))
        for angle in rng.uniform(0, 2 * np.pi) + np.arange(boughs) * 2 * np.pi / boughs + rng.normal(0, 0.2, boughs):
            length = reach * rng.uniform(0.65, 1.12)
            out = np.array([np.cos(angle), np.sin(angle), 0])
            side = np.array([-np.sin(angle), np.cos(angle), 0])
            droop = (0.30 + 0.30 * (1 - t)) * (0.2 if pine else 1.0)
            along = np.linspace(0.12, 1.0, max(4, int(8 * sprays * np.sqrt(length))))
            lift = rng.normal(0, height * (0.022 if pine else 0.004))
            for s in along:
                centre = out * length * s + np.array([0, 0, z + lift - droop * length * s**1.4 + 0.08 * length])
                centre[:2] += np.interp(z, path[:, 2], path[:, 0]), np.interp(z, path[:, 2], path[:, 1])
                span = length * (0.08 + 0.18 * (1 - s) * s * 4) + 0.08
                tip = out * span * 1.1 - np.array([0, 0, span * 0.45])
                for w in (-1, 1):
                    wing = side * w * span * 0.95 - np.array([0, 0, span * rng.uniform(0.15, 0.5)])
                    quads.append(
                        [
                            centre - tip * 0.5,
                            centre + wing * 0.8,
                            centre + tip * 0.9 + wing * 0.3,
                            centre + tip * 0.3,
                        ]
                    )
    mesh.quads(np.array(quads), "needle")
    return mesh


def branches(
    mesh: Mesh,
    rng: np.random.Generator,
    height: float,
    radius: float,
    trunk: float,
    spread: float,
    levels: int,
    up: float,
) -> np.ndarray:
    """Recursive branching; returns the twig ends (N, 3)."""
    tips: list[np.ndarray] = []

    def grow(start: np.ndarray, direction: np.ndarray, length: float, thick: float, level: int) -> None:
        points, p, d = [start], start, direction
        for _ in range(4 if level == 0 else 3):
            d = unit(d + rng.normal(0, 0.10 if level == 0 else 0.17, 3) + np.array([0, 0, up]))
            p = p + d * length / (4 if level == 0 else 3)
            points.append(p)
        flare = np.linspace(1.0, 0.68, len(points))
        if level == 0:
            flare[0] = 1.45
        mesh.tube(points, thick * flare, "bark", (9, 7, 5, 4, 3)[min(level, 4)], False)
        if level >= 1:
            tips.append(p)
        if level >= levels:
            tips.extend(points[1:-1])
            return
        count = int(rng.integers(3, 6)) if level == 0 else int(rng.integers(2, 5))
        phase = rng.uniform(0, 2 * np.pi)
        for i in range(count):
            angle = phase + 2 * np.pi * i / count + rng.normal(0, 0.35)
            tilt = rng.uniform(0.45, 0.95) * spread
            across = unit(np.cross(d, [np.cos(angle), np.sin(angle), 0.3]))
            at = points[-1] if level else points[-1 - int(rng.integers(0, 2))]
            grow(
                at,
                unit(d * np.cos(tilt) + across * np.sin(tilt)),
                length * rng.uniform(0.60, 0.85) * (1.1 if level == 0 else 1.0),
                thick * rng.uniform(0.52, 0.66),
                level + 1,
            )

    grow(np.array([0, 0, -0.3]), np.array([0, 0, 1.0]), height * trunk, radius, 0)
    return np.array(tips)


def crown(
    mesh: Mesh,
    rng: np.random.Generator,
    centres: np.ndarray,
    puff: np.ndarray,
    count: int,
    leaf: float,
) -> None:
    """Leaves on the upper shells of many overlapping puffs."""
    pick = rng.integers(0, len(centres), count)
    away = unit(rng.normal(0, 1, (count, 3)) + np.array([0, 0, 0.25]))
    reach = rng.uniform(0.45, 1.0, (count, 1)) ** 0.5 * puff[pick][:, None] * rng.uniform(0.8, 1.15, (count, 1))
    points = centres[pick] + away * reach * np.array([1.1, 1.1, 0.82])
    middle = centres.mean(0)
    normals = unit(away + 0.6 * unit(points - middle) + rng.normal(0, 0.45, away.shape))
    mesh.quads(leaf_quads(points, normals, leaf * rng.uniform(0.6, 1.35, (count, 1)), rng), "leaf")


def leaf_quads(points: np.ndarray, normals: np.ndarray, size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Diamond-shaped leaves (N, 4, 3) of half length `size` (N, 1) facing the normals."""
    u = unit(np.cross(normals, rng.normal(0, 1, normals.shape)))
    w = np.cross(normals, u)
    return np.stack([points - u * size, points - w * size * 0.62, points + u * size, points + w * size * 0.62], 1)
