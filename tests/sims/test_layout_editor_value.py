"""The editor's value survives the round trip, and nothing malformed gets through."""

import json

import numpy as np
import pytest

from sims.label_space import LayoutError, label_space, label_space_names
from sims.layout import Layout
from sims.layout_files import layout_from_editor, layout_to_editor


@pytest.mark.parametrize("space", label_space_names())
def test_round_trip_through_json(space):
    classes = [entry.id for entry in label_space(space).classes]
    ids = np.random.default_rng(0).choice(classes, (24, 40)).astype(np.uint8)
    ids[:, 20:] = classes[-1]
    value = json.loads(json.dumps(layout_to_editor(Layout(ids, label_space(space)))))
    assert value.keys() == {"space", "width", "height", "runs"}
    assert (value["width"], value["height"]) == (40, 24)
    assert np.array_equal(layout_from_editor(value).ids, ids)
    assert layout_from_editor(value).space.name == space


def test_runs_are_as_long_as_they_can_be_and_cross_rows():
    ids = np.zeros((8, 8), np.uint8)
    ids[4:] = 13
    assert layout_to_editor(Layout(ids, label_space("street")))["runs"] == [0, 32, 13, 32]


GOOD = {"space": "street", "width": 16, "height": 8, "runs": [0, 100, 13, 28]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"space": "moon"}, "no label space 'moon'"),
        ({"space": 3}, "space must be a name"),
        ({"space": ["street"]}, "space must be a name"),
        ({"width": 16.0}, "whole numbers"),
        ({"width": True}, "whole numbers"),
        ({"width": 4}, "4x8; each side must be 8 to 2048"),
        ({"width": 10**9, "height": 10**9}, "each side must be 8 to 2048"),
        ({"height": -8}, "16x-8"),
        ({"runs": "0,128"}, "runs a list"),
        ({"runs": []}, "add up to 0, and 16x8 has 128"),
        ({"runs": [0, 127]}, "add up to 127"),
        ({"runs": [0, 129]}, r"outside 0\.\.128"),
        ({"runs": [0, 100, 13]}, "pairs of whole numbers"),
        ({"runs": [0, 100, "13", 28]}, "pairs of whole numbers"),
        ({"runs": [0, 100, 13, True, 13, 27]}, "pairs of whole numbers"),
        ({"runs": [0, 128, 13, 0]}, "add up to 128"),
        ({"runs": [0, 138, 13, -10]}, r"outside 0\.\.128"),
        ({"runs": [0, 10**40]}, r"outside 0\.\.128"),
        ({"runs": [0, 100, 20, 28]}, r"Id 20 is no class of the street space.*row 6, column 4"),
        ({"runs": [0, 1] * 200}, "pairs of whole numbers"),
        ({"more": 1}, "and nothing else"),
    ],
)
def test_malformed_values_are_refused(change, message):
    with pytest.raises(LayoutError, match=message):
        layout_from_editor(GOOD | change)


@pytest.mark.parametrize("value", ["street", [], 3, {}, {"space": "street"}])
def test_what_is_no_editor_value_is_refused(value):
    with pytest.raises(LayoutError, match="must be an object with space, width, height and runs"):
        layout_from_editor(value)


def test_nothing_painted_yet():
    with pytest.raises(LayoutError, match="Nothing is painted yet"):
        layout_from_editor(None)
    assert layout_from_editor(GOOD).counts() == {"road": 100, "car": 28}
