"""The regions of two pictures: which label maps there are, what the editor shows of them, and what is chosen in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sims.generator import RequestError, StyleRequest
from sims.layout import Layout
from sims.segmentation import segment
from sims.style.label_maps import label_map_png
from sims.ui.gallery import gallery_layout, gallery_picture
from sims.ui.regions import (
    KINDS,
    MAX_SHOWN,
    RegionMaps,
    chosen_regions,
    found_regions,
    kept_choices,
    pairs_of,
    regions_value,
)
from sims.ui.regions_panel import NO_MAPS, offer_layout, restored_regions, show_regions
from sims.ui.session import FAULTS

RNG = np.random.default_rng(5)
CONTENT, STYLE = (RNG.integers(0, 256, shape).astype(np.uint8) for shape in ((48, 64, 3), (40, 40, 3)))
ONE = np.repeat(np.array([[3, 7, 7, 900]], np.int32), 24, 0).repeat(8, 1)
OTHER = np.repeat(np.array([[7, 3]], np.int32), 16, 0).repeat(16, 1)


def value(**chosen: object) -> dict[str, Any]:
    return {"kind": "maps", "chosen": {"maps": chosen}}


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str]:
    """Both label maps as uploaded files."""
    paths = tmp_path / "one.png", tmp_path / "other.png"
    for path, labels in zip(paths, (ONE, OTHER), strict=True):
        path.write_bytes(label_map_png(labels))
    return str(paths[0]), str(paths[1])


def test_what_was_chosen_becomes_a_request(files: tuple[str, str]) -> None:
    chosen = chosen_regions(CONTENT, STYLE, None, None, "maps", *files, value(**{"3": 7, "900": None, "7": 7}))
    assert chosen.pairs == {3: 7, 900: None}
    assert chosen.content_labels is not None
    assert chosen.style_labels is not None
    assert np.array_equal(chosen.content_labels, ONE)
    assert np.array_equal(chosen.style_labels, OTHER)
    assert chosen_regions(CONTENT, STYLE, None, None, "none", *files, value(**{"3": 7})).content_labels is None


def test_pairs_of_regions_that_are_not_there_wait_for_their_return() -> None:
    assert pairs_of(value(**{"3": 900, "4": 7, "7": 3}), "maps", ONE, OTHER) == {7: 3}
    assert pairs_of(value(**{"7": 3}), "street", ONE, OTHER) == {}
    assert pairs_of({"empty": "nothing"}, "maps", ONE, OTHER) == {}
    assert pairs_of(None, "maps", ONE, OTHER) == {}


@pytest.mark.parametrize(
    "sent",
    [
        value(**{"-3": 7}),
        value(**{"3": -7}),
        value(**{"3": 1.5}),
        value(**{"3": "7x"}),
        value(**{"3": True}),
        value(**{"3": 65536}),
        value(**{"99999": 7}),
        value(**{"٣": 7}),
        value(**{"3": [7]}),
        value(**{str(one): 7 for one in range(257)}),
        {"chosen": {"maps": [[3, 7]]}},
        {"chosen": "3:7"},
    ],
)
def test_anything_else_that_a_client_sends_is_refused_in_one_sentence(sent: object) -> None:
    with pytest.raises(RequestError) as caught:
        pairs_of(sent, "maps", ONE, OTHER)
    assert str(caught.value).endswith((".", "it."))
    assert len(str(caught.value)) < 200


def test_the_segmenter_divides_both_pictures_into_named_classes() -> None:
    maps = found_regions(CONTENT, STYLE, None, None, "street", None, None)
    assert maps is not None
    assert maps.content.shape[1] > maps.content.shape[0]
    assert {maps.names[one] for one in np.unique(maps.content).tolist()} <= set(maps.names.values())
    again = found_regions(CONTENT, STYLE, None, None, "street", None, None)
    assert again is not None
    assert np.array_equal(again.style, maps.style)


def test_the_layout_that_came_with_the_content_divides_it(layout: Layout, files: tuple[str, str]) -> None:
    maps = found_regions(CONTENT, STYLE, layout, None, "layout", None, None)
    assert maps is not None
    assert np.array_equal(maps.content, layout.ids)
    assert maps.names[int(layout.ids[0, 0])] == layout.space.by_id[int(layout.ids[0, 0])].name
    uploaded = found_regions(CONTENT, STYLE, layout, None, "layout", None, files[1])
    assert uploaded is not None
    assert np.array_equal(uploaded.style, OTHER)


def test_the_layout_of_a_style_picture_is_taken_as_it_is(layout: Layout) -> None:
    picture, known = gallery_picture("rainy-dusk"), gallery_layout("rainy-dusk")
    for kind, given in (("layout", layout), ("street", None)):
        maps = found_regions(CONTENT, picture, given, known, kind, None, None)
        assert maps is not None
        assert np.array_equal(maps.style, known.ids)
    other = found_regions(CONTENT, picture, layout, gallery_layout("desert"), "layout", None, None)
    assert other is not None
    assert np.array_equal(other.style, segment(picture, "street").ids)


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [("layout", "without a layout"), ("maps", "no label map of the content"), ("mars", "one of none, street")],
)
def test_regions_that_cannot_be_had_are_told(kind: str, sentence: str) -> None:
    with pytest.raises(FAULTS, match=sentence):
        found_regions(CONTENT, STYLE, None, None, kind, None, None)


def test_the_editor_shows_every_region_with_its_share() -> None:
    shown = regions_value(RegionMaps(ONE, OTHER, {7: "sky"}, {7: (1, 2, 255)}), CONTENT, STYLE, "maps", {"maps": {}})
    content, style = shown["sides"]
    assert [(region["name"], region["share"]) for region in content["regions"]] == [
        ("sky", 0.5),
        ("id 3", 0.25),
        ("id 900", 0.25),
    ]
    assert (
        content["regions"][0]["colour"]
        == "#0102ff"
        == style["regions"][0 if style["regions"][0]["id"] == 7 else 1]["colour"]
    )
    runs = content["map"]["runs"]
    assert runs[:6] == [2, 8, 1, 16, 3, 8]
    assert sum(runs[1::2]) == content["map"]["width"] * content["map"]["height"]
    assert content["picture"].startswith("data:image/webp")


def test_only_the_largest_of_very_many_regions_are_listed() -> None:
    many = np.arange(100 * 100, dtype=np.int32).reshape(100, 100) // 50
    shown = regions_value(RegionMaps(many, OTHER), CONTENT, STYLE, "maps", {})
    assert len(shown["sides"][0]["regions"]) == MAX_SHOWN
    assert "largest" in shown["notes"][0]


def test_choices_outlive_what_cannot_be_shown() -> None:
    sent = value(**{"3": 7})
    steps = list(show_regions(None, STYLE, None, None, "maps", None, None, sent))
    assert steps[-1][-1]["chosen"] == {"maps": {"3": 7}}
    assert "Choose a content" in steps[-1][-1]["empty"]
    steps = list(show_regions(CONTENT, STYLE, None, None, "maps", None, None, sent))
    assert steps[-1][-1] == {"empty": NO_MAPS, "chosen": {"maps": {"3": 7}}}
    assert kept_choices({"chosen": {"else": {}}}) == {} == kept_choices("damaged")


def test_a_layout_is_offered_while_there_is_one(layout: Layout) -> None:
    assert offer_layout(layout, "none")["value"] == "layout"
    assert len(offer_layout(layout, "none")["choices"]) == len(KINDS)
    assert offer_layout(None, "layout")["value"] == "none"
    assert offer_layout(None, "street")["value"] == "street"


def test_a_restored_request_brings_its_regions_back() -> None:
    request = StyleRequest(CONTENT, STYLE, ONE, OTHER, {3: 7, 900: None})
    kind, content_map, style_map, shown = restored_regions(request)
    fields = kind["value"], content_map["value"], style_map["value"], shown
    chosen = chosen_regions(CONTENT, STYLE, None, None, *fields)
    assert chosen.pairs == request.pairs
    assert chosen.content_labels is not None
    assert np.array_equal(chosen.content_labels, ONE)
    assert restored_regions(StyleRequest(CONTENT, STYLE))[0]["value"] == "none"


def test_regions_that_were_found_are_found_again_and_keep_their_names() -> None:
    maps = found_regions(CONTENT, STYLE, None, None, "landscape", None, None)
    assert maps is not None
    request = StyleRequest(CONTENT, STYLE, maps.content, maps.style, {int(maps.content[0, 0]): None})
    kind, content_map, style_map, shown = restored_regions(request)
    assert (kind["value"], content_map["value"], style_map["value"]) == ("landscape", None, None)
    assert shown["sides"][0]["regions"][0]["name"] in maps.names.values()
    chosen = chosen_regions(CONTENT, STYLE, None, None, "landscape", None, None, shown)
    assert chosen.pairs == request.pairs
    changed = maps.content.copy()
    changed[0, 0] += 1
    assert restored_regions(StyleRequest(CONTENT, STYLE, changed, maps.style))[0]["value"] == "maps"


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"label_names": {3: "wall", 7: "traffic sign", 14: "truck"}}, ["wall", "traffic sign", "truck"]),
        ({"content_origin": "spade-street, revision 0123abcd, seed 7"}, ["wall", "traffic sign", "truck"]),
        ({}, ["id 3", "id 7", "id 14"]),
        ({"label_names": {3: "sea", 7: "hull", 14: "mast"}}, ["id 3", "id 7", "id 14"]),
    ],
)
def test_restored_regions_have_the_names_that_the_picture_tells(told: dict[str, Any], named: list[str]) -> None:
    labels = np.where(ONE == 900, 14, ONE)
    kind, content_map, style_map, shown = restored_regions(StyleRequest(CONTENT, STYLE, labels, OTHER, **told))
    assert kind["value"] == "maps"
    names = {region["id"]: region["name"] for region in shown["sides"][0]["regions"]}
    assert [names[one] for one in (3, 7, 14)] == named
    chosen = chosen_regions(CONTENT, STYLE, None, None, "maps", content_map["value"], style_map["value"], shown)
    assert chosen.content_labels is not None
    assert np.array_equal(chosen.content_labels, labels)
