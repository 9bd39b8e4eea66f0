"""Grass tufts, flowers, rocks and cacti (metres, origin on the ground)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from zoo.world.geometry.mesh import Mesh, unit
from zoo.world.geometry.noise import gradient


def tuft(rng: np.random.Generator, height: float = 0.42, blades: int = 30) -> Mesh:
    """Bent grass blades. Slot: grass."""
    mesh = Mesh()
    quads = []
    for angle in rng.uniform(0, 2 * np.pi, blades):
        foot = np.r_[rng.normal(0, 0.16, 2), -0.05]
        out = np.array([np.cos(angle), np.sin(angle), 0])
        tall = height * rng.uniform(0.5, 1.15)
        lean = tall * rng.uniform(0.1, 0.7)
        side = np.array([-np.sin(angle), np.cos(angle), 0]) * 0.014
        bend = foot + out * lean * 0.35 + [0, 0, tall * 0.62]
        tip = foot + out * lean + [0, 0, tall]
        quads.append([foot - side, foot + side, bend + side * 0.8, bend - side * 0.8])
        quads.append([bend - side * 0.8, bend + side * 0.8, tip + side * 0.1, tip - side * 0.1])
    mesh.quads(np.array(quads), "grass")
    return mesh


def flower(rng: np.random.Generator) -> Mesh:
    """A cluster of flower heads on stems. Slots: grass, flower."""
    mesh = Mesh()
    for _ in range(4):
        foot = np.r_[rng.normal(0, 0.14, 2), 0]
        top = foot + np.array([rng.normal(0, 0.03), rng.normal(0, 0.03), rng.uniform(0.3, 0.48)])
        mesh.cylinder(foot, top, 0.008, 0.006, "grass", 4, False)
        for a in np.arange(6) * np.pi / 3:
            ring = [
                [0.05 * np.cos(a - 0.45), 0.05 * np.sin(a - 0.45), 0.03],
                [0.095 * np.cos(a), 0.095 * np.sin(a), 0.02],
                [0.05 * np.cos(a + 0.45), 0.05 * np.sin(a + 0.45), 0.03],
            ]
            mesh.add([top] + [top + p for p in ring], [0, 1, 2, 3], "flower")
    return mesh


def rock(rng: np.random.Generator, sides: int = 22) -> Mesh:
    """A boulder cut by random planes. Slot: rock."""
    mesh = Mesh()
    polar = np.linspace(0, np.pi, sides * 2 // 3 + 1)[:, None]
    around = np.linspace(0, 2 * np.pi, sides, endpoint=False)[None]
    v = np.stack([np.sin(polar) * np.cos(around), np.sin(polar) * np.sin(around), np.cos(polar) + 0 * around], -1)
    planes = unit(rng.normal(0, 1, (11, 3)))
    offset = rng.uniform(0.60, 0.95, 11)
    facing = v @ planes.T
    reach = np.min(np.where(facing > 1e-3, offset / np.maximum(facing, 1e-3), 9), axis=-1).clip(0.4, 1.05)
    seed = int(rng.integers(1 << 20))
    reach = reach * (
        1
        + 0.10 * gradient(v[..., 0] * 3 + v[..., 2], v[..., 1] * 3 - v[..., 2], seed)
        + 0.05 * gradient(v[..., 0] * 8 + v[..., 2] * 5, v[..., 1] * 8 - v[..., 2] * 5, seed + 1)
    )
    mesh.grid(v * reach[..., None] * [1.2, 1.0, 0.75], "rock", wrap=True, flip=False)
    return mesh


def cactus(rng: np.random.Generator) -> Mesh:
    """A columnar cactus with arms. Slot: leaf."""
    mesh = Mesh()
    tall = rng.uniform(2.5, 5.5)
    mesh.tube(
        [[0, 0, -0.2], [0, 0, tall * 0.5], [0, 0, tall * 0.93], [0, 0, tall]],
        [0.22, 0.25, 0.20, 0.06],
        "leaf",
        10,
    )
    for _ in range(int(rng.integers(1, 4))):
        a, z, up = rng.uniform(0, 2 * np.pi), tall * rng.uniform(0.3, 0.55), rng.uniform(0.8, 1.8)
        out = np.array([np.cos(a), np.sin(a), 0])
        path: list[ArrayLike] = [
            [0, 0, z],
            out * 0.45 + [0, 0, z + 0.05],
            out * 0.62 + [0, 0, z + 0.35],
            out * 0.64 + [0, 0, z + up],
        ]
        mesh.tube(path, [0.13, 0.15, 0.15, 0.10], "leaf", 9)
    return mesh
