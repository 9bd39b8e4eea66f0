"""Cars, lorries, buses, trams, two-wheelers and people on a street."""

from __future__ import annotations

import bpy
import numpy as np

from zoo.world.blender import upload
from zoo.world.geometry.cars import car
from zoo.world.geometry.cycles import bicycle, bicycle_seat, motorcycle, motorcycle_seat
from zoo.world.geometry.large import bus, tram, truck
from zoo.world.geometry.mesh import Mesh, MeshArrays
from zoo.world.geometry.people import Seat, person
from zoo.world.nodes import plain
from zoo.world.placer import Placer
from zoo.world.street.materials import car_materials, paints
from zoo.world.street.plan import START, StreetPlan

SKINS = [(0.52, 0.33, 0.23), (0.36, 0.21, 0.13), (0.15, 0.08, 0.05), (0.58, 0.40, 0.30)]
CLOTHES = [
    (0.02, 0.02, 0.025),
    (0.04, 0.055, 0.12),
    (0.25, 0.03, 0.04),
    (0.50, 0.49, 0.46),
    (0.09, 0.12, 0.08),
    (0.34, 0.26, 0.13),
    (0.11, 0.11, 0.12),
    (0.07, 0.15, 0.28),
    (0.36, 0.16, 0.19),
    (0.50, 0.40, 0.08),
    (0.62, 0.62, 0.60),
    (0.03, 0.03, 0.035),
]
LEGS = [
    (0.03, 0.045, 0.10),
    (0.02, 0.02, 0.022),
    (0.09, 0.10, 0.12),
    (0.26, 0.22, 0.15),
    (0.05, 0.08, 0.15),
    (0.03, 0.03, 0.03),
]
HAIR = [
    (0.012, 0.010, 0.009),
    (0.06, 0.032, 0.018),
    (0.24, 0.15, 0.07),
    (0.22, 0.21, 0.20),
    (0.03, 0.018, 0.012),
]


