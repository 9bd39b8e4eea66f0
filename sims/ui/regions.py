"""Regions of two pictures and which of them belong together, as the page's editor and the style tab use them.

The editor is built by `sims.ui.regions_panel`, which says how a tab embeds it. Everything here works without a page:
`found_regions` finds the two label maps, `regions_value` makes the editor's value of them, `pairs_of` reads what a
person chose in it, and `chosen_regions` does all that a run needs at once.
"""

from __future__ import annotations

import colorsys
import hashlib
import io
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from sims.generator import RequestError, StyleRequest
from sims.image_files import FORMATS
from sims.kept import Kept
from sims.label_space import Colour, LabelSpace, label_space
from sims.layout import Layout, nearest_index
from sims.requests import MAX_LABEL, MAX_PAIRS
from sims.segmentation import SPACES, segment
from sims.style.label_maps import label_map_png, read_label_map
from sims.style.layout_chain import segmenters_space
from sims.style.regions import FEWEST, FURTHEST
from sims.ui.layouts import uploaded_bytes
from sims.ui.page_part import run_lengths
from sims.ui.session import thumbnail

NONE, LAYOUT, MAPS = "none", "layout", "maps"
KINDS = {
    NONE: "Nothing",
    "street": "Street classes",
    "landscape": "Landscape classes",
    LAYOUT: "The content's layout",
    MAPS: "Label maps",
}
SHOWN = 256  # pixels along the longer side of the label pictures
PICTURE = (480, 480)  # of the pictures below them, at most
MAX_SHOWN = 64  # regions of a picture, the largest
KEPT_BYTES = 16_000_000  # of layouts that were found
TURN = 0.618034  # of the hue circle from one id without a class to the next: the golden section keeps them apart

_found: Kept[np.ndarray] = Kept(KEPT_BYTES)
_lock = threading.Lock()  # of what is kept
_finding = threading.Lock()  # one segmentation at a time: two would only share the processors


@dataclass(frozen=True, eq=False)
class RegionMaps:
    """Two label maps, (h, w) int32 of ids 0..65535 and of any size, and what their ids are called and coloured."""

    content: np.ndarray
    style: np.ndarray
    names: Mapping[int, str] = field(default_factory=dict)
    colours: Mapping[int, Colour] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ChosenRegions:
    """What of a `StyleRequest` tells its regions: its fields of these names."""

    content_labels: np.ndarray | None = None
    style_labels: np.ndarray | None = None
    pairs: Mapping[int, int | None] = field(default_factory=dict)
    label_names: Mapping[int, str] = field(default_factory=dict)


def chosen_regions(
    content: np.ndarray,
    style: np.ndarray,
    layout: Layout | None,
    style_layout: Layout | None,
    kind: object,
    content_map: str | None,
    style_map: str | None,
    value: object,
) -> ChosenRegions:
    """The regions of a run, from the pictures (RGB uint8), the layouts they have and what the editor's fields hold.

    What was found for the editor is kept, so that this takes no time. Raises a fault (`session.FAULTS`).
    """
    maps = found_regions(content, style, layout, style_layout, kind, content_map, style_map)
    if maps is None:
        return ChosenRegions()
    pairs = pairs_of(value, str(kind), maps.content, maps.style)
    return ChosenRegions(maps.content, maps.style, pairs, maps.names)


def found_regions(
    content: np.ndarray,
    style: np.ndarray,
    layout: Layout | None,
    style_layout: Layout | None,
    kind: object,
    content_map: str | None,
    style_map: str | None,
) -> RegionMaps | None:
    """The label maps that a key of `KINDS` stands for; None for "none". The maps are paths of uploaded files.

    With the content's layout, a label map of the style picture counts, in the layout's ids; without one the style's
    own layout does. Where the style has no layout in the label space of the classes, the segmenter finds it. Raises a
    fault (`session.FAULTS`).
    """
    if kind == NONE:
        return None
    if kind == MAPS:
        return _of_maps(_uploaded(content_map, "content"), _uploaded(style_map, "style"), (content_map, style_map))
    if kind == LAYOUT:
        if layout is None:
            raise RequestError("The content picture came without a layout; choose other regions.")
        return _of_layout(layout, style, style_layout, style_map)
    if kind not in SPACES:
        raise RequestError(f"The regions are {str(kind)[:40]!r}; they are one of {', '.join(KINDS)}.")
    return _of_classes(_segmented(content, str(kind)), _known(style_layout, style, str(kind)))


