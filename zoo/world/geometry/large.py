"""Bus, truck and tram (metres, x forward, origin on the road)."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.loft import Body, loft, wheel
from zoo.world.geometry.mesh import Mesh


def bus(rng: np.random.Generator) -> Mesh:
    """A city bus. Same slots as a car."""
    length = float(rng.uniform(10.5, 12.2))
    x1 = length / 2
    mesh = Mesh()
    body = coach(length, rng.uniform(2.95, 3.15), 1.22, [-x1 + 3.2, x1 - 2.6], False, rng.uniform(1.25, 1.7))
    loft(mesh, body)
    cabin_fill(mesh, body, 1.22)
    for axle in body.axles:
        for s in (-1, 1):
            wheel(mesh, axle, s, 1.26, 0.48, 0.3)
    for x in (x1 - 1.15, 0.6):  # doors on the right
        mesh.box([x, -1.275, 1.25], [1.2, 0.03, 2.0], "dark")
        for half in (-0.29, 0.29):
            mesh.box([x + half, -1.285, 1.35], [0.46, 0.03, 1.6], "glass")
    mesh.box([x1 - 0.28, 0, 2.78], [0.12, 1.5, 0.24], "dark")
    mesh.box([x1 - 0.215, 0, 2.78], [0.02, 1.1, 0.15], "sign")
    mesh.soft_box([-x1 + 0.01, 0, 2.2], [0.06, 1.9, 0.9], "glass", 6, 6, 12)
    mesh.soft_box([-x1 + 0.02, 0, 0.95], [0.08, 1.8, 0.7], "dark", 6, 6, 12)
    for s in (-1, 1):
        mesh.soft_box([x1 - 0.03, s * 0.92, 0.72], [0.14, 0.34, 0.16], "headlight", 3, 6, 10)
        mesh.soft_box([-x1 + 0.03, s * 1.08, 1.2], [0.12, 0.16, 0.5], "taillight", 3, 6, 10)
        mesh.soft_box([x1 + 0.12, s * 1.36, 2.1], [0.16, 0.2, 0.42], "dark", 4, 6, 10)
    mesh.box([0, 0, 3.05], [length * 0.45, 1.6, 0.24], "paint")
    mesh.box([x1 + 0.02, 0, 0.55], [0.02, 0.5, 0.11], "plate")
    return mesh


def tram(rng: np.random.Generator) -> Mesh:
    """A tram of two or three sections with bellows, bogies and a pantograph."""
    mesh = Mesh()
    parts = int(rng.integers(2, 4))
    for i in range(parts):
        piece = Mesh()
        body = coach(9.2, 3.25, 1.15, [], True, 1.55)
        if 0 < i < parts - 1:
            body.screens = []
        loft(piece, body)
        cabin_fill(piece, body, 1.15)
        piece.box([0, 0, 0.32], [3.2, 2.3, 0.5], "dark")
        piece.box([0, 0, 3.4], [4.6, 1.6, 0.26], "rim")
        mesh.merge(piece, shift=((i - (parts - 1) / 2) * 9.5, 0, 0.05))
    half = parts * 4.75 - 0.15
    for i in range(parts - 1):
        mesh.box([(i - (parts - 2) / 2) * 9.5, 0, 1.75], [0.9, 2.2, 2.6], "dark")
    for s in (-1, 1):
        for y in (-0.8, 0.8):
            mesh.soft_box([s * (half - 0.06), y, 0.85], [0.14, 0.3, 0.16], "headlight" if s > 0 else "taillight", 3)
        mesh.box([s * (half - 0.42), 0, 2.95], [0.1, 1.3, 0.2], "sign")
    mesh.tube([[0.8, 0, 3.5], [-0.4, 0, 4.3], [0.5, 0, 5.0]], 0.03, "dark", 5)
    mesh.cylinder([0.5, -0.7, 5.0], [0.5, 0.7, 5.0], 0.03, 0.03, "dark", 5)
    return mesh


def truck(rng: np.random.Generator) -> Mesh:
    """A delivery lorry: cab, chassis, box or tarpaulin body."""
    mesh = Mesh()
    cargo = float(rng.uniform(4.0, 6.8))
    x1 = (cargo + 2.1) / 2
    cab0 = x1 - 1.95
    roof = rng.uniform(2.35, 2.85)
    cab = Body(
        top=[
            (cab0, roof - 0.08),
            (cab0 + 0.12, roof),
            (x1 - 0.75, roof),
            (x1 - 0.60, roof - 0.10),
            (x1 - 0.16, 1.42),
            (x1 - 0.06, 1.2),
            (x1, 0.9),
        ],
        belt=[(cab0, 1.42), (x1, 1.34)],
        plan=[(cab0, 1.10), (x1 - 0.5, 1.12), (x1, 1.02)],
        screens=[(x1 - 0.60, x1 - 0.14)],
        windows=[(cab0 + 0.55, x1 - 0.45)],
        seams=[cab0 + 0.50, x1 - 0.40],
        axles=[x1 - 1.0],
        wheel=0.42,
        sill=0.36,
        lean=0.12,
        crown=0.04,
    )
    loft(mesh, cab)
    mesh.box([x1 - 1.0, 0, 1.2], [1.7, 2.0, 0.06], "seat")
    for y in (-0.5, 0.5):
        mesh.soft_box([x1 - 1.35, y, 1.55], [0.2, 0.5, 0.8], "seat", 4)
        mesh.soft_box([x1 - 0.03, y * 1.6, 0.72], [0.14, 0.32, 0.2], "headlight", 3)
        mesh.soft_box([x1 - 0.35, y * 2.55, 1.75], [0.14, 0.22, 0.46], "dark", 4)
    mesh.soft_box([x1 - 0.01, 0, 1.0], [0.06, 1.2, 0.28], "dark", 6)
    mesh.soft_box([x1 - 0.02, 0, 0.48], [0.12, 2.0, 0.3], "dark", 6)
    back = cab0 - 0.15
    tall = rng.uniform(2.1, 2.6)
    mesh.soft_box([back - cargo / 2, 0, 0.98 + tall / 2], [cargo, 2.46, tall], "cargo", 40, 16, 32)
    mesh.box([back - cargo / 2 + 0.4, 0, 0.8], [cargo + 0.9, 0.9, 0.3], "dark")
    for s in (-1, 1):
        mesh.box([back - cargo / 2, s * 1.22, 0.99], [cargo, 0.05, 0.10], "dark")
        wheel(mesh, x1 - 1.0, s, 1.10, 0.42, 0.28)
        wheel(mesh, back - cargo + 1.15, s, 1.16, 0.42, 0.42)
        mesh.box([back - cargo - 0.02, s * 0.95, 0.85], [0.06, 0.35, 0.14], "taillight")
        mesh.box([back - cargo / 2 + 0.3, s * 1.15, 0.62], [cargo * 0.42, 0.03, 0.4], "dark")
    mesh.box([back - cargo - 0.02, 0, 0.66], [0.08, 2.2, 0.12], "dark")
    mesh.box([back - cargo - 0.012, 0, 0.98 + tall / 2], [0.015, 0.03, tall * 0.95], "dark")
    return mesh


def coach(length: float, height: float, belt: float, axles: list[float], both_ends: bool, pane: float) -> Body:
    """A long rounded box with a row of side windows and steep glass ends."""
    x0, x1 = -length / 2, length / 2
    front = [(x1 - 0.50, height), (x1 - 0.30, height - 0.12), (x1 - 0.07, belt - 0.05), (x1, belt - 0.45)]
    back = [(x0, belt - 0.45), (x0 + 0.07, belt - 0.05), (x0 + 0.30, height - 0.12), (x0 + 0.50, height)]
    if not both_ends:
        back = [(x0, height - 0.45), (x0 + 0.08, height - 0.12), (x0 + 0.3, height)]
    plan = [(x0, 1.20), (x0 + 0.4, 1.275), (x1 - 0.5, 1.275), (x1, 1.16)]
    edges = np.arange(x0 + 0.55, x1 - 0.75, pane)
    windows = [(a + 0.05, min(a + pane - 0.05, x1 - 0.42)) for a in edges]
    screens = [(x1 - 0.30, x1 - 0.04)] + ([(x0 + 0.04, x0 + 0.30)] if both_ends else [])
    return Body(
        top=back + front,
        belt=[(x0, belt), (x1, belt)],
        plan=plan,
        screens=screens,
        windows=windows,
        seams=[],
        axles=axles,
        wheel=0.48,
        sill=0.30,
        lean=0.05,
        crown=0.05,
        extra=list(np.linspace(x1 - 0.5, x1, 10)) + list(np.linspace(x0, x0 + 0.5, 10)),
    )


def cabin_fill(mesh: Mesh, body: Body, belt: float) -> None:
    """Floor, seats and dark ceiling behind the glass."""
    x0, x1 = body.top[0][0], body.top[-1][0]
    mesh.box([(x0 + x1) / 2, 0, belt - 0.25], [x1 - x0 - 0.9, 2.2, 0.04], "seat")
    mesh.box([(x0 + x1) / 2, 0, 0.62], [x1 - x0 - 0.6, 1.9, 0.6], "dark")
    for x in np.arange(x0 + 1.2, x1 - 1.6, 0.95):
        for y in (-0.75, 0.75):
            mesh.soft_box([x, y, belt + 0.05], [0.14, 0.86, 0.8], "seat", 4, 4, 8)
