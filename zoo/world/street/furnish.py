"""Lamps, street trees, signs, traffic lights, bollards, bins, benches and shelters."""

from __future__ import annotations

import numpy as np

from zoo.world.blender import upload
from zoo.world.geometry import furniture as f
from zoo.world.street.fill import Street
from zoo.world.street.plan import START


def furnish(street: Street) -> None:
    """Everything along the kerbs."""
    plan, r, put = street.plan, street.rng, street.placer.put
    lamp = upload("lamp", f.lamp(r), street.metal, 40)
    step = r.uniform(20, 34)
    between = r.uniform(8, 15)
    signs = [upload("sign", f.sign(r), street.metal, 40) for _ in range(4)]
    for i, side in enumerate((1, -1)):
        kerb = plan.kerb(side)
        for x in np.arange(START + r.uniform(0, 20), 230, step):
            if not plan.blocked(x, 2) and not 0 < x < 5:
                put(lamp, "pole", (x, kerb + side * 0.45, 0.14), 0 if side > 0 else np.pi)
        if plan.trees[i]:
            for x in np.arange(START + r.uniform(0, between), 225, between):
                if r.random() < 0.88 and not plan.blocked(x, 4):
                    street.plant(
                        plan.habit,
                        x + r.uniform(-0.8, 0.8),
                        kerb + side * 0.95,
                        r.uniform(0.65, 0.95) * {"oak": 0.72, "poplar": 0.75}.get(plan.habit, 1.0),
                    )
        for _ in range(int(r.integers(2, 5))):
            put(signs[r.integers(4)], "pole", (r.uniform(6, 55), kerb + side * 0.4, 0.14), r.normal(0, 0.08))
        guard = r.random()
        if guard < 0.22:
            made = upload("guard", f.fence(r, 9.0), street.metal)
            for x in np.arange(r.uniform(4, 14), 58, 9.0):
                if not plan.blocked(x + 4.5, 5.5):
                    put(made, "fence", (x, kerb + side * 0.3, 0.14))
        elif guard < 0.46:
            made = upload("bollard", f.bollard(), street.metal)
            for x in np.arange(4, 60, 1.8):
                if not plan.blocked(x, 0):
                    put(made, "pole", (x, kerb + side * 0.3, 0.14))
        small_things(street, i, side)
    traffic_lights(street)


def small_things(street: Street, i: int, side: int) -> None:
    """Bins, benches and a shelter on one pavement."""
    plan, r, put = street.plan, street.rng, street.placer.put
    kerb = plan.kerb(side)
    for _ in range(int(r.integers(0, 3))):
        kind = r.random()
        x, y = r.uniform(6, 50), plan.front(side) - side * 0.7
        if kind < 0.4:
            put(
                upload("bin", f.litter_bin(), {"housing": street.colour[0], "pole": street.colour[6]}),
                "void",
                (x, y, 0.14),
            )
        elif kind < 0.75:
            put(upload("bench", f.bench(), street.metal), "void", (x, y, 0.14), 0 if side > 0 else np.pi)
        elif plan.walk[i] > 3.2:
            put(
                upload("shelter", f.shelter(), street.metal),
                "building",
                (x, kerb + side * 1.2, 0.14),
                0 if side > 0 else np.pi,
            )


def traffic_lights(street: Street) -> None:
    """Signals at a zebra or a crossing."""
    plan, r, put = street.plan, street.rng, street.placer.put
    at = plan.zebra if plan.zebra is not None else plan.crossing
    if at is not None and r.random() < 0.85:
        arm = r.random() < 0.4
        for side, turn in ((-1, 0.0), (1, 0.0), (1, np.pi), (-1, np.pi)):
            made = upload("light", f.traffic_light(r, arm and side < 0 and turn == 0), street.metal, 40)
            x = at + (2.4 if turn == 0 else plan.side_width + 5)
            put(made, "pole", (x, plan.kerb(side) + side * 0.45, 0.14), turn)