def _uploaded(path: str | None, whose: str) -> np.ndarray:
    return read_label_map(uploaded_bytes(path, f"label map of the {whose} picture"), whose)


def _of_maps(content: np.ndarray, style: np.ndarray, paths: tuple[str | None, ...]) -> RegionMaps:
    """Label maps as they are; those with the colours of a label space, as layouts are saved here, have its names."""
    for space in map(label_space, SPACES):
        if all(_has_colours(path, labels, space) for path, labels in zip(paths, (content, style), strict=True)):
            return RegionMaps(content, style, *_legend(space))
    return RegionMaps(content, style)


def _has_colours(path: str | None, labels: np.ndarray, space: LabelSpace) -> bool:
    with Image.open(io.BytesIO(uploaded_bytes(path, "label map")), formats=FORMATS) as image:
        colours = image.getpalette() if image.mode == "P" else None
    known = {each.id: tuple(each.colour) for each in space.classes}
    return colours is not None and all(
        tuple(colours[3 * one : 3 * one + 3]) == known.get(one) for one in np.unique(labels).tolist()
    )


def _legend(space: LabelSpace) -> tuple[dict[int, str], dict[int, Colour]]:
    """The names and the colours of its classes, by id."""
    return space.names, {each.id: each.colour for each in space.classes}


def _of_layout(layout: Layout, style: np.ndarray, style_layout: Layout | None, style_map: str | None) -> RegionMaps:
    if style_map:
        return RegionMaps(layout.ids.astype(np.int32), _uploaded(style_map, "style"), *_legend(layout.space))
    space = segmenters_space(layout)
    moved = layout.to_space(space)
    return _of_classes(moved.layout, _known(style_layout, style, space), tuple(moved.sentences()))


def _of_classes(content: Layout, style: Layout, notes: tuple[str, ...] = ()) -> RegionMaps:
    return RegionMaps(content.ids.astype(np.int32), style.ids.astype(np.int32), *_legend(content.space), notes)


def _known(layout: Layout | None, image: np.ndarray, space: str) -> Layout:
    """The layout that a picture has, if it is in this label space; else the one that is found."""
    return layout if layout is not None and layout.space.name == space else _segmented(image, space)


def _segmented(image: np.ndarray, space: str) -> Layout:
    ids = _kept(image, space)
    if ids is None:
        with _finding:
            ids = _kept(image, space)  # others may have waited for the very same
            if ids is None:
                ids = segment(image, space).ids
                with _lock:
                    _found[_key(image, space)] = ids
    return Layout(ids, label_space(space))


def _kept(image: np.ndarray, space: str) -> np.ndarray | None:
    """What was found for a picture, as long as it is kept."""
    with _lock:
        return _found.get(_key(image, space))


def _key(image: np.ndarray, space: str) -> tuple[object, ...]:
    return image.shape, space, hashlib.sha256(image.tobytes()).digest()


def kind_of(request: StyleRequest) -> str:
    """What divides the pictures of a request as it was divided: the segmenter if it found the very same, else maps.

    It is asked for in answers that must not wait, and so compares with what is kept only.
    """
    if request.content_labels is None or request.style_labels is None:
        return NONE
    sides = ((request.content, request.content_labels), (request.style, request.style_labels))
    for space in SPACES:
        if all(_equal(_kept(image, space), labels) for image, labels in sides):
            return space
    return MAPS


def label_map_files(request: StyleRequest) -> list[bytes]:
    """The label maps of a request as files, in the colours of a label space where its ids are known to be classes."""
    both = [labels for labels in (request.content_labels, request.style_labels) if labels is not None]
    space = _space_of(request, {int(one) for labels in both for one in np.unique(labels)})
    if space is None:
        return [label_map_png(labels) for labels in both]
    return [Layout(labels.astype(np.uint8), space).to_png() for labels in both]


def _space_of(request: StyleRequest, ids: set[int]) -> LabelSpace | None:
    """The label space of the regions, where their names tell it, or the ids of a layout that the content is made of."""
    spaces = [space for space in map(label_space, SPACES) if ids <= set(space.names)]
    for space in spaces:
        if all(request.label_names.get(one) == name for one, name in space.names.items() if one in ids):
            return space
    made = not request.label_names and request.content_origin
    return spaces[0] if made and len(spaces) == 1 else None


