"""Labels of the rendered world: the same classes as the label spaces, cleaned without losing thin things."""

from __future__ import annotations

import numpy as np

from sims.label_space import label_space
from zoo.world.labels import LANDSCAPE, STREET, THIN, from_indices, landscape, majority, neighbours, street, thicken
from zoo.world.landscape.classes import FLOWERS, GRASS, GROUND, WATER, classify, visible_cloud


def names(space: str) -> list[tuple[int, str]]:
    return [(one.id, one.name) for one in label_space(space).classes]


def test_streets_have_the_classes_of_their_label_space() -> None:
    assert list(enumerate(STREET)) == names("street")


def test_landscapes_have_the_classes_of_their_label_space_but_void() -> None:
    assert [*enumerate(LANDSCAPE), (12, "void")] == names("landscape")


def test_the_material_overrides_the_object() -> None:
    objects = np.array([[0, 1, 1], [2, 100, 7]])
    materials = np.array([[5, 0, 5], [0, 3, 0]])
    found = from_indices(objects, materials, {1: 13, 2: 0, 100: 5}, other=10)
    assert found.dtype == np.uint8
    assert found.tolist() == [[10, 13, 4], [0, 2, 10]]


def test_specks_go_and_poles_stay() -> None:
    labels = np.full((20, 30), street("building"), np.uint8)
    labels[4, 4] = street("sky")
    labels[10, 20] = street("pole")
    labels[2:18, 12] = street("pole")
    clean = majority(labels, len(STREET), THIN)
    assert clean[4, 4] == street("building")
    assert clean[10, 20] == street("building")
    assert (clean[2:18, 12] == street("pole")).all()
    assert (neighbours(clean, False) == clean).any(0).all()


def test_hardly_a_pixel_is_left_alone_in_noise() -> None:
    labels = np.random.default_rng(1).integers(0, 12, (40, 60)).astype(np.uint8)
    clean = majority(labels, 12, rounds=4, wrap=True)
    alone = ~(neighbours(clean, True) == clean).any(0)
    assert alone.mean() < 0.02 < (~(neighbours(labels, True) == labels).any(0)).mean()
    assert labels.tolist() == np.random.default_rng(1).integers(0, 12, (40, 60)).tolist()


def test_panoramas_are_cleaned_across_their_edge() -> None:
    labels = np.full((12, 16), landscape("sky"), np.uint8)
    labels[4:7, :2] = labels[5, -1] = landscape("cloud")
    assert (majority(labels, 12, wrap=True) == labels).all()
    rolled = np.roll(labels, 5, axis=1)
    assert (np.roll(majority(rolled, 12, wrap=True), -5, axis=1) == labels).all()
    assert majority(labels, 12, wrap=False)[5, -1] == landscape("sky")


def test_flowers_become_beds() -> None:
    labels = np.full((20, 20), landscape("grass"), np.uint8)
    labels[5:15:2, 5:15:2] = landscape("flowers")
    full = thicken(labels, landscape("flowers"), landscape("grass"), 0.12)
    assert (full[7:12, 7:12] == landscape("flowers")).all()
    assert full[0, 0] == landscape("grass")
    labels[8:10] = landscape("path")
    assert (thicken(labels, landscape("flowers"), landscape("grass"), 0.12)[8:10] == landscape("path")).all()


def test_the_ground_is_labelled_by_what_the_shader_drew() -> None:
    blocks = {
        "sky": {"object": 0, "depth": 1e10},
        "cloud": {"object": 0, "depth": 1e10, "cloud": True},
        "grass": {"object": GROUND},
        "rock": {"object": GROUND, "weights": (0, 1, 0)},
        "sand": {"object": GROUND, "weights": (0, 1, 1), "depth": 2000},
        "path": {"object": GROUND, "weights": (0, 0, 1), "way": 1},
        "snow": {"object": GROUND, "weights": (1, 1, 0), "depth": 2000},
        "mountain": {"object": GROUND, "rise": 30, "depth": 2000},
        "water": {"object": WATER},
        "flowers": {"object": FLOWERS},
        "tree": {"object": 100},
    }
    blocks["far rock"] = {"object": GROUND, "weights": (0, 1, 0), "depth": 2000}
    blocks["far low grass"] = {"object": GROUND, "rise": 20, "depth": 2000}
    blocks["tuft"] = {"object": GRASS}

    def strip(key: str, default: object) -> np.ndarray:
        return np.repeat(np.array([block.get(key, default) for block in blocks.values()]), 8, 0)[None].repeat(8, 0)

    labels = classify(
        strip("object", 0),
        {100: landscape("tree")},
        strip("weights", (0, 0, 0)),
        strip("way", 0),
        strip("depth", 50.0),
        strip("rise", 0.0),
        strip("cloud", False),
        wrap=False,
    )
    found = {name: LANDSCAPE[labels[4, 8 * i + 4]] for i, name in enumerate(blocks)}
    others = {"far rock": "mountain", "far low grass": "grass", "tuft": "grass"}
    assert found == {name: others.get(name, name) for name in blocks}


def test_cloud_is_what_can_be_told_from_the_sky() -> None:
    clear = np.tile([0.2, 0.3, 0.5], (1, 5, 1))
    linear = clear.copy()
    linear[0, 0] *= 1.5  # brighter
    linear[0, 1] = 0.29  # as bright, but grey
    linear[0, 3:] *= 1.5
    opacity = np.array([[1, 1, 1, 0.1, 1]])
    sky = np.array([[True, True, True, True, False]])
    assert visible_cloud(linear, clear, opacity, sky).tolist() == [[True, True, False, False, False]]