class Traffic:
    """Movers of one street."""

    def __init__(self, plan: StreetPlan, placer: Placer, rng: np.random.Generator) -> None:
        self.plan, self.placer, self.rng = plan, placer, rng
        self.vehicle = car_materials(1.0 if plan.light.name == "dusk" else 0.0)
        self.paints, self.share = paints()
        self.skin = [plain(f"skin{i}", c, 0.6) for i, c in enumerate(SKINS)]
        self.cloth = [plain(f"cloth{i}", c, 0.9, vary=0.3, scale=9) for i, c in enumerate(CLOTHES)]
        self.legs = [plain(f"legs{i}", c, 0.9, vary=0.3, scale=9) for i, c in enumerate(LEGS)]
        self.hair = [plain(f"hair{i}", c, 0.6) for i, c in enumerate(HAIR)]
        self.shapes = [car(rng).arrays() for _ in range(9)]
        self.meshes: dict[tuple[int, int], bpy.types.Mesh] = {}
        self.taken: list[tuple[float, float, int]] = []  # from x to x in a lane; +-10 are the kerbs

    def paint(self) -> int:
        return int(self.rng.choice(len(self.paints), p=self.share))

    def painted(self, mesh: Mesh | MeshArrays, paint: int | None = None) -> bpy.types.Mesh:
        """Upload a vehicle in a paint, drawn if it is not given."""
        colour = self.paints[self.paint() if paint is None else paint]
        cargo = self.cloth[self.rng.choice([3, 10, 10, 7, 2])]
        return upload("vehicle", mesh, self.vehicle | {"paint": colour, "cargo": cargo, "frame": colour}, 28)

    def car(self) -> bpy.types.Mesh:
        """A car mesh shared by shape and paint."""
        key = int(self.rng.integers(len(self.shapes))), self.paint()
        if key not in self.meshes:
            self.meshes[key] = self.painted(self.shapes[key[0]], key[1])
        return self.meshes[key]

    def free(self, x: float, lane: int, length: float) -> bool:
        """Reserve a piece of lane if nothing is there."""
        for a, b, other in self.taken:
            if other == lane and x + length / 2 > a - 1.2 and x - length / 2 < b + 1.2:
                return False
        self.taken.append((x - length / 2, x + length / 2, lane))
        return True

    def lane_y(self, lane: int) -> float:
        """Middle of a lane. Lanes -1, -2 go with the camera, 1, 2 come towards it."""
        return np.sign(lane) * (abs(lane) - 0.5) * self.plan.lane

    def drive(self, mesh: bpy.types.Mesh, label: str, lane: int, x: float, length: float) -> None:
        """Put a vehicle on a lane if there is room."""
        if not self.free(x, lane, length):
            return
        y = self.lane_y(lane) + self.rng.uniform(-0.2, 0.2)
        self.placer.put(mesh, label, (x, y, 0), (0 if lane < 0 else np.pi) + self.rng.normal(0, 0.012))

    def dressed(self, seat: Seat | None = None) -> bpy.types.Mesh:
        """A person with clothes."""
        r = self.rng
        made = person(r, seat)
        return upload(
            "person",
            made,
            {
                "skin": self.skin[r.integers(4)],
                "top": self.cloth[r.integers(len(CLOTHES))],
                "legs": self.legs[r.integers(len(LEGS))],
                "shoes": self.cloth[r.choice([0, 0, 6, 10])],
                "hair": self.hair[r.integers(len(HAIR))],
                "bag": self.cloth[r.integers(len(CLOTHES))],
                "helmet": self.paints[self.paint()],
            },
        )

    def large(self) -> None:
        """Bus, lorry, tram; each only in some frames."""
        r, plan = self.rng, self.plan
        lanes = [k for k in range(-plan.lanes, plan.lanes + 1) if k]
        if plan.tram:
            self.drive(
                self.painted(tram(r), int(r.choice([0, 5, 4]))),
                "train",
                int(r.choice([-1, 1])),
                r.uniform(24, 50),
                29,
            )
        if r.random() < 0.42:
            lane = int(r.choice([-plan.lanes, plan.lanes]))
            self.drive(self.painted(bus(r), int(r.choice([0, 4, 5, 6, 8]))), "bus", lane, r.uniform(17, 42), 12.5)
        for _ in range(int(r.choice([0, 1, 1, 2], p=[0.5, 0.25, 0.15, 0.1]))):
            self.drive(
                self.painted(truck(r), int(r.choice([0, 0, 4, 5, 2]))),
                "truck",
                int(r.choice(lanes)),
                r.uniform(15, 60),
                9,
            )

    def rider(self, label: str, x: float, y: float, turn: float) -> None:
        """A cyclist or motorcyclist."""
        r = self.rng
        bike = bicycle(r) if label == "bicycle" else motorcycle(r)
        seat = bicycle_seat(r) if label == "bicycle" else motorcycle_seat(r)
        self.placer.put(self.painted(bike), label, (x, y, 0), turn)
        self.placer.put(self.dressed(seat), "rider", (x, y, 0), turn)

    def two_wheelers(self) -> None:
        """Riders on the road, cycles and motorcycles parked at the kerb."""
        r, plan = self.rng, self.plan
        for _ in range(int(r.choice([0, 1, 2, 3], p=[0.2, 0.35, 0.28, 0.17]))):
            side = int(r.choice([-1, 1]))
            y = side * (plan.half - 0.55)
            self.rider(
                str(r.choice(["bicycle", "motorcycle"], p=[0.65, 0.35])),
                r.uniform(7, 28),
                y,
                0 if side < 0 else np.pi,
            )
        for label, make, chance in (("bicycle", bicycle, 0.72), ("motorcycle", motorcycle, 0.5)):
            if r.random() > chance:
                continue
            side = int(r.choice([-1, 1]))
            x, count = r.uniform(6, 20), int(r.integers(1, 6))
            meshes = [self.painted(make(r)) for _ in range(min(count, 3))]
            on_road = label == "motorcycle" and plan.parking[0 if side > 0 else 1]
            y = plan.kerb(side) - side * 1.1 if on_road else plan.kerb(side) + side * 0.85
            across = r.random() < 0.8
            step, facing = (0.85, np.pi / 2) if across else (2.1, 0.0)
            for k in range(count):
                at = (x + k * step, y + r.normal(0, 0.05), 0.0 if on_road else 0.14)
                turn = (0.06, 0, facing + r.normal(0, 0.10))
                self.placer.put(meshes[k % len(meshes)], label, at, turn)
            self.taken.append((x - 2, x + count * step + 1, 10 * side))

    def cars(self) -> None:
        """Parked and driving cars."""
        r, plan = self.rng, self.plan
        for i, side in enumerate((1, -1)):
            if not plan.parking[i]:
                continue
            x = START + r.uniform(0, 5)
            while x < 215:
                if r.random() < 0.74 and not plan.blocked(x, 3.5) and not -4 < x < 6.5 and self.free(x, 10 * side, 4.4):
                    turn = (np.pi if side > 0 else 0) + (np.pi if r.random() < 0.07 else 0) + r.normal(0, 0.015)
                    self.placer.put(
                        self.car(), "car", (x, plan.kerb(side) - side * 1.12 + r.uniform(-0.1, 0.1), 0), turn
                    )
                x += r.uniform(5.3, 6.4)
        for lane in [k for k in range(-plan.lanes, plan.lanes + 1) if k]:
            x = r.uniform(9, 26) if lane < 0 else r.uniform(8, 26)
            while x < 210:
                if r.random() < 0.75:
                    self.drive(self.car(), "car", lane, x, 4.6)
                x += r.uniform(8, 40)

    def people(self, camera: tuple[float, float]) -> None:
        """Pedestrians alone and in pairs on the pavements and the zebra."""
        r, plan = self.rng, self.plan
        count = 0
        while count < plan.people:
            if plan.zebra is not None and r.random() < 0.22:
                at = (plan.zebra + r.uniform(-1.5, 1.5), r.uniform(plan.kerb(-1), plan.kerb(1)), 0.0)
                turn = r.choice([1, -1]) * np.pi / 2
            else:
                side = int(r.choice([-1, 1]))
                i = 0 if side > 0 else 1
                y = plan.kerb(side) + side * (plan.verge[i] + r.uniform(0.7, plan.walk[i] - 0.4))
                at = (float(np.exp(r.uniform(np.log(6), np.log(80)))), y, 0.14)
                turn = r.choice([0, np.pi]) + r.normal(0, 0.2)
            count += 1
            if at[0] < 9 and abs(at[1] - camera[1]) < 0.14 * at[0] + 0.3:
                continue
            self.placer.put(self.dressed(), "person", at, turn)
            if r.random() < 0.3:
                across = np.array([-np.sin(turn), np.cos(turn), 0]) * 0.62
                self.placer.put(self.dressed(), "person", tuple(np.array(at) + across), turn + r.normal(0, 0.1))
                count += 1
