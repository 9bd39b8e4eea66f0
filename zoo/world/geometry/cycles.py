"""Bicycles, motorcycles, scooters and the poses of their riders (metres, x forward)."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.mesh import Mesh
from zoo.world.geometry.people import Seat


def bicycle(rng: np.random.Generator) -> Mesh:
    """Slots: frame tyre rim seat dark."""
    mesh = Mesh()
    radius = 0.34
    rear, front = np.array([-0.52, 0, radius]), np.array([0.53, 0, radius])
    crank, saddle = np.array([-0.08, 0, 0.29]), np.array([-0.22, 0, 0.88])
    head = np.array([0.36, 0, 0.84])
    for hub in (rear, front):
        hoop(mesh, hub[0], radius, 0.022, "tyre")
        for angle in np.linspace(0, np.pi, 7)[:-1]:
            arm = np.array([np.cos(angle), 0, np.sin(angle)]) * (radius - 0.03)
            mesh.cylinder(hub - arm, hub + arm, 0.004, 0.004, "rim", 3, False)
    drop = rng.choice([0.0, 0.28])
    tubes = [
        (crank, saddle),
        (crank, head - [-0.02, 0, 0.14]),
        (saddle - [0, 0, 0.14 + drop], head - [0, 0, drop * 1.3 + 0.04]),
        (crank, rear),
        (saddle - [0, 0, 0.14], rear),
        (head + np.array([-0.03, 0, 0.12]), front),
    ]
    for a, b in tubes:
        mesh.cylinder(a, b, 0.020, 0.018, "frame", 6)
    mesh.soft_box(saddle + np.array([0, 0, 0.04]), [0.26, 0.15, 0.07], "seat", 2.6, 6, 10)
    bar = head + np.array([-0.02, 0, 0.17])
    mesh.tube(
        [
            bar + np.array([-0.1, -0.28, 0]),
            bar + np.array([0.02, -0.14, 0]),
            bar + np.array([0.02, 0.14, 0]),
            bar + np.array([-0.1, 0.28, 0]),
        ],
        0.014,
        "dark",
        6,
    )
    for s in (-1, 1):
        mesh.box(crank + np.array([s * 0.12, s * 0.11, -s * 0.11]), [0.10, 0.09, 0.025], "dark")
        mesh.cylinder(
            crank + np.array([0, s * 0.06, 0]),
            crank + np.array([s * 0.12, s * 0.07, -s * 0.11]),
            0.012,
            0.012,
            "rim",
            5,
        )
    for hub, start in ((rear, 0.3), (front, 0.5)):
        turn = np.linspace(start, np.pi - 0.25, 9)
        mesh.tube(hub + np.stack([np.cos(turn), 0 * turn, np.sin(turn)], -1) * 0.365, 0.02, "frame", 5, True)
    if rng.random() < 0.4:
        mesh.soft_box([0.62, 0, 0.88], [0.30, 0.36, 0.24], "dark", 5, 6, 12)
    return mesh


def bicycle_seat(rng: np.random.Generator) -> Seat:
    """Where a cyclist's hips, hands and feet go."""
    return Seat(
        hip=[-0.22, 0, 1.02],
        lean=rng.uniform(0.2, 0.55),
        hands=[[0.24, -0.27, 1.02], [0.24, 0.27, 1.02]],
        feet=[[-0.20, -0.12, 0.44], [0.04, 0.12, 0.26]],
        helmet=rng.random() < 0.45,
    )


def motorcycle(rng: np.random.Generator) -> Mesh:
    """A motorcycle or scooter. Slots: paint tyre rim seat dark headlight taillight plate."""
    mesh = Mesh()
    scooter = rng.random() < 0.45
    radius = 0.25 if scooter else 0.31
    rear, front = -0.62, 0.66 if not scooter else 0.62
    for x in (rear, front):
        hoop(mesh, x, radius, 0.065, "tyre")
        mesh.cylinder([x, -0.04, radius], [x, 0.04, radius], radius * 0.62, radius * 0.62, "rim", 14)
    for y in (-0.09, 0.09):
        mesh.cylinder([front, y, radius], [front - 0.26, y, 0.98], 0.026, 0.03, "rim", 7)
    mesh.tube([[0.28, -0.36, 1.03], [0.36, -0.15, 1.05], [0.36, 0.15, 1.05], [0.28, 0.36, 1.03]], 0.018, "dark", 6)
    mesh.soft_box([front - 0.18, 0, 0.88], [0.16, 0.2, 0.2], "headlight", 2.4)
    mesh.soft_box([front, 0, radius * 1.9], [0.5, 0.16, 0.12], "paint", 2.5)
    if scooter:
        mesh.soft_box([0.33, 0, 0.66], [0.16, 0.42, 0.62], "paint", 3)
        mesh.soft_box([0.05, 0, 0.26], [0.7, 0.34, 0.12], "paint", 3)
        mesh.soft_box([-0.42, 0, 0.52], [0.85, 0.36, 0.46], "paint", 2.6)
        mesh.soft_box([-0.36, 0, 0.78], [0.75, 0.30, 0.14], "seat", 2.8)
        if rng.random() < 0.4:
            mesh.soft_box([-0.82, 0, 1.02], [0.42, 0.42, 0.38], "dark", 4)
    else:
        mesh.soft_box([0.12, 0, 0.82], [0.56, 0.30, 0.28], "paint", 2.6)
        mesh.soft_box([-0.42, 0, 0.82], [0.72, 0.27, 0.13], "seat", 2.8)
        mesh.soft_box([-0.70, 0, 0.78], [0.4, 0.2, 0.16], "paint", 2.4)
        mesh.soft_box([0.02, 0, 0.48], [0.56, 0.32, 0.40], "dark", 3)
        mesh.tube([[0.2, -0.16, 0.32], [-0.2, -0.19, 0.28], [-0.85, -0.2, 0.42]], [0.03, 0.04, 0.06], "rim", 8)
        mesh.cylinder([rear, 0.09, radius], [-0.1, 0.12, 0.42], 0.03, 0.03, "dark", 6)
    mesh.box([-0.92, 0, 0.70], [0.06, 0.16, 0.07], "taillight")
    mesh.box([-0.95, 0, 0.55], [0.015, 0.2, 0.15], "plate")
    for s in (-1, 1):
        mesh.ellipsoid([0.30, s * 0.34, 1.16], [0.02, 0.06, 0.045], "dark", 5, 8)
    return mesh


def motorcycle_seat(rng: np.random.Generator) -> Seat:
    """Where a motorcyclist's hips, hands and feet go."""
    return Seat(
        hip=[-0.30, 0, 0.95],
        lean=rng.uniform(0.1, 0.35),
        hands=[[0.27, -0.33, 1.05], [0.27, 0.33, 1.05]],
        feet=[[0.02, -0.22, 0.36], [0.02, 0.22, 0.36]],
        helmet=True,
    )


def hoop(mesh: Mesh, x: float, radius: float, thick: float, slot: str) -> None:
    """A tyre ring standing in the xz plane."""
    turn = np.linspace(0, 2 * np.pi, 25)
    reach = radius - thick
    ring = np.stack([x + reach * np.cos(turn), 0 * turn, radius + reach * np.sin(turn)], -1)
    small = np.linspace(0, 2 * np.pi, 6, endpoint=False)
    out = np.stack([np.cos(turn), 0 * turn, np.sin(turn)], -1)
    points = ring[:, None] + out[:, None] * np.cos(small)[None, :, None] * thick
    points = points + np.array([0, 1.0, 0]) * np.sin(small)[None, :, None] * thick
    mesh.grid(points, slot, wrap=True)
