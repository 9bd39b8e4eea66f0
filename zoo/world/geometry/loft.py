"""Vehicle bodies lofted from a few curves, and their wheels (metres, x forward)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from zoo.world.geometry.mesh import Mesh


@dataclass
class Body:
    """The curves that a car body is lofted from. All profiles are lists of (x, value) in metres."""

    top: list[tuple[float, float]]  # centre line: bonnet, screens, roof
    belt: list[tuple[float, float]]  # lower edge of the side windows
    plan: list[tuple[float, float]]  # half width
    screens: list[tuple[float, float]]  # x ranges where the top surface is glass
    windows: list[tuple[float, float]]  # x ranges of the side glass
    seams: list[float]  # x of the door gaps
    axles: list[float]
    wheel: float = 0.33  # wheel radius
    sill: float = 0.22
    lean: float = 0.17  # how much narrower the roof is than the belt, each side
    crown: float = 0.05
    trim: str = "paint"  # slot of the lower body edge
    extra: list[float] = field(default_factory=list)


def loft(mesh: Mesh, body: Body) -> None:
    """The painted shell with its glass: one grid of stations along x times rows around the section."""
    x0, x1 = body.top[0][0], body.top[-1][0]
    arch = body.wheel * 1.16
    knots = [x0, x0 + 0.02, x0 + 0.06, x0 + 0.12, x1 - 0.12, x1 - 0.06, x1 - 0.02, x1, *body.extra]
    knots += list(np.linspace(x0 + 0.2, x1 - 0.2, 26))
    for axle in body.axles:
        knots += list(axle + arch * np.cos(np.linspace(0, np.pi, 13)))
    for a, b in body.windows + body.screens:
        knots += [a, b]
    for seam in body.seams:
        knots += [seam - 0.011, seam + 0.011]
    x = np.unique(np.round(np.clip(knots, x0, x1), 3))
    top = smooth_profile(body.top, x)
    belt = smooth_profile(body.belt, x)
    half = smooth_profile(body.plan, x, 0.16)
    ends = np.minimum(np.clip((x - x0) / 0.10, 0, 1), np.clip((x1 - x) / 0.10, 0, 1))
    ends = np.sqrt(np.clip(1 - (1 - ends) ** 2, 0, 1))
    half = half * (0.90 + 0.10 * ends)
    low = body.sill + 0.10 * (1 - ends)
    for axle in body.axles:
        inside = arch**2 - (x - axle) ** 2
        low = np.where(inside > 0, np.maximum(low, body.wheel + np.sqrt(np.maximum(inside, 0))), low)
    belt = np.maximum(np.minimum(belt, top - 0.03), low + 0.05)
    cabin = np.clip((top - belt - 0.06) / 0.30, 0, 1)
    lean = body.lean * cabin * np.clip((top - belt) / 0.5, 0, 1)

    def lift(t: float) -> np.ndarray:
        return low + (belt - low) * t

    rows = [
        (half * 0.86, low),
        (half * 0.975, lift(0.03)),
        (half * 0.995, lift(0.25)),
        (half, lift(0.55)),
        (half * 0.985, lift(0.62)),
        (half * 0.985, lift(0.88)),
        (half * 0.955, lift(0.98)),
        (half * 0.925, belt + 0.012),
    ]
    rise = top - belt
    rows += [
        (half * 0.93 - lean - 0.11 * (1 - cabin) * half, belt + rise * (0.62 + 0.22 * cabin)),
        (half * 0.91 - lean - 0.05 - 0.17 * (1 - cabin) * half, belt + rise * (0.82 + 0.11 * cabin)),
        (half * 0.45, top),
        (half * 0.0, top + body.crown * cabin * 0.6),
    ]
    rows[9] = (rows[9][0], np.minimum(rows[9][1], top - 0.012))
    side = np.stack([np.stack([x, y, z], -1) for y, z in rows], 1)
    mirror = side[:, -2::-1] * np.array([1, -1, 1])
    points = np.concatenate([side, mirror], 1)
    columns = points.shape[1] - 1
    middle = (x[:-1] + x[1:]) / 2
    pillars = body.windows[0][0], body.windows[-1][1]

    def paint(station: int, column: int) -> str:
        row = min(column, columns - 1 - column)
        xm = middle[station]
        if row == 7 and in_ranges(xm, body.windows):
            return "glass"
        if row >= 9 and in_ranges(xm, body.screens):
            return "glass"
        if 1 <= row <= 6 and any(abs(xm - seam) < 0.012 for seam in body.seams):
            return "dark"
        if row == 6 and body.windows[0][0] < xm < body.windows[-1][1]:
            return "dark"
        if row == 7 and pillars[0] < xm < pillars[1]:
            return "dark"
        return body.trim if row <= 1 else "paint"

    mesh.grid(points, paint)
    for end, order in ((points[0], -1), (points[-1], 1)):
        mesh.add(end, [list(range(len(end)))[::order]], "paint")


def wheel(mesh: Mesh, x: float, side: float, y: float, radius: float, width: float = 0.22) -> None:
    """A tyre with a rounded shoulder, rim and five spokes; y is the outer face, side is +1 or -1."""
    across = np.array([-width, -width * 0.92, -0.03, 0.0, 0.0, -0.02, -0.05])
    radii = np.array([0.7, 0.97, 1.0, 0.95, 0.70, 0.66, 0.64]) * radius
    path = np.stack([np.full(7, x), side * (y + across), np.full(7, radius)], -1)
    turn = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    ring = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], -1)
    points = path[:, None] + ring[None] * radii[:, None, None]
    mesh.grid(points, lambda row, _: "tyre" if row < 4 else "rim", wrap=True, flip=side < 0)
    hub = np.array([x, side * (y - 0.05), radius])
    mesh.add(points[-1], [list(range(20))], "dark")
    for angle in np.arange(5) * 2 * np.pi / 5 + x:
        out = np.array([np.cos(angle), 0, np.sin(angle)])
        edge = np.array([-np.sin(angle), 0, np.cos(angle)]) * radius * 0.13
        face = np.array([0, side * 0.015, 0])
        mesh.quad(
            [
                hub - edge + face,
                hub + edge + face,
                hub + out * radius * 0.66 + edge * 0.8 + face,
                hub + out * radius * 0.66 - edge * 0.8 + face,
            ],
            "rim",
        )
    mesh.cylinder(hub, hub + np.array([0, side * 0.03, 0]), radius * 0.17, radius * 0.14, "rim", 10)


def smooth_profile(knots: list[tuple[float, float]], x: np.ndarray, soften: float = 0.10) -> np.ndarray:
    """Piecewise linear curve through the knots, its corners rounded over +-`soften` metres."""
    px, pz = np.array(knots, float).T
    offsets = np.linspace(-soften, soften, 7)
    weights = np.array([1, 2, 3, 4, 3, 2, 1.0])
    samples = np.stack([np.interp(x + o, px, pz) for o in offsets])
    return (weights[:, None] * samples).sum(0) / weights.sum()


def in_ranges(x: float, ranges: list[tuple[float, float]]) -> bool:
    """True where x lies in one of the ranges."""
    return any(a < x < b for a, b in ranges)
