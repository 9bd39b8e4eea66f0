"""People from smooth tubes on a small skeleton (metres, x forward, origin between the feet)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zoo.world.geometry.mesh import Mesh, unit


@dataclass
class Seat:
    """Where the body of a rider goes."""

    hip: list[float]
    lean: float  # radians forward
    hands: list[list[float]]  # right, left
    feet: list[list[float]]
    helmet: bool


def person(rng: np.random.Generator, seat: Seat | None = None) -> Mesh:
    """A pedestrian, or the rider of a seat. Slots: skin top legs shoes hair bag helmet."""
    mesh = Mesh()
    pose = str(rng.choice(["walk", "stand", "phone"], p=[0.6, 0.28, 0.12])) if seat is None else "ride"
    tall = rng.normal(1.72, 0.09)
    if rng.random() < 0.06 and seat is None:
        tall = rng.uniform(1.1, 1.4)
    k = tall / 1.80
    stout = rng.uniform(0.88, 1.22) * k
    thigh, shin, arm, fore = 0.45 * k, 0.45 * k, 0.30 * k, 0.27 * k
    dress = str(rng.choice(["trousers", "skirt", "coat", "shorts"], p=[0.62, 0.10, 0.18, 0.10]))
    if seat is not None:
        dress = "trousers"
    lean = 0.03
    stride = 0.0
    if pose == "walk":
        stride = rng.uniform(0.18, 0.36) * k * rng.choice([-1, 1])
    hip = np.array([0, 0, 0.975 * k - abs(stride) * 0.14])
    if seat is not None:
        hip, lean = np.array(seat.hip), seat.lean
    chest = hip + np.array([np.sin(lean), 0, np.cos(lean)]) * 0.50 * k
    legs_slot = ("legs", "skin" if dress in ("shorts", "skirt") else "legs")
    for i, s in enumerate((-1, 1)):
        swing = s * stride
        lift = 0.10 * k if swing < -0.08 else 0.0
        foot = np.array([swing, s * 0.10 * k, 0.09 + lift])
        if seat is not None:
            foot = np.array(seat.feet[i])
        limb(
            mesh,
            hip + np.array([0, s * 0.085 * k, 0.02]),
            foot,
            thigh,
            shin,
            [1, s * 0.08, 0.05],
            (0.092 * stout, 0.062 * stout, 0.045 * stout),
            legs_slot,
        )
        mesh.soft_box(
            foot + np.array([0.06, 0, -0.045 + (0.03 if lift else 0)]), [0.27 * k, 0.095, 0.09], "shoes", 2.6, 6, 10
        )
        shoulder = chest + np.array([0, s * 0.195 * stout, -0.04 * k])
        if seat is not None:
            hand = np.array(seat.hands[i])
        elif pose == "phone" and s > 0:
            hand = chest + np.array([0.27 * k, s * 0.07, -0.02])
        elif pose == "stand" and rng.random() < 0.3:
            hand = chest + np.array([0.14, s * 0.15, -0.38 * k])
        else:
            hand = chest + np.array([-swing * 0.8 + 0.05, s * 0.27 * stout, -0.53 * k])
        bare = "skin" if dress == "shorts" or rng.random() < 0.12 else "top"
        limb(
            mesh,
            shoulder,
            hand,
            arm,
            fore,
            [-0.8, s * 0.5, -0.3],
            (0.056 * stout, 0.045 * stout, 0.034),
            ("top", bare),
        )
        mesh.ellipsoid(hand + np.array([0.01, 0, -0.03]), [0.045, 0.03, 0.065], "skin", 5, 8)
    torso(mesh, hip, chest, stout, k, dress, seat is None, stride)
    head(mesh, chest, k, rng, seat)
    carry(mesh, chest, hip, k, rng, pose, seat)
    return mesh


def torso(
    mesh: Mesh, hip: np.ndarray, chest: np.ndarray, stout: float, k: float, dress: str, upright: bool, stride: float
) -> None:
    """Pelvis to shoulders, and a coat or skirt below."""
    t = np.array([-0.13, -0.02, 0.18, 0.55, 0.85, 1.0, 1.09])[:, None]
    path = hip + (chest - hip) * t
    mesh.tube(path[:3], np.array([0.12, 0.165, 0.155]) * stout, "legs" if dress != "coat" else "top", 12, True, 0.72)
    mesh.tube(path[1:], np.array([0.172, 0.160, 0.180, 0.212, 0.200, 0.085]) * stout, "top", 12, True, 0.68)
    if upright and dress in ("coat", "skirt"):
        low = 0.48 if dress == "coat" else 0.42
        slot = "top" if dress == "coat" else "legs"
        levels = np.array([0.12, 0.0, -low * 0.5 * k, -low * k])
        skirt = hip + np.stack([0 * levels, 0 * levels, levels], -1)
        wide = 0.16 + 0.06 * (dress == "skirt") + abs(stride) * 0.25
        mesh.tube(skirt, np.array([0.168, 0.178, 0.9 * wide + 0.02, wide + 0.02]) * stout, slot, 12, True, 0.85)


def head(mesh: Mesh, chest: np.ndarray, k: float, rng: np.random.Generator, seat: Seat | None) -> None:
    """Neck, skull, hair or helmet."""
    base = chest + np.array([0.0, 0, 0.02])
    mesh.cylinder(base, base + np.array([0.02, 0, 0.12 * k]), 0.058, 0.050, "skin", 8, False)
    skull = base + np.array([0.035, 0, 0.215 * k])
    mesh.ellipsoid(skull, [0.100, 0.082, 0.125], "skin", 8, 12)
    mesh.ellipsoid(skull + np.array([0.088, 0, -0.015]), [0.02, 0.014, 0.02], "skin", 4, 6)
    if seat is not None and seat.helmet:
        mesh.ellipsoid(skull + np.array([-0.01, 0, 0.035]), [0.13, 0.115, 0.125], "helmet", 8, 12)
        return
    mesh.ellipsoid(skull + np.array([-0.022, 0, 0.03]), [0.103, 0.091, 0.118], "hair", 8, 12)
    style = rng.random()
    if style < 0.3:
        mesh.ellipsoid(skull + np.array([-0.05, 0, -0.09]), [0.06, 0.085, 0.14], "hair", 6, 10)
    elif style < 0.42:
        mesh.soft_box(skull + np.array([0.01, 0, 0.075]), [0.24, 0.19, 0.11], "bag", 3, 6, 10)


def carry(
    mesh: Mesh, chest: np.ndarray, hip: np.ndarray, k: float, rng: np.random.Generator, pose: str, seat: Seat | None
) -> None:
    """A backpack, shoulder bag, hand bag or phone."""
    kind = rng.random()
    if kind < 0.24:
        mesh.soft_box(chest + np.array([-0.2, 0, -0.2 * k]), [0.17, 0.30, 0.42], "bag", 3, 8, 12)
    elif seat is None and kind < 0.42:
        mesh.soft_box(hip + np.array([-0.02, 0.24, 0.02]), [0.30, 0.10, 0.24], "bag", 3.5, 6, 10)
        mesh.tube(
            [hip + np.array([0, 0.24, 0.1]), chest + np.array([0.09, 0.05, -0.2]), chest + np.array([0, -0.13, 0.02])],
            0.015,
            "bag",
            5,
        )
    elif seat is None and kind < 0.52:
        mesh.soft_box(hip + np.array([0.05, -0.28, -0.22]), [0.30, 0.10, 0.30], "bag", 4, 6, 10)
    if pose == "phone":
        mesh.box(chest + np.array([0.29 * k, 0.07, 0.03]), [0.012, 0.075, 0.15], "shoes")


def limb(
    mesh: Mesh,
    a: np.ndarray,
    b: np.ndarray,
    upper: float,
    lower: float,
    bend: Sequence[float],
    radii: tuple[float, float, float],
    slots: tuple[str, str],
) -> None:
    """Two tapered bones from a towards b, of lengths `upper` and `lower`; radii at start, joint, end."""
    joint = middle_joint(a, b, upper, lower, np.asarray(bend, float))
    r0, r1, r2 = radii
    mesh.tube([a, a * 0.6 + joint * 0.4, joint], [r0, r0 * 0.55 + r1 * 0.5, r1], slots[0], 8, False)
    mesh.ellipsoid(joint, r1 * 1.02, slots[0], 4, 8)
    end = joint + unit(b - joint) * lower
    mesh.tube([joint, joint * 0.6 + end * 0.4, end], [r1, r1 * 1.02, r2], slots[1], 8)


def middle_joint(a: np.ndarray, b: np.ndarray, upper: float, lower: float, bend: np.ndarray) -> np.ndarray:
    """Knee or elbow between a and b for two bone lengths, bent towards `bend`."""
    line = b - a
    distance = min(float(np.linalg.norm(line)), (upper + lower) * 0.999)
    along = unit(line)
    reach = (upper**2 - lower**2 + distance**2) / (2 * distance)
    side = unit(bend - along * float(bend @ along))
    return a + along * reach + side * np.sqrt(max(upper**2 - reach**2, 0.0))
