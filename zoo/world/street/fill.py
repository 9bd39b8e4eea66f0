"""Buildings, gardens, walls, fences and trees along a street."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.blender import upload
from zoo.world.geometry import furniture as f
from zoo.world.geometry.buildings import building
from zoo.world.geometry.mesh import Mesh
from zoo.world.geometry.trees import bush, hedge, tree
from zoo.world.nodes import Materials
from zoo.world.placer import Placer
from zoo.world.street.ground import flat, spans
from zoo.world.street.palette import Palette
from zoo.world.street.plan import END, START, StreetPlan


class Street(Palette):
    """Prototypes and rules for filling one street."""

    def __init__(
        self, plan: StreetPlan, placer: Placer, rng: np.random.Generator, ground: Materials, metal: Materials
    ) -> None:
        self.placer, self.rng, self.ground = placer, rng, ground
        self.far: list[tuple[bpy.types.Mesh, float]] = []  # buildings and their widths, to be used again
        super().__init__(plan, metal, rng)
        self.tree_meshes: dict[tuple[str, int], bpy.types.Mesh] = {}
        self.bushes = [upload("bush", bush(rng), {"bark": self.bark, "leaf": self.evergreen}) for _ in range(2)]

    def tree(self, habit: str) -> bpy.types.Mesh:
        """One of two prototypes of a habit."""
        key = habit, int(self.rng.integers(2))
        if key not in self.tree_meshes:
            bare = self.plan.season == "winter" and habit not in ("conifer", "pine")
            made = tree(self.rng, habit, bare, 4500 if habit in ("conifer", "pine") else 11000)
            self.tree_meshes[key] = upload(
                habit,
                made,
                {
                    "bark": self.birch if habit == "birch" else self.bark,
                    "leaf": self.leaves[key[1]],
                    "needle": self.needles,
                },
            )
        return self.tree_meshes[key]

    def plant(self, habit: str, x: float, y: float, scale: float) -> None:
        """A tree, kept out of the space right before the camera."""
        if abs(y) < abs(self.plan.front(1 if y > 0 else -1)) and -4 < x < 9:
            return
        self.placer.put(self.tree(habit), "vegetation", (x, y, 0.08), self.rng.uniform(0, 6.28), scale)

    def house_row(self, side: int, x0: float, x1: float) -> None:
        """Fill one side from x0 to x1."""
        plan, r = self.plan, self.rng
        front = plan.front(side)
        x = x0 + 0.5
        suburb = plan.kind in ("suburb", "edge")
        while x < x1 - 6:
            wide = r.uniform(9, 14) if suburb else r.uniform(9, 24)
            if r.random() < {"city": 0.07, "boulevard": 0.12, "suburb": 0.14, "edge": 0.5}[plan.kind]:
                wide = r.uniform(10, 24)
                self.open_plot(side, x, min(wide, x1 - x), front)
                x += wide
                continue
            wide = min(wide, x1 - x)
            back = (
                r.uniform(3, 7) if suburb else (r.uniform(3, 5) if plan.kind == "boulevard" and r.random() < 0.3 else 0)
            )
            styles = ["house", "brick", "postwar"] if suburb else ["classic", "brick", "postwar", "ribbon", "curtain"]
            style = str(r.choice(styles, p=[0.6, 0.22, 0.18] if suburb else [0.30, 0.24, 0.24, 0.12, 0.10]))
            floors = int(r.integers(1, 3)) if suburb else int(np.clip(plan.floors + r.integers(-1, 3), 1, 8))
            deep = r.uniform(9, 13)
            if x < 110:
                made = building(r, wide, deep, floors - (style == "house"), style)
                mesh = upload("building", made, self.facade_materials(style, r))
                self.far.append((mesh, wide))
            else:
                mesh, wide = self.far[int(r.integers(len(self.far)))]
            at = (x, front + back, 0.0) if side > 0 else (x + wide, front - back, 0.0)
            self.placer.put(mesh, "building", at, 0.0 if side > 0 else np.pi)
            if back:
                self.garden(side, x, wide, front, back)
            x += wide + (r.uniform(2, 5) if suburb else 0.02)

    def strip(self, x: float, wide: float, y0: float, y1: float) -> None:
        """A lawn patch above the street level."""
        patch = Mesh()
        flat(patch, x, x + wide, y0, y1, 0.10, "lawn")
        patch.move(self.placer.bend.points)
        self.placer.put(upload("lawn", patch, self.ground), "terrain", (0, 0, 0))

    def border(self, x: float, wide: float, y: float) -> None:
        """A wall, fence or hedge along the property line."""
        r = self.rng
        if x > 130:
            return
        kind = r.random()
        if kind < 0.34:
            made = upload(
                "wall",
                f.wall(r, wide),
                {"wall": r.choice(self.plaster + self.brick * 2), "coping": self.metal["coping"]},
            )
            self.placer.put(made, "wall", (x, y, 0.1))
        elif kind < 0.70:
            made = f.fence(r, wide)
            self.placer.put(upload("fence", made, self.metal), "fence", (x, y, 0.1))
        else:
            made = hedge(r, wide, r.uniform(0.8, 1.7), 2600)
            self.placer.put(upload("hedge", made, {"leaf": self.evergreen}), "vegetation", (x, y, 0.05))

    def garden(self, side: int, x: float, wide: float, front: float, back: float) -> None:
        """Front garden with border, bushes and a tree."""
        r = self.rng
        self.strip(x - 2, wide + 6, front, front + side * (back + 12))
        self.border(x, wide, front + side * 0.3)
        for _ in range(int(r.integers(1, 5))):
            self.placer.put(
                self.bushes[r.integers(2)],
                "vegetation",
                (x + r.uniform(0, wide), front + side * r.uniform(1.2, back), 0),
                r.uniform(0, 6),
                r.uniform(0.6, 1.2),
            )
        if r.random() < 0.55:
            habit = str(r.choice(["round", "birch", "conifer", "oak"]))
            self.plant(habit, x + wide + 1, front + side * r.uniform(1.5, 5), r.uniform(0.5, 0.85))

    def open_plot(self, side: int, x: float, wide: float, front: float) -> None:
        """A small park or vacant lot behind a border."""
        r = self.rng
        self.strip(x, wide, front, front + side * 26)
        self.border(x, wide, front + side * 0.25)
        for _ in range(int(wide / 3)):
            habit = str(r.choice(["oak", "round", "birch", "poplar", "conifer", "pine"]))
            self.plant(habit, x + r.uniform(1, wide - 1), front + side * r.uniform(2.5, 20), r.uniform(0.7, 1.15))

    def side_street(self) -> None:
        """Buildings along the side street, and something at the far end of the main one."""
        plan, r = self.plan, self.rng
        if plan.crossing is not None:
            for side in (-1, 1):
                for edge in (-1, 1):
                    y = abs(plan.front(side)) + 15
                    while y < 80:
                        mesh, wide = self.far[int(r.integers(len(self.far)))]
                        x = plan.crossing + edge * (plan.side_width / 2 + 2.3)
                        turn = np.pi / 2 if edge < 0 else -np.pi / 2
                        self.placer.put(
                            mesh,
                            "building",
                            (x, side * y + (0 if edge < 0 else wide) - (wide if side < 0 else 0) * 1.0, 0),
                            turn,
                        )
                        y += wide + r.uniform(0, 6)
        self.background()
        for _ in range(14):
            self.plant(
                str(r.choice(["oak", "round", "poplar"])),
                r.uniform(END + 15, END + 80),
                r.uniform(-60, 60),
                r.uniform(0.9, 1.5),
            )

    def background(self) -> None:
        """Tree belts and a few roofs behind open plots, so that the ground never ends in an empty plain."""
        plan, r = self.plan, self.rng
        if plan.kind not in ("edge", "suburb"):
            return
        for side in (-1, 1):
            for x in np.arange(-20, END, r.uniform(5, 8)):
                if plan.crossing is not None and abs(x - plan.crossing) < 9:
                    continue
                y = plan.front(side) + side * r.uniform(34, 75)
                if r.random() < 0.22:
                    mesh, _ = self.far[int(r.integers(len(self.far)))]
                    self.placer.put(mesh, "building", (x, y, 0), r.uniform(0, 6.28))
                else:
                    self.plant(str(r.choice(["oak", "round", "birch", "conifer"])), x, y, r.uniform(0.8, 1.3))


def fill(street: Street) -> None:
    """Build along both sides, along the side street, and at the far end."""
    for x0, x1 in spans(street.plan):
        gap0 = 0.0 if x0 == START else 2.2
        gap1 = 0.0 if x1 == END else 2.2
        for side in (1, -1):
            street.house_row(side, x0 + gap0, x1 - gap1)
    street.side_street()
