"""Layouts from files: index maps and colour maps, told apart, decoded exactly, with all that is unknown reported.

Accepted are PNG, BMP, lossless WebP and single-frame GIF, 8 to 2048 pixels a side. Nothing is guessed: an id or a
colour that is no class becomes the space's unknown class and is named; nearest-colour decoding is an explicit choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from sims.label_space import Colour, LabelSpace, LayoutError, label_space, label_space_names
from sims.layout import Layout, check_size, listed
from sims.layout_raster import Raster, read_raster

ENCODINGS = ("auto", "index", "colour", "nearest")
MAX_UNKNOWN_SHARE = 0.5  # above it the file is refused: most likely another space or another kind of picture
MAX_LISTED = 64
MAX_TOLD = 5  # of them in a sentence


@dataclass(frozen=True)
class Unknown:
    """An id or an RGB colour of the file that is no class: its number of pixels and first (row, column)."""

    value: int | Colour
    count: int
    first: tuple[int, int]


@dataclass(frozen=True, eq=False)
class LayoutReading:
    """A layout, how its file was read ("index", "colour" or "nearest") and what in it was unknown.

    `unknown` lists the 64 most frequent unknown values; `transparent` counts pixels that are not opaque and became
    unknown for that reason; `sentence` says all of this to the person.
    """

    layout: Layout
    encoding: str
    unknown: tuple[Unknown, ...]
    transparent: int
    sentence: str


def read_layout(
    source: bytes | Path, space: str, *, encoding: str = "auto", instances: bytes | Path | None = None
) -> LayoutReading:
    """Read a label map as a layout of the label space called `space`.

    `encoding` is "auto", "index" (the stored numbers are ids), "colour" (exact colours of the space's palette) or
    "nearest" (the class of the nearest colour). `instances` is an 8- or 16-bit map of the same size. Raises
    `LayoutError`, also where more than half of the pixels are unknown.
    """
    target = label_space(space)
    if encoding not in ENCODINGS:
        raise LayoutError(f"The encoding is {encoding!r}; it is one of {', '.join(ENCODINGS)}.")
    raster = read_raster(source, "layout", lossy=encoding == "nearest")
    transparent = 0 if raster.transparent is None else int(raster.transparent.sum())
    if transparent > MAX_UNKNOWN_SHARE * raster.size[0] * raster.size[1]:
        raise LayoutError("Most of the layout is transparent; give a picture that is opaque wherever there is a class.")
    chosen = choose_encoding(raster, target) if encoding == "auto" else encoding
    unknown: tuple[Unknown, ...] = ()
    if chosen == "nearest":
        ids, remark = _nearest(raster, target)
    else:
        ids, unknown, remark = _exact(raster, target, chosen)
    if raster.transparent is not None:
        ids[raster.transparent] = target.unknown
        remark += f"; {_pixels(transparent)} not fully opaque became {target.by_id[target.unknown].name}"
    layout = Layout(ids, target, _read_instances(instances))
    return LayoutReading(layout, chosen, unknown, transparent, _reading(layout, chosen) + remark)


def layout_from_editor(value: object) -> Layout:
    """The layout that the editor shows.

    `value` is {"space": name, "width": W, "height": H, "runs": [id, length, id, length, ...]}, row by row, the
    lengths adding up to W * H; every part of it is checked. Raises `LayoutError`; None means nothing painted yet.
    """
    if value is None:
        raise LayoutError("Nothing is painted yet; paint, upload or pick a layout first.")
    if not isinstance(value, dict) or value.keys() != {"space", "width", "height", "runs"}:
        raise LayoutError("The editor's value must be an object with space, width, height and runs, and nothing else.")
    name, width, height, runs = value["space"], value["width"], value["height"], value["runs"]
    if not isinstance(name, str) or type(width) is not int or type(height) is not int or not isinstance(runs, list):
        raise LayoutError("The editor's space must be a name, width and height whole numbers, and runs a list.")
    space = label_space(name)
    check_size(height, width)
    if len(runs) % 2 or len(runs) > 2 * width * height or not all(type(number) is int for number in runs):
        raise LayoutError("The editor's runs must be pairs of whole numbers: an id, then a length.")
    if runs and (min(runs) < 0 or max(runs) > width * height):
        raise LayoutError(f"The editor's runs hold a number outside 0..{width * height}.")
    pairs = np.array(runs, np.int64).reshape(-1, 2)
    total = int(pairs[:, 1].sum())
    if total != width * height or (pairs[:, 1] == 0).any():
        raise LayoutError(f"The editor's run lengths add up to {total}, and {width}x{height} has {width * height}.")
    ids = np.repeat(pairs[:, 0], pairs[:, 1]).reshape(height, width)
    space.check(ids)
    return Layout(ids.astype(np.uint8), space)


def layout_to_editor(layout: Layout) -> dict[str, object]:
    """The editor's value of a layout, in the form `layout_from_editor` reads; instances are not part of it."""
    flat = layout.ids.ravel()
    starts = np.concatenate([[0], np.flatnonzero(np.diff(flat)) + 1])
    lengths = np.diff(starts, append=flat.size)
    runs = np.stack([flat[starts], lengths], axis=1).ravel()
    height, width = layout.size
    return {"space": layout.space.name, "width": width, "height": height, "runs": runs.tolist()}


def choose_encoding(raster: Raster, space: LabelSpace) -> str:
    """How a file is to be read when nobody says: "index" or "colour".

    Grey files hold ids. A palette file holds ids, unless most of its colours are classes and other ones than its
    indices say. A colour file holds colours, unless it is grey throughout and its values make better ids.
    """
    if raster.colours is None:
        return "index"
    if raster.values is not None:
        indices, first = np.unique(raster.values, return_index=True)
        shown = raster.colours.reshape(-1, 3)[first]  # (indices, 3)
        other = _lookup(_pack(shown), space, "colour")[1] & (space.palette[indices] != shown).any(axis=1)
        return "colour" if other.mean() > 0.5 else "index"
    if not _is_grey(raster.colours):
        return "colour"
    as_ids = space.valid[raster.colours[..., 0]].mean()
    return "index" if as_ids > _lookup(_packed_colours(raster), space, "colour")[1].mean() else "colour"


def _exact(raster: Raster, space: LabelSpace, encoding: str) -> tuple[np.ndarray, tuple[Unknown, ...], str]:
    """The ids (H, W) of an index or colour map, its unknown values, and what there is to say of these."""
    values = _values(raster) if encoding == "index" else _packed_colours(raster)
    ids, known = _lookup(values, space, encoding)
    if raster.transparent is not None:
        known |= raster.transparent
    unknown, pixels, kinds = _list_unknown(values, known, encoding)
    if pixels > MAX_UNKNOWN_SHARE * ids.size:
        raise LayoutError(_refusal(values, space, encoding, unknown, pixels, kinds))
    return ids, unknown, _report_unknown(values, space, encoding, unknown, pixels, kinds)


def _values(raster: Raster) -> np.ndarray:
    if raster.values is not None:
        return raster.values
    assert raster.colours is not None
    if not _is_grey(raster.colours):
        raise LayoutError("The layout has colours, so its pixels are no ids; read it by colour, or give a grey PNG.")
    return raster.colours[..., 0]


def _packed_colours(raster: Raster) -> np.ndarray:
    if raster.colours is not None:
        return _pack(raster.colours)
    assert raster.values is not None
    if raster.values.dtype != np.uint8:
        raise LayoutError("The layout is 16-bit grey, which has no colours; read it as index.")
    return raster.values * np.int32(0x010101)


def _is_grey(colours: np.ndarray) -> bool:
    return bool((colours[..., 0] == colours[..., 1]).all() and (colours[..., 0] == colours[..., 2]).all())


def _pack(colours: np.ndarray) -> np.ndarray:
    """(..., 3) uint8 -> (...) int32, 0xRRGGBB."""
    red, green, blue = (colours[..., channel].astype(np.int32) for channel in range(3))
    return red << 16 | green << 8 | blue


def _unpack(value: int) -> Colour:
    return value >> 16, value >> 8 & 255, value & 255


def _lookup(values: np.ndarray, space: LabelSpace, encoding: str) -> tuple[np.ndarray, np.ndarray]:
    """The ids (uint8) of stored ids or packed colours, and where they are known; the rest has the unknown id."""
    if encoding == "index":
        known = space.valid[values] if values.dtype == np.uint8 else space.valid[values & 255] & (values >> 8 == 0)
        return np.where(known, values, space.unknown).astype(np.uint8), known
    found = _colour_table(space.name)[values]
    return np.where(found, found - 1, space.unknown).astype(np.uint8), found > 0


@cache
def _colour_table(space: str) -> np.ndarray:
    """Packed colour -> id + 1, 0 for colours of no class: (2**24,) int16, of which only the touched pages exist."""
    table = np.zeros(1 << 24, np.int16)
    for entry in reversed(label_space(space).classes):  # where classes share a colour, the lowest id keeps it
        table[_pack(np.array(entry.colour, np.uint8))] = entry.id + 1
    return table


def _list_unknown(values: np.ndarray, known: np.ndarray, encoding: str) -> tuple[tuple[Unknown, ...], int, int]:
    """The most frequent unknown values, the pixels that hold any of them, and how many values there are."""
    where = np.flatnonzero(~known)
    if not where.size:
        return (), 0, 0
    found, first, counts = np.unique(values.ravel()[where], return_index=True, return_counts=True)
    listed = []
    for entry in np.argsort(-counts, kind="stable")[:MAX_LISTED]:
        row, column = divmod(int(where[first[entry]]), values.shape[1])
        value = int(found[entry])
        listed.append(Unknown(value if encoding == "index" else _unpack(value), int(counts[entry]), (row, column)))
    return tuple(listed), where.size, found.size


def _nearest(raster: Raster, space: LabelSpace) -> tuple[np.ndarray, str]:
    """The ids (H, W) of the classes nearest in RGB, of two as near the lower id, and what there is to say."""
    if raster.colours is None:
        raise LayoutError("The layout is grey, so nearest-colour decoding says nothing of it; read it as index.")
    found, place = np.unique(_pack(raster.colours), return_inverse=True)
    owners, distances = np.empty(found.size, np.uint8), np.empty(found.size, np.float32)
    palette = np.array([entry.colour for entry in space.classes], np.float32)  # (classes, 3)
    class_ids = np.array([entry.id for entry in space.classes], np.uint8)
    for start in range(0, found.size, 65536):  # bounds the (colours, classes) table
        block = found[start : start + 65536]
        colours = np.stack([block >> 16, block >> 8 & 255, block & 255], axis=1).astype(np.float32)
        table = (colours**2).sum(1, keepdims=True) - 2 * colours @ palette.T + (palette**2).sum(1)  # exact in float32
        best = table.argmin(1)
        owners[start : start + 65536] = class_ids[best]
        distances[start : start + 65536] = table[np.arange(block.size), best]
    moved = int(np.count_nonzero(distances[place]))
    return owners[place].reshape(raster.size), f"; {_pixels(moved)} had no class's exact colour" if moved else ""


def _read_instances(source: bytes | Path | None) -> np.ndarray | None:
    if source is None:
        return None
    raster = read_raster(source, "instance file")
    if raster.values is None:
        raise LayoutError("The instance file has colours; give one channel of 8 or 16 bits, a number per instance.")
    return raster.values.astype(np.int32)


def _reading(layout: Layout, encoding: str) -> str:
    """What was read, such as "Read as ids of the street space, 512x256, 12 classes, mostly road, sky and car"."""
    how = {"index": "as ids", "colour": "as colours", "nearest": "by nearest colour"}[encoding]
    counts = layout.counts()
    largest = sorted(counts, key=lambda name: -counts[name])[:3]
    classes = f"{len(counts)} class{'es' if len(counts) > 1 else ''}"
    height, width = layout.size
    return f"Read {how} of the {layout.space.name} space, {width}x{height}, {classes}, mostly {listed(largest)}"


def _report_unknown(
    values: np.ndarray, space: LabelSpace, encoding: str, unknown: tuple[Unknown, ...], pixels: int, kinds: int
) -> str:
    """What became unknown, and why that may be."""
    if not unknown:
        return ""
    kind = "id" if encoding == "index" else "colour"
    became = space.by_id[space.unknown].name
    plural = "s" if kinds > 1 else ""
    said = f"; {_pixels(pixels)} in {kinds} unknown {kind}{plural} became {became} ({_where(unknown, kind, kinds)})"
    if encoding == "index" and _shifted(values, space):
        return f"{said}; the ids look shifted by one"
    # One stray id (often 255, for void) says nothing of the space; a stray colour does.
    fits = _fitting_spaces(values, encoding) if encoding == "colour" or kinds > 1 else []
    return f"{said}; all are known to the {listed(fits, 'or')} space" if fits else said


def _shifted(values: np.ndarray, space: LabelSpace) -> bool:
    """Whether ids start at one and end one beyond the last consecutive id, as tools write that count from one."""
    last = int(np.flatnonzero(~space.valid)[0])
    return bool(values.min() == 1 and values.max() == last and space.valid[0])


def _refusal(
    values: np.ndarray, space: LabelSpace, encoding: str, unknown: tuple[Unknown, ...], pixels: int, unknown_values: int
) -> str:
    """Why a file that is mostly unknown is refused, and what would help."""
    kind = "ids" if encoding == "index" else "colours"
    where = _where(unknown, kind.removesuffix("s"), unknown_values)
    said = f"{pixels / values.size:.0%} of the layout's pixels hold no {kind} of the {space.name} space ({where})"
    fits = _fitting_spaces(values, encoding)
    if encoding == "index" and set(np.unique(values).tolist()) <= {0, 255}:
        return f"{said}: it is a black-and-white mask; give the class's id instead of 255, or paint the layout here."
    if fits:
        return f"{said}; they are {kind} of {listed(fits, 'or')}, so choose that label space."
    if encoding == "index":
        return f"{said}; that space has {space.describe_ids()}."
    if unknown_values > 256:
        return (
            f"{said}, and {unknown_values} colours are unknown, as in a photograph or a smoothed or compressed map; "
            "give a colour map without smoothing, or choose nearest-colour decoding."
        )
    return f"{said}; choose the space the colours belong to, or nearest-colour decoding."


def _fitting_spaces(values: np.ndarray, encoding: str) -> list[str]:
    """The label spaces that know every value of a file."""
    found = np.unique(values)
    return [name for name in label_space_names() if _lookup(found, label_space(name), encoding)[1].all()]


def _where(unknown: tuple[Unknown, ...], kind: str, kinds: int) -> str:
    """The most frequent unknown values of all `kinds`: how many pixels hold each, and where the first of them is."""
    told = [
        f"{kind} {each.value}: {_pixels(each.count)}, first at row {each.first[0]}, column {each.first[1]}"
        for each in unknown[:MAX_TOLD]
    ]
    return "; ".join(told) + (f"; and {kinds - len(told)} more" if kinds > len(told) else "")


def _pixels(count: int) -> str:
    return "1 pixel" if count == 1 else f"{count} pixels"