def _equal(found: np.ndarray | None, labels: np.ndarray) -> bool:
    return found is not None and np.array_equal(found, labels)


def pairs_of(value: object, kind: str, content: np.ndarray, style: np.ndarray) -> dict[int, int | None]:
    """Which regions were paired by hand in the editor's value: content id -> style id, or None to leave it as it is.

    What a person chose for regions that these label maps do not have stays in the value, is not seen in the editor, and
    counts for nothing. Raises `RequestError` where a client sent anything else than the editor writes.
    """
    chosen = value.get("chosen", {}) if isinstance(value, dict) else {}
    given = chosen.get(kind, {}) if isinstance(chosen, dict) else None
    if not isinstance(given, dict) or len(given) > MAX_PAIRS:
        raise RequestError(f"The page sent no list of at most {MAX_PAIRS} paired regions; reload it.")
    pairs = {_region(one): None if other is None else _region(other) for one, other in given.items()}
    has, offers = set(np.unique(content).tolist()), set(np.unique(style).tolist())
    return {
        one: other for one, other in pairs.items() if one in has and one != other and (other is None or other in offers)
    }


def _region(value: object) -> int:
    """An id, which is text where it is the key of a JSON object."""
    if isinstance(value, str) and value.isdecimal() and value.isascii() and len(value) <= len(str(MAX_LABEL)):
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_LABEL:
        raise RequestError(f"The page paired {repr(value)[:40]}; regions are whole numbers from 0 to {MAX_LABEL}.")
    return value


def kept_choices(value: object) -> dict[str, Any]:
    """What was chosen in the editor's value, to be put into the next one; nothing where it is damaged."""
    chosen = value.get("chosen") if isinstance(value, dict) else None
    return chosen if isinstance(chosen, dict) and chosen.keys() <= KINDS.keys() else {}


def regions_value(
    maps: RegionMaps, content: np.ndarray, style: np.ndarray, kind: str, chosen: Mapping[str, Any]
) -> dict[str, Any]:
    """The editor's value: both pictures with their regions, largest first, and what is chosen, by kind of regions."""
    sides = [_side(maps, maps.content, content, "Content"), _side(maps, maps.style, style, "Style")]
    hidden = [side["hidden"] for side in sides]
    notes = [*maps.notes, *([f"Only the {MAX_SHOWN} largest regions of a picture are listed."] if any(hidden) else [])]
    return {"kind": kind, "chosen": dict(chosen), "sides": sides, "notes": notes, "limits": [FEWEST, FURTHEST]}


def _side(maps: RegionMaps, labels: np.ndarray, picture: np.ndarray, title: str) -> dict[str, Any]:
    """One picture as data: its label map in small, numbered from 1 as its regions are listed, 0 for all others."""
    pixels = np.bincount(labels.ravel(), minlength=MAX_LABEL + 1)
    order = np.argsort(-pixels, kind="stable")[: np.count_nonzero(pixels)]
    listed = order[:MAX_SHOWN].tolist()
    numbers = np.zeros(MAX_LABEL + 1, np.int32)
    numbers[listed] = np.arange(1, len(listed) + 1)
    scale = min(1.0, SHOWN / max(labels.shape))
    height, width = (max(1, round(side * scale)) for side in labels.shape)
    small = labels[
        np.ix_(*(nearest_index(*ends, "centre") for ends in zip(labels.shape, (height, width), strict=True)))
    ]
    return {
        "title": title,
        "picture": thumbnail(picture, PICTURE),
        "ratio": picture.shape[1] / picture.shape[0],
        "map": {"width": width, "height": height, "runs": run_lengths(numbers[small])},
        "hidden": len(order) - len(listed),
        "regions": [
            {
                "id": one,
                "name": maps.names.get(one, f"id {one}"),
                "colour": f"#{bytes(maps.colours.get(one) or _colour(one)).hex()}",
                "pixels": int(pixels[one]),
                "share": float(pixels[one] / labels.size),
            }
            for one in listed
        ],
    }


def _colour(label: int) -> Colour:
    """A colour for an id that is no class, unlike those of the ids beside it."""
    red, green, blue = colorsys.hls_to_rgb(label * TURN % 1, 0.42 + 0.2 * (label % 2), 0.55)
    return round(255 * red), round(255 * green), round(255 * blue)
