"""Scatters trees, bushes, boulders, grass and flowers around the camera."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.blender import place, scatter, upload
from zoo.world.foliage import bark, birch_bark, leaf
from zoo.world.geometry.noise import fbm, step
from zoo.world.geometry.plants import cactus, flower, rock, tuft
from zoo.world.geometry.terrain import Terrain
from zoo.world.geometry.trees import bush, tree
from zoo.world.landscape.classes import FLOWERS, GRASS
from zoo.world.landscape.ground import forest_density
from zoo.world.landscape.materials import BLADES, RED_ROCK, boulder, petals
from zoo.world.landscape.plan import LandscapePlan, View, path_distance, view_axes
from zoo.world.placer import Placer

SUMMER = [((0.06, 0.125, 0.022), (0.14, 0.21, 0.045)), ((0.09, 0.145, 0.03), (0.19, 0.22, 0.05))]
AUTUMN = [
    ((0.45, 0.22, 0.03), (0.55, 0.34, 0.05)),
    ((0.40, 0.10, 0.03), (0.52, 0.20, 0.04)),
    ((0.30, 0.26, 0.05), (0.50, 0.36, 0.06)),
]


class Planter:
    """Places plants by density rules; all positions are relative to the camera's foot."""

    def __init__(
        self,
        plan: LandscapePlan,
        land: Terrain,
        view: View,
        half: float,
        placer: Placer,
        rng: np.random.Generator,
    ) -> None:
        self.plan, self.land, self.view, self.half = plan, land, view, half
        self.placer, self.rng = placer, rng
        tones = AUTUMN if plan.season == "autumn" else SUMMER
        self.leaves = [leaf(f"leaf{i}", *tones[i % len(tones)]) for i in range(3)]
        frost = plan.winter
        self.needle = leaf(
            "needle",
            (0.10, 0.13, 0.12) if frost else (0.034, 0.080, 0.028),
            (0.45, 0.48, 0.50) if frost else (0.080, 0.145, 0.045),
            0.12 if frost else 0.25,
        )
        self.shrub = leaf("shrub", (0.06, 0.11, 0.025), (0.16, 0.18, 0.05))
        self.bark, self.birch = bark(), birch_bark()
        self.prototypes: dict[str, list[bpy.types.Mesh]] = {}

    def spots(self, count: int, near: float, far: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Random points in view, log-uniform in distance: x, y, height, distance."""
        r = self.rng
        angle = self.plan.yaw + r.uniform(-self.half - 0.1, self.half + 0.1, count)
        distance = np.exp(r.uniform(np.log(near), np.log(far), count))
        x, y = distance * np.sin(angle), distance * np.cos(angle)
        return x, y, self.height(x, y), distance

    def height(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return self.land(x + self.view.x, y + self.view.y, 7)

    def slope(self, x: np.ndarray, y: np.ndarray, z: np.ndarray, reach: float) -> np.ndarray:
        return np.hypot(self.height(x + reach, y) - z, self.height(x, y + reach) - z) / reach

    def kinds(self, habit: str) -> list[bpy.types.Mesh]:
        """Three prototypes of a habit."""
        if habit not in self.prototypes:
            bare = self.plan.winter and habit not in ("conifer", "pine")
            leaves = 5000 if habit in ("conifer", "pine") else 6000
            self.prototypes[habit] = [
                upload(
                    habit,
                    tree(self.rng, habit, bare, leaves),
                    {
                        "bark": self.birch if habit == "birch" else self.bark,
                        "leaf": self.leaves[i % 3],
                        "needle": self.needle,
                    },
                )
                for i in range(3)
            ]
        return self.prototypes[habit]

    def trees(self, limit: int) -> None:
        """Forest and single trees, at most `limit`; the middle of the near view stays open."""
        plan, r = self.plan, self.rng
        x, y, z, d = self.spots(limit * 3, 9, 2200)
        chance = forest_density(plan, x + self.view.x, y + self.view.y, self.land.seed)
        chance = (
            chance * (self.slope(x, y, z, 2.0) < 0.8) * (z > 1.6) * step(plan.tree_line + 40, plan.tree_line - 60, z)
        )
        chance = chance * (d > 26 + 22 * r.random(len(d))) * (path_distance(plan, x, y) > 4)
        right, _ = view_axes(plan, x, y)
        chance = np.where((np.abs(right) < d * 0.30) & (d < 150), chance * 0.08, chance)
        chance = chance * {"desert": 0.004, "coast": 0.5}.get(plan.kind, 1.0)
        keep = np.nonzero(r.random(len(x)) < chance * 0.9)[0][:limit]
        broad = [str(v) for v in r.choice(["oak", "round", "birch", "poplar"], 2, p=[0.45, 0.25, 0.2, 0.1])]
        needle = "pine" if plan.kind == "coast" or r.random() < 0.2 else "conifer"
        for i in keep:
            conifer = (plan.conifers if r.random() < 0.82 else not plan.conifers) and plan.kind != "desert"
            habit = needle if conifer else broad[int(r.random() < 0.3)]
            meshes = self.kinds(habit)
            size = r.uniform(0.55, 1.2) * (1 if d[i] < 700 else 1.25) * (0.8 if habit == "poplar" else 1.0)
            self.placer.put(
                meshes[int(r.integers(len(meshes)))],
                "tree",
                (x[i], y[i], z[i] - 0.2),
                r.uniform(0, 6.28),
                (size * r.uniform(0.85, 1.15), size * r.uniform(0.85, 1.15), size),
            )

    def bushes(self) -> None:
        """Shrubs (cacti too in the desert)."""
        plan, r = self.plan, self.rng
        if plan.winter:
            return
        desert = plan.kind == "desert"
        meshes = [
            upload(
                "bush",
                bush(r, leaves=1500),
                {
                    "bark": self.bark,
                    "leaf": self.shrub if not desert else leaf(f"dry{i}", (0.16, 0.15, 0.07), (0.26, 0.23, 0.12)),
                },
            )
            for i in range(3)
        ]
        if desert:
            skin = leaf("cactus", (0.07, 0.12, 0.04), (0.10, 0.15, 0.06), 0.05)
            meshes += [upload("cactus", cactus(r), {"leaf": skin}) for _ in range(2)]
        x, y, z, d = self.spots(340, 5, 300)
        dense = fbm(x / 30, y / 30, 3, self.land.seed + 11)
        ok = (z > 1.0) & (dense > -0.05) & (d > 6) & (path_distance(plan, x, y) > 2.2)
        if desert:
            ok &= r.random(len(x)) < 0.45
        for i in np.nonzero(ok)[0]:
            k = int(r.integers(len(meshes)))
            if k >= 3 and d[i] < 14:
                k = 0
            size = r.uniform(0.4, 1.2) if k < 3 else r.uniform(0.8, 1.2)
            self.placer.put(meshes[k], "bush", (x[i], y[i], z[i] - 0.1), r.uniform(0, 6.28), size)

    def boulders(self) -> None:
        """Loose rocks."""
        plan, r = self.plan, self.rng
        stone = boulder(RED_ROCK[1] if plan.kind == "desert" else (0.32, 0.305, 0.28))
        meshes = [upload("rock", rock(r), {"rock": stone}, 40) for _ in range(4)]
        x, y, z, d = self.spots(240 if plan.kind in ("desert", "coast", "alpine") else 150, 4, 300)
        dense = fbm(x / 30, y / 30, 3, self.land.seed + 13)
        for i in np.nonzero((z > -0.3) & (dense > 0.05) & (d > 5) & (path_distance(plan, x, y) > 2.2))[0]:
            size = float(np.exp(r.uniform(-1.6, 0.8)))
            if d[i] < 5 * size:
                continue
            self.placer.put(
                meshes[int(r.integers(4))],
                "rock",
                (x[i], y[i], z[i] - 0.3 * size),
                (r.uniform(-0.4, 0.4), r.uniform(-0.4, 0.4), r.uniform(0, 6.28)),
                size,
            )

    def meadow(self, count: int) -> None:
        """Instanced grass and flowers; their class comes from the prototype's object index."""
        plan, r = self.plan, self.rng
        if plan.winter or plan.kind == "desert":
            return
        blade = leaf("blade", *BLADES[plan.season], 0.3)
        x, y, z, d = self.spots(count, 1.2, 90)
        dense = fbm(x / 6, y / 6, 4, self.land.seed + 21)
        ok = (z > 2.2) & (self.slope(x, y, z, 1.0) < 0.6) & (dense > -0.25) & (path_distance(plan, x, y) > 1.5)
        points, d = np.c_[x, y, z][ok], d[ok]
        if not len(points):
            return
        holder = place(upload("tuft", tuft(r), {"grass": blade}), (0, 0, -500), index=GRASS)
        scatter(
            holder,
            points,
            r.uniform(0, 6, len(points)),
            r.uniform(0.6, 1.5, len(points)) * (1 + d / 60),
            "meadow",
        )
        if plan.season in ("spring", "summer") and r.random() < 0.85:
            bed = fbm(points[:, 0] / 9, points[:, 1] / 9, 3, self.land.seed + 31) > r.uniform(-0.05, 0.12)
            at = points[bed] + r.normal(0, 0.4, (int(bed.sum()), 3)) * [1, 1, 0]
            if len(at):
                holder = place(
                    upload("flower", flower(r), {"grass": blade, "flower": petals(r)}),
                    (0, 0, -500),
                    index=FLOWERS,
                )
                scatter(holder, at, r.uniform(0, 6, len(at)), r.uniform(0.8, 1.7, len(at)), "flowers")
