"""What stands in the world: sound, repeatable meshes that face outwards, and terrain."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from zoo.world.bend import Bend
from zoo.world.geometry import buildings, cars, cycles, furniture, large, people, plants, trees
from zoo.world.geometry.building_plan import STYLES
from zoo.world.geometry.loft import loft
from zoo.world.geometry.mesh import Mesh, MeshArrays
from zoo.world.geometry.terrain import FORMS, Terrain

MAKERS: dict[str, Callable[[np.random.Generator], Mesh]] = {
    "bus": large.bus,
    "tram": large.tram,
    "truck": large.truck,
    "bicycle": cycles.bicycle,
    "motorcycle": cycles.motorcycle,
    "person": people.person,
    "cyclist": lambda rng: people.person(rng, cycles.bicycle_seat(rng)),
    "lamp": furniture.lamp,
    "sign": furniture.sign,
    "fence": lambda rng: furniture.fence(rng, 9.0),
    "rock": plants.rock,
    "tuft": plants.tuft,
    "flower": plants.flower,
    "cactus": plants.cactus,
    "bush": trees.bush,
}
MAKERS |= {f"car {kind}": lambda rng, kind=kind: cars.car(rng, kind) for kind in cars.CAR_TYPES}
MAKERS |= {f"tree {habit}": lambda rng, habit=habit: trees.tree(rng, habit, leaves=300) for habit in trees.HABITS}
MAKERS |= {f"building {s}": lambda rng, style=s: buildings.building(rng, 14, 10, 3, style) for s in STYLES}


def volume(mesh: MeshArrays) -> float:
    """The signed volume of a closed mesh: positive where its faces look outwards."""
    total = 0.0
    for start, end in zip(mesh.starts, np.append(mesh.starts[1:], len(mesh.loops)), strict=True):
        corners = mesh.points[mesh.loops[start:end]]
        for i in range(1, len(corners) - 1):
            total += np.dot(corners[0], np.cross(corners[i], corners[i + 1])) / 6
    return total


@pytest.mark.parametrize("name", MAKERS)
def test_a_mesh_is_sound_and_repeats(name: str) -> None:
    first, second = (MAKERS[name](np.random.default_rng(5)).arrays() for _ in range(2))
    assert np.isfinite(first.points).all()
    assert first.loops.min() >= 0
    assert first.loops.max() < len(first.points)
    assert first.slots.max() < len(first.slot_names)
    assert np.array_equal(first.points, second.points)
    assert np.array_equal(first.loops, second.loops)


@pytest.mark.parametrize("kind", cars.CAR_TYPES)
def test_the_shell_of_a_car_faces_outwards(kind: str) -> None:
    """Glass and paint reflect by the angle to the normal."""
    mesh = Mesh()
    loft(mesh, cars.body_of(kind, np.random.default_rng(1)))
    assert volume(mesh.arrays()) > 3.0


@pytest.mark.parametrize("shape", ["box", "soft_box", "ellipsoid", "open tube"])
def test_solids_face_outwards(shape: str) -> None:
    mesh = Mesh()
    if shape == "box":
        mesh.box([1, 2, 3], [1, 2, 3], "a")
    elif shape == "soft_box":
        mesh.soft_box([1, 2, 3], [1, 2, 3], "a", 40, 16, 32)
    elif shape == "ellipsoid":
        mesh.ellipsoid([1, 2, 3], 1.0, "a", 24, 48)
    else:
        mesh.tube([[0, 0, 0], [0, 0, 1], [0, 0, 2]], 1.0, "a", 64, cap=False)
    exact = {"box": 6, "soft_box": 6, "ellipsoid": 4 / 3 * np.pi, "open tube": 4 / 3 * np.pi}[shape]
    assert volume(mesh.arrays()) == pytest.approx(exact, rel=0.07)


def test_a_mesh_knows_its_materials_by_face() -> None:
    mesh, part = Mesh(), Mesh()
    mesh.quad([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "wall")
    part.add([[0, 0, 0], [1, 0, 0], [0, 1, 0]], [0, 1, 2], "roof", smooth=True)
    part.quad([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], "wall")
    mesh.merge(part, (0, 0, 5))
    mesh.move(lambda points: points + np.array([10, 0, 0]))
    arrays = mesh.arrays()
    assert [arrays.slot_names[slot] for slot in arrays.slots] == ["wall", "roof", "wall"]
    assert arrays.starts.tolist() == [0, 4, 7]
    assert arrays.smooth.tolist() == [False, True, False]
    assert arrays.loops.tolist() == list(range(11))
    assert arrays.points[:, 2].tolist() == [0] * 4 + [5] * 7
    assert arrays.points[:, 0].min() == 10


def test_people_stand_on_the_ground() -> None:
    for seed in range(20):
        points = people.person(np.random.default_rng(seed)).arrays().points
        assert -0.03 < points[:, 2].min() < 0.06
        assert 1.0 < points[:, 2].max() < 2.15


@pytest.mark.parametrize("kind", FORMS)
def test_terrain_repeats(kind: str) -> None:
    x, y = np.meshgrid(np.linspace(-900, 900, 7), np.linspace(-900, 900, 7))
    heights = [Terrain(np.random.default_rng(3), kind)(x, y) for _ in range(2)]
    assert np.isfinite(heights[0]).all()
    assert np.ptp(heights[0]) > 5
    assert np.array_equal(*heights)


def test_a_bend_keeps_the_camera_and_turns_what_is_far() -> None:
    bend = Bend(curve=0.001, grade=0.01, crest=0.0001)
    assert bend.points(np.array([0.0, 3.0, 1.5])) == pytest.approx([0, 3, 1.5])
    assert bend.points(np.array([100.0, 0.0, 0.0])) == pytest.approx([100, 5, 1.5])
    assert bend.heading(0) == 0
    assert np.tan(bend.heading(100)) == pytest.approx(0.1)
    assert Bend().points(np.array([[7.0, 8.0, 9.0]])).tolist() == [[7, 8, 9]]
