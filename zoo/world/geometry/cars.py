"""Vehicles with lofted bodies: hatchback, sedan, estate, SUV, van (metres, x forward, origin on the road)."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.loft import Body, loft, smooth_profile, wheel
from zoo.world.geometry.mesh import Mesh

CAR_TYPES = ("hatchback", "sedan", "estate", "suv", "van", "city")


def car(rng: np.random.Generator, kind: str | None = None) -> Mesh:
    """One parked or driving car. Slots: paint glass dark tyre rim headlight taillight plate seat."""
    kind = kind or str(rng.choice(CAR_TYPES, p=[0.28, 0.20, 0.13, 0.22, 0.10, 0.07]))
    body = body_of(kind, rng)
    mesh = Mesh()
    loft(mesh, body)
    fittings(mesh, body, rng)
    interior(mesh, body, 2 * max(w for _, w in body.plan))
    if kind in ("estate", "suv") and rng.random() < 0.5:
        for s in (-1, 1):
            y = s * (body.plan[2][1] - body.lean - 0.13)
            z = max(z for _, z in body.top) + 0.02
            mesh.tube(
                [[-1.3, y, z - 0.06], [-1.1, y, z + 0.02], [0.3, y, z + 0.02], [0.5, y, z - 0.06]],
                0.018,
                "dark",
                5,
            )
    return mesh


def body_of(kind: str, rng: np.random.Generator) -> Body:
    """Curves of one car type with a little random variation."""
    long = {"hatchback": 4.15, "sedan": 4.70, "estate": 4.70, "suv": 4.55, "van": 5.2, "city": 3.60}[kind]
    wide = {"hatchback": 1.79, "sedan": 1.83, "estate": 1.83, "suv": 1.88, "van": 1.98, "city": 1.66}[kind]
    roof = {"hatchback": 1.47, "sedan": 1.44, "estate": 1.47, "suv": 1.66, "van": 1.97, "city": 1.50}[kind]
    long *= rng.uniform(0.97, 1.04)
    roof *= rng.uniform(0.98, 1.02)
    x0, x1 = -long / 2, long / 2
    tall = kind in ("suv", "van")
    bonnet = {"suv": 1.06, "van": 1.14, "city": 0.99}.get(kind, 0.95)
    belt = bonnet + (0.0 if tall else 0.02)
    cowl = x1 - {"van": 0.62, "city": 0.78, "suv": 1.15}.get(kind, 1.20)
    screen = {"van": 0.95, "city": 0.80}.get(kind, 0.92)
    head = cowl - screen
    back = {
        "sedan": (x0 + 0.62, x0 + 1.45),
        "estate": (x0 + 0.06, x0 + 0.62),
        "van": (x0 + 0.03, x0 + 0.16),
        "suv": (x0 + 0.06, x0 + 0.50),
        "city": (x0 + 0.04, x0 + 0.36),
    }.get(kind, (x0 + 0.06, x0 + 0.72))
    deck = belt + 0.08 if kind == "sedan" else belt + 0.04
    nose = bonnet - {"van": 0.16}.get(kind, 0.17)
    top = [
        (x0, deck - 0.10),
        (x0 + 0.03, deck),
        (back[0], deck + 0.02),
        (back[1], roof - 0.05),
        (back[1] + 0.35, roof - 0.01),
        (head - 0.55, roof),
        (head, roof - 0.04),
        (cowl, bonnet + 0.04),
        (x1 - 0.35, nose + 0.05),
        (x1 - 0.06, nose - 0.05),
        (x1, nose - 0.22),
    ]
    belts = [
        (x0, belt - 0.06),
        (x0 + 0.3, belt + 0.03),
        (cowl, belt),
        (x1 - 0.3, nose - 0.02),
        (x1, nose - 0.16),
    ]
    w = wide / 2
    plan = [
        (x0, w * 0.84),
        (x0 + 0.25, w * 0.93),
        (x0 + 0.9, w),
        (x1 - 1.0, w),
        (x1 - 0.35, w * 0.92),
        (x1, w * 0.82),
    ]
    pillar = (back[1] + head) / 2 + 0.05
    rear = back[0] + 0.42 * (back[1] - back[0]) + 0.10
    windows = [(rear, pillar - 0.05), (pillar + 0.05, cowl - 0.30)]
    if kind in ("estate", "suv"):
        windows = [(rear + 0.08, rear + 0.62), (rear + 0.70, pillar - 0.05), (pillar + 0.05, cowl - 0.30)]
    if kind == "van" and rng.random() < 0.6:
        windows = [(head - 0.62, cowl - 0.30)]
    seams = [windows[0][0] + 0.02, pillar, cowl - 0.22] if kind != "city" else [pillar, cowl - 0.22]
    if len(windows) == 1:
        seams = [head - 0.70, cowl - 0.22]
    return Body(
        top=top,
        belt=belts,
        plan=plan,
        screens=[(back[0] + 0.03, back[1] - 0.02), (head + 0.03, cowl - 0.02)],
        windows=windows,
        seams=seams,
        axles=[x0 + {"city": 0.55, "van": 1.0}.get(kind, 0.80), x1 - {"city": 0.62}.get(kind, 0.86)],
        wheel=0.36 if tall else 0.32,
        sill=0.28 if kind == "suv" else 0.21,
        lean=0.10 if kind == "van" else 0.17,
        trim="dark" if kind == "suv" or rng.random() < 0.2 else "paint",
    )


def fittings(mesh: Mesh, body: Body, rng: np.random.Generator) -> None:
    """Lamps, grille, plates, mirrors, handles, wheels."""
    x0, x1 = body.top[0][0], body.top[-1][0]
    width = 2 * max(w for _, w in body.plan)
    nose = smooth_profile(body.top, np.array([x1 - 0.08]))[0] - 0.02
    tail = smooth_profile(body.belt, np.array([x0 + 0.15]))[0]
    slim = rng.uniform(0.055, 0.085)
    for s in (-1, 1):
        mesh.soft_box([x1 - 0.10, s * width * 0.285, nose - 0.11], [0.30, 0.40, slim * 2.3], "headlight", 3, 6, 12)
        mesh.soft_box([x1 - 0.10, s * width * 0.285, nose - 0.11], [0.26, 0.45, slim * 2.3 + 0.04], "dark", 3, 6, 12)
        mesh.soft_box([x0 + 0.10, s * width * 0.365, tail - 0.10], [0.24, 0.30, slim * 2.6], "taillight", 3, 6, 12)
        mesh.soft_box([x1 - 0.05, s * width * 0.31, 0.38], [0.14, 0.24, 0.10], "dark", 3, 6, 12)
        cowl = body.windows[-1][1] - 0.16
        belt = smooth_profile(body.belt, np.array([cowl]))[0]
        mesh.soft_box([cowl, s * (width / 2 + 0.07), belt + 0.09], [0.12, 0.20, 0.15], "paint", 3, 6, 10)
        for seam in body.seams[:-1]:
            mesh.soft_box([seam + 0.16, s * (width / 2 - 0.005), belt - 0.13], [0.17, 0.05, 0.035], "paint", 3, 5, 8)
        for axle in body.axles:
            wheel(mesh, axle, s, width / 2 - 0.015, body.wheel)
    mesh.soft_box([x1 - 0.02, 0, nose - 0.15], [0.12, width * 0.40, 0.13], "dark", 5, 6, 14)
    mesh.soft_box([x1 - 0.03, 0, 0.38], [0.10, width * 0.56, 0.16], "dark", 5, 6, 14)
    mesh.box([x1 + 0.012, 0, 0.46], [0.02, 0.50, 0.11], "plate")
    mesh.box([x0 - 0.012, 0, tail - 0.22], [0.02, 0.50, 0.11], "plate")
    mesh.soft_box([x0 + 0.04, 0, 0.34], [0.12, width * 0.80, 0.18], "dark", 5, 6, 14)
    mesh.soft_box([x0 + 0.015, 0, 0.50], [0.06, width * 0.86, 0.025], "dark", 5, 6, 14)
    mesh.soft_box(
        [x0 + 0.02, 0, tail - 0.11],
        [0.05, width * 0.62, 0.035],
        "taillight" if rng.random() < 0.25 else "rim",
        5,
        6,
        14,
    )
    mesh.soft_box([x1 + 0.01, 0, nose - 0.15], [0.10, 0.14, 0.05], "rim", 3, 6, 10)
    underbody(mesh, body, width)


def underbody(mesh: Mesh, body: Body, width: float) -> None:
    """A dark floor and wheel housings, so that nobody looks through the arches."""
    x0, x1 = body.top[0][0] + 0.12, body.top[-1][0] - 0.12
    tall = min(z for _, z in body.belt) - body.sill - 0.12
    mesh.box([(x0 + x1) / 2, 0, body.sill + tall / 2], [x1 - x0, width - 0.52, tall], "dark")


def interior(mesh: Mesh, body: Body, width: float) -> None:
    """Dark seats, dashboard and steering wheel."""
    a, b = body.windows[0][0], body.windows[-1][1]
    belt = float(np.mean([z for _, z in body.belt]))
    mesh.box([(a + b) / 2, 0, belt - 0.16], [b - a, width - 0.3, 0.04], "seat")
    front = b - 1.05
    for row in [front, front - 0.95] if b - a > 1.6 else [front]:
        for y in (-0.36, 0.36):
            mesh.soft_box([row, y, belt + 0.02], [0.16, 0.46, 0.60], "seat", 3.5, 6, 10)
            mesh.soft_box([row - 0.03, y, belt + 0.36], [0.11, 0.26, 0.18], "seat", 3.0, 6, 10)
    mesh.soft_box([b - 0.22, 0, belt - 0.06], [0.5, width - 0.34, 0.22], "seat", 4, 6, 12)
    turn = np.linspace(0, 2 * np.pi, 13)
    ring = np.stack(
        [front + 0.52 + 0.05 * np.sin(turn), 0.36 + 0.17 * np.cos(turn), belt + 0.08 + 0.16 * np.sin(turn)],
        -1,
    )
    mesh.tube(ring, 0.016, "dark", 5, False)
