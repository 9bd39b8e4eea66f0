"""Street furniture: lamps, signs, traffic lights, bollards, bins, fences, walls, shelters (metres)."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.mesh import Mesh


def lamp(rng: np.random.Generator) -> Mesh:
    """A street lamp with its arm towards -y. Slots: pole, lamp."""
    mesh = Mesh()
    tall = rng.uniform(6.0, 9.0)
    mesh.tube([[0, 0, 0], [0, 0, 0.9], [0, 0, 1.0], [0, 0, tall]], [0.10, 0.10, 0.075, 0.055], "pole", 9)
    if rng.random() < 0.6:
        reach = rng.uniform(1.1, 2.2)
        turn = np.linspace(0, 1.4, 6)
        path = np.stack([0 * turn, -reach * np.sin(turn), tall + 0.5 * (1 - np.cos(turn))], -1)
        mesh.tube(path, 0.04, "pole", 6)
        mesh.soft_box([0, -reach - 0.25, tall + 0.42], [0.24, 0.75, 0.13], "lamp", 3, 6, 10)
    else:
        mesh.soft_box([0, 0, tall + 0.25], [0.36, 0.36, 0.55], "lamp", 2.6, 6, 10)
        mesh.soft_box([0, 0, tall + 0.52], [0.5, 0.5, 0.1], "pole", 2.6, 4, 10)
    return mesh


def sign(rng: np.random.Generator) -> Mesh:
    """A traffic sign seen from -x. Slots: pole, red, white, blue, yellow, back."""
    mesh = Mesh()
    mesh.cylinder([0, 0, 0], [0, 0, 2.95], 0.035, 0.035, "pole", 7)
    plates = [2.55] if rng.random() < 0.7 else [2.65, 1.9]
    for z in plates:
        kind = int(rng.integers(6))
        if kind in (0, 1):
            mesh.cylinder([-0.045, 0, z], [-0.065, 0, z], 0.33, 0.33, "red" if kind == 0 else "blue", 22)
            if kind == 0:
                mesh.cylinder([-0.066, 0, z], [-0.072, 0, z], 0.23, 0.23, "white", 22)
                mesh.box([-0.075, 0, z], [0.004, 0.09, 0.22], "back")
            else:
                mesh.box([-0.07, 0, z], [0.005, 0.10, 0.38], "white")
        elif kind == 2:
            for x, s, slot in ((-0.05, 1.0, "red"), (-0.058, 0.66, "white")):
                mesh.add(
                    [[x, -0.42 * s, z - 0.26 * s], [x, 0.42 * s, z - 0.26 * s], [x, 0, z + 0.46 * s]],
                    [0, 1, 2],
                    slot,
                )
            mesh.box([-0.045, 0, z], [0.01, 0.3, 0.25], "back")
        elif kind == 3:
            mesh.box([-0.05, 0, z], [0.025, 0.62, 0.62], "blue")
            mesh.box([-0.066, 0, z], [0.005, 0.12, 0.42], "white")
            mesh.box([-0.066, -0.09, z + 0.1], [0.005, 0.16, 0.22], "white")
        elif kind == 4:
            square = np.array([[0, -0.42], [0.42, 0], [0, 0.42], [-0.42, 0]])
            for x, s, slot in ((-0.05, 1.0, "white"), (-0.056, 0.78, "yellow")):
                mesh.add(np.c_[np.full(4, x), square * s + [0, z]], [0, 1, 2, 3], slot)
        else:
            wide = rng.uniform(0.9, 1.8)
            mesh.box([-0.05, 0, z], [0.025, wide, 0.5], rng.choice(["blue", "yellow", "white"]))
            for k in range(2):
                mesh.box([-0.066, -0.04 * k, z + 0.1 - 0.2 * k], [0.005, wide * 0.7, 0.07], "back")
    return mesh


def traffic_light(rng: np.random.Generator, arm: bool) -> Mesh:
    """Signals facing -x, on a post or also over the road (towards -y). Slots: pole, housing, lit, dim."""
    mesh = Mesh()
    lit = int(rng.choice([0, 2, 2, 1]))
    heads = [(0.0, 2.75)]
    mesh.cylinder([0, 0, 0], [0, 0, 3.9 if not arm else 5.9], 0.075, 0.06, "pole", 9)
    if arm:
        reach = rng.uniform(2.6, 4.2)
        mesh.cylinder([0, 0, 5.7], [0, -reach, 5.9], 0.055, 0.045, "pole", 7)
        heads.append((-reach, 5.45))
    for y, z in heads:
        mesh.box([-0.16, y, z + 0.48], [0.24, 0.32, 0.98], "housing")
        mesh.box([-0.02, y, z + 0.48], [0.02, 0.52, 1.18], "housing")
        for i in range(3):
            height = z + 0.79 - 0.31 * i
            mesh.cylinder(
                [-0.27, y, height],
                [-0.30, y, height],
                0.115,
                0.115,
                f"light{i}" if i == lit else f"dim{i}",
                12,
            )
            mesh.box([-0.36, y, height + 0.125], [0.18, 0.24, 0.015], "housing")
    mesh.box([-0.02, 0.15, 2.2], [0.16, 0.14, 0.4], "housing")
    return mesh


def fence(rng: np.random.Generator, length: float) -> Mesh:
    """Railings, planks, pickets or a crash barrier along x. Slots: iron, wood, steel."""
    mesh = Mesh()
    kind = str(rng.choice(["rails", "planks", "picket", "barrier"]))
    posts = np.linspace(0, length, max(2, int(length / 2.2)))
    if kind == "rails":
        x = np.arange(0, length, 0.13)
        corners = ((0, 0.1), (0.025, 0.1), (0.025, 1.15), (0, 1.15))
        bars = [np.stack([x + dx, 0 * x, 0 * x + z], -1) for dx, z in corners]
        mesh.quads(np.stack(bars, 1), "iron")
        for z in (0.2, 1.05):
            mesh.box([length / 2, 0, z], [length, 0.03, 0.05], "iron")
        for p in posts:
            mesh.box([p, 0, 0.62], [0.06, 0.06, 1.24], "iron")
    elif kind in ("planks", "picket"):
        high = rng.uniform(1.6, 1.9) if kind == "planks" else rng.uniform(0.9, 1.2)
        step = 0.15 if kind == "planks" else 0.2
        for start in np.arange(0, length, step):
            mesh.box([start + 0.06, 0, high / 2 + 0.04], [0.11 if kind == "picket" else 0.14, 0.025, high], "wood")
        for z in (0.35, high - 0.25):
            mesh.box([length / 2, 0.03, z], [length, 0.03, 0.09], "wood")
    else:
        for z in (0.48, 0.66):
            mesh.tube([[0, 0, z], [length, 0, z]], [0.075, 0.075], "steel", 8)
        for p in posts:
            mesh.box([p, 0.06, 0.36], [0.08, 0.12, 0.72], "steel")
    return mesh


def wall(rng: np.random.Generator, length: float) -> Mesh:
    """A garden or retaining wall along x with coping and piers. Slots: wall, coping."""
    mesh = Mesh()
    high = rng.uniform(1.0, 2.5)
    mesh.box([length / 2, 0, high / 2], [length, 0.30, high], "wall")
    mesh.box([length / 2, 0, high + 0.04], [length + 0.04, 0.42, 0.09], "coping")
    for p in np.arange(0, length + 0.1, rng.uniform(3, 5)):
        mesh.box([p, 0, high / 2 + 0.1], [0.45, 0.45, high + 0.2], "wall")
        mesh.box([p, 0, high + 0.24], [0.55, 0.55, 0.09], "coping")
    return mesh


def bollard() -> Mesh:
    """Slot: pole."""
    mesh = Mesh()
    mesh.tube([[0, 0, 0], [0, 0, 0.85], [0, 0, 0.95]], [0.07, 0.06, 0.03], "pole", 9)
    return mesh


def litter_bin() -> Mesh:
    """Slots: housing, pole."""
    mesh = Mesh()
    mesh.soft_box([0, 0, 0.48], [0.5, 0.5, 0.9], "housing", 5, 8, 14)
    mesh.soft_box([0, 0, 0.98], [0.56, 0.56, 0.14], "pole", 4, 6, 14)
    return mesh


def bench() -> Mesh:
    """Slots: wood, iron."""
    mesh = Mesh()
    for y in (0.0, 0.14, 0.28, 0.42):
        mesh.box([0, y, 0.45], [1.7, 0.11, 0.04], "wood")
    for z in (0.62, 0.76):
        mesh.box([0, 0.48, z], [1.7, 0.03, 0.11], "wood")
    for x in (-0.7, 0.7):
        mesh.box([x, 0.2, 0.22], [0.05, 0.45, 0.44], "iron")
        mesh.box([x, 0.49, 0.5], [0.05, 0.05, 0.7], "iron")
    return mesh


def shelter() -> Mesh:
    """A bus shelter, open towards -y. Slots: iron, pane, poster."""
    mesh = Mesh()
    for x in (-1.8, 1.8):
        for y in (-0.1, 1.2):
            mesh.box([x, y, 1.2], [0.08, 0.08, 2.4], "iron")
    mesh.box([0, 0.45, 2.45], [4.0, 1.7, 0.12], "iron")
    mesh.box([0, 1.2, 1.25], [3.5, 0.02, 1.9], "pane")
    mesh.box([1.8, 0.55, 1.25], [0.1, 1.2, 1.8], "poster")
    mesh.box([-0.2, 0.95, 0.5], [2.4, 0.35, 0.06], "iron")
    return mesh
