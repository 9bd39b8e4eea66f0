"""Shop fronts on the ground floor."""

from __future__ import annotations

import numpy as np

from zoo.world.geometry.building_plan import BuildingPlan
from zoo.world.geometry.facade import Facade


def shop_front(f: Facade, plan: BuildingPlan, width: float, rng: np.random.Generator) -> None:
    """Shops side by side: stall riser, large panes, door, fascia with letters, awning."""
    g = plan.ground
    count = max(1, round(width / rng.uniform(4.5, 8)))
    each = width / count
    for i in range(count):
        a0, a1 = i * each, (i + 1) * each
        tone = f"shop{int(rng.integers(3))}"
        f.around(a0, a1, 0, g, (a0 + 0.35, a1 - 0.35, 0.0, g - 0.35), "base")
        left, right, top = a0 + 0.35, a1 - 0.35, g - 0.95
        f.box(left - 0.05, right + 0.05, top, g - 0.35, 0, 0.10, tone)
        door = left + rng.uniform(0.1, 0.8) * (right - left - 1.3)
        panes = [(left, door), (door + 1.15, right)]
        for p0, p1 in panes:
            if p1 - p0 < 0.4:
                f.rect(p0, p1, 0, top, tone)
                continue
            f.rect(p0, p1, 0, 0.45, tone)
            parts = max(1, int((p1 - p0) / 1.9))
            for k in range(parts):
                q0, q1 = p0 + (p1 - p0) * k / parts, p0 + (p1 - p0) * (k + 1) / parts
                f.window(q0, q1, 0.45, top, 0.12, "none", 0, "shopglass", tone, tone)
        f.window(door, door + 1.15, 0.0, min(2.5, top), 0.35, "cross", 0, "shopglass", tone, tone)
        if top > 2.5:
            f.rect(door, door + 1.15, 2.5, top, tone)
        letters = int(rng.integers(4, 11))
        size = rng.uniform(0.22, 0.34)
        start = (left + right) / 2 - letters * size * 0.4
        for k in range(letters):
            a = start + k * size * 0.8
            tall = size * rng.choice([1.0, 1.0, 0.72])
            f.rect(a, a + size * 0.16, g - 0.82, g - 0.82 + tall, "letters", 0.13)
            if rng.random() < 0.5:
                low = g - 0.82 + tall * rng.choice([0, 0.45, 0.84])
                f.rect(a, a + size * 0.55, low, g - 0.82 + tall, "letters", 0.125 + 0.004 * (k % 2))
        if rng.random() < 0.38:
            z, out = top + 0.05, rng.uniform(0.9, 1.5)
            f.quad(((left, z, 0.1), (right, z, 0.1), (right, z - 0.55, out), (left, z - 0.55, out)), "awning")
            f.rect(left, right, z - 0.78, z - 0.55, "awning", out)
        if rng.random() < 0.3:
            f.box(a0 + 0.05, a0 + 0.13, g - 0.3, g + 0.5, 0, 0.8, tone)
