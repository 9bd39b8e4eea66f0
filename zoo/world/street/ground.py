"""Road, markings, pavements, verges and side street of a street plan."""

from __future__ import annotations

import numpy as np

from zoo.world.blender import upload
from zoo.world.geometry.mesh import Mesh
from zoo.world.nodes import Materials
from zoo.world.placer import Placer
from zoo.world.street.plan import END, START, StreetPlan

PIECE = 8.0  # longest straight piece of ground (metres)
SIDE_REACH = 150.0  # how far the side street runs (metres)


def lay(plan: StreetPlan, placer: Placer, materials: Materials, rng: np.random.Generator) -> None:
    """Upload all ground surfaces. Materials: asphalt paint iron paving kerb lawn rail."""
    road, walk, green = Mesh(), Mesh(), Mesh()
    flat(road, START, END + 40, plan.kerb(-1), plan.kerb(1), 0.0, "asphalt")
    markings(road, plan, rng)
    if plan.crossing is not None:
        c, w = plan.crossing, plan.side_width / 2
        for side in (-1, 1):
            flat(road, c - w, c + w, plan.kerb(side), side * SIDE_REACH, 0.0, "asphalt")
    if plan.tram:
        for y in (plan.lane / 2, -plan.lane / 2):
            for rail in (-0.72, 0.72):
                flat(road, START, END, y + rail - 0.05, y + rail + 0.05, 0.010, "rail")
    for x0, x1 in spans(plan):
        for i, side in enumerate((1, -1)):
            kerb, verge, front = plan.kerb(side), plan.verge[i], plan.front(side)
            kerbed(walk, x0, x1, kerb, front, "paving")
            if verge:
                flat(green, x0 + 1.0, x1 - 1.0, kerb + side * 0.18, kerb + side * verge, 0.155, "lawn")
    if plan.crossing is not None:
        for edge in (-1, 1):
            x0 = plan.crossing + edge * plan.side_width / 2
            for side in (-1, 1):
                flat(walk, x0, x0 + edge * 2.2, plan.front(side), side * SIDE_REACH, 0.14, "paving")
                a, b = plan.front(side), side * SIDE_REACH
                walk.quad([[x0, a, 0], [x0, b, 0], [x0, b, 0.14], [x0, a, 0.14]], "kerb")
    flat(green, -900, 2600, -1500, 1500, -0.06, "lawn")
    for mesh in (road, walk, green):
        mesh.move(placer.bend.points)
    placer.ground(upload("road", road, materials), "road")
    placer.ground(upload("walk", walk, materials), "sidewalk")
    placer.ground(upload("green", green, materials), "terrain")


def spans(plan: StreetPlan) -> list[tuple[float, float]]:
    """The x ranges that the side street leaves for pavements and buildings."""
    if plan.crossing is None:
        return [(START, END)]
    return [(START, plan.crossing - plan.side_width / 2), (plan.crossing + plan.side_width / 2, END)]


def markings(mesh: Mesh, plan: StreetPlan, rng: np.random.Generator) -> None:
    """Lane lines, zebra, stop line, arrows and parking bays."""
    z = 0.008
    dashed = rng.random() < 0.7

    def line(x0: float, x1: float, y: float, wide: float) -> None:
        cuts = [x0]
        if plan.crossing is not None:
            cuts += [plan.crossing - plan.side_width / 2 - 1, plan.crossing + plan.side_width / 2 + 1]
        cuts.append(x1)
        for a, b in zip(cuts[::2], cuts[1::2], strict=True):
            flat(mesh, a, b, y - wide / 2, y + wide / 2, z, "paint")

    for k in range(-plan.lanes + 1, plan.lanes):
        y = k * plan.lane
        if k == 0 and not dashed:
            line(START, END, y - 0.11, 0.11)
            line(START, END, y + 0.11, 0.11)
            continue
        for x in np.arange(START + rng.uniform(0, 6), END, 7.5):
            if not plan.blocked(x + 1.5, 2.0):
                flat(mesh, x, x + 3, y - 0.07, y + 0.07, z, "paint")
    for side in (-1, 1):
        if rng.random() < 0.6:
            line(START, END, side * (plan.half + 0.05), 0.12)
        if plan.parking[0 if side > 0 else 1] and rng.random() < 0.4:
            for x in np.arange(START, END, 5.9):
                if not plan.blocked(x, 1.0):
                    flat(mesh, x, x + 0.1, side * plan.half, side * (plan.half + 2.0), z, "paint")
    if plan.zebra is not None:
        for y in np.arange(plan.kerb(-1) + 0.4, plan.kerb(1) - 0.6, 1.0):
            flat(mesh, plan.zebra - 1.7, plan.zebra + 1.7, y, y + 0.5, z, "paint")
        flat(mesh, plan.zebra - 3.4, plan.zebra - 3.0, plan.kerb(-1) + 0.3, -0.1, z, "paint")
    for _ in range(int(rng.integers(1, 5))):
        x, y = rng.uniform(3, 60), rng.uniform(-plan.half, plan.half)
        turn = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = np.stack([x + 0.32 * np.cos(turn), y + 0.32 * np.sin(turn), 0 * turn + z * 0.8], -1)
        mesh.add(ring, [list(range(16))], "iron")


def kerbed(mesh: Mesh, x0: float, x1: float, y0: float, y1: float, slot: str) -> None:
    """A raised strip with kerb stones along both x edges (y0 is the kerb)."""
    flat(mesh, x0, x1, y0, y1, 0.14, slot)
    side = np.sign(y1 - y0)
    flat(mesh, x0, x1, y0, y0 + side * 0.16, 0.143, "kerb")
    kerb_face(mesh, x0, x1, y0, 0, 0.143)
    for x in (x0, x1):
        mesh.quad([[x, y0, 0], [x, y1, 0], [x, y1, 0.143], [x, y0, 0.143]], "kerb")


def kerb_face(mesh: Mesh, x0: float, x1: float, y: float, low: float, high: float) -> None:
    """A vertical strip along x."""
    x = np.unique(np.concatenate([[x0], np.arange(np.ceil(x0 / PIECE) * PIECE, x1, PIECE), [x1]]))
    mesh.grid(np.stack([np.stack([x, 0 * x + y, 0 * x + z], -1) for z in (low, high)], 1), "kerb", smooth=False)


def flat(mesh: Mesh, x0: float, x1: float, y0: float, y1: float, z: float, slot: str) -> None:
    """A horizontal rectangle facing up, cut along x so that it can be bent."""
    (x0, x1), (y0, y1) = sorted((x0, x1)), sorted((y0, y1))
    near = np.arange(np.ceil(max(x0, -64) / PIECE) * PIECE, min(x1, 336), PIECE)
    x = np.unique(np.concatenate([[x0], near, [x1]]))
    rows = np.stack([np.stack([x, 0 * x + y, 0 * x + z], -1) for y in (y0, y1)], 1)
    mesh.grid(rows, slot, flip=True, smooth=False)
