"""Regions of two label maps that belong together, and which of them can be restyled.

Li et al., "A Closed-form Solution to Photorealistic Image Stylization", ECCV 2018, section 3.3, by the rules of its
released code: every region of the content is whitened and coloured on its own, unless it, or the region whose look it
takes, has hardly any pixels or is a hundred times as large as the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from PIL import Image

from sims.requests import MAX_LABEL, StyleRequest
from sims.style.whitening import MINIMUM

FEWEST = 10  # pixels of a label map; a region needs more
FURTHEST = 100  # times as large; less than that a region may be
MAX_REGIONS = 64  # restyled in one picture
MAX_NAMED = 8  # regions that a sentence names


@dataclass(frozen=True, eq=False)
class Regions:
    """A label map, (h, w) int32 of any size, and the ids in it that count."""

    labels: np.ndarray
    ids: tuple[int, ...]

    def at(self, height: int, width: int) -> np.ndarray:
        """The label map of a picture, or of features, of this size: (height, width) int32."""
        return self.labels[_nearest(self.labels.shape[0], height)][:, _nearest(self.labels.shape[1], width)]


@dataclass(frozen=True, eq=False)
class Matched:
    """Regions of the content, those of the style, and whose look each of the former takes: content id -> style id.

    `notes` say which regions stay as they are, and why.
    """

    content: Regions
    style: Regions
    looks: Mapping[int, int]
    notes: tuple[str, ...] = ()

    def kept(self, height: int, width: int) -> np.ndarray:
        """(height, width) bool: the pixels of a content of this size that stay as they are."""
        return ~np.isin(self.content.at(height, width), list(self.looks))


_ALL = Regions(np.zeros((1, 1), np.int32), (0,))
WHOLE = Matched(_ALL, _ALL, {0: 0})  # one picture that takes the look of another


def regions_of(request: StyleRequest) -> Matched:
    """The regions of a checked request, and which are restyled; all of the picture where it has no label maps."""
    if request.content_labels is None or request.style_labels is None:
        return WHOLE
    sizes = request.content.shape[:2], request.style.shape[:2]
    return matched(request.content_labels, request.style_labels, request.pairs, *sizes, request.label_names)


def matched(
    content: np.ndarray,
    style: np.ndarray,
    pairs: Mapping[int, int | None],
    content_size: tuple[int, int],
    style_size: tuple[int, int],
    names: Mapping[int, str] = MappingProxyType({}),
) -> Matched:
    """The regions of two label maps (h, w) of ids 0..65535, and which of the content's are restyled.

    A region takes the look of the style's region of the id that `pairs` names, or else of the same id; one that is
    paired with None stays as it is. The sizes, (height, width), are those of the pictures, and need not be the maps'.
    Notes call regions by `names`, or by their ids.
    """
    has, offers = _pixels(content), _pixels(style)
    wanted = {one: pairs.get(one, one) for one in np.flatnonzero(has).tolist()}
    looks = {one: other for one, other in wanted.items() if other is not None}
    notes = []

    def leave(left: list[int], why: str) -> None:
        for one in left:
            del looks[one]
        if left:
            notes.append(f"Regions left as in the content picture, because {why}: {_named(left, names)}.")

    def sizes(one: int) -> tuple[int, int]:
        return int(has[one]), int(offers[looks[one]])

    leave([one for one in looks if not sizes(one)[1]], "the style picture has no region for them")
    leave([one for one in looks if min(sizes(one)) <= FEWEST], f"a label map has at most {FEWEST} pixels of them")
    unlike = [one for one in looks if max(sizes(one)) >= FURTHEST * min(sizes(one))]
    leave(unlike, f"one picture has {FURTHEST} times as many pixels of them as the other")
    ranked = sorted(looks, key=lambda one: (-sizes(one)[0], one))
    leave(sorted(ranked[MAX_REGIONS:]), f"the {MAX_REGIONS} largest regions are restyled and no more")
    regions = Regions(content.astype(np.int32), tuple(looks))
    others = Regions(style.astype(np.int32), tuple(sorted(set(looks.values()))))
    lost, missed = _lost(regions, content_size), _lost(others, style_size)
    partly = [one for one, other in looks.items() if one in lost or other in missed]
    if partly:
        notes.append(
            f"Regions restyled in part, because coarse features have too few pixels of them: {_named(partly, names)}."
        )
    return Matched(regions, others, looks, tuple(notes))


def _pixels(labels: np.ndarray) -> np.ndarray:
    """How many pixels each id from 0 to 65535 has."""
    return np.bincount(labels.astype(np.int64).ravel(), minlength=MAX_LABEL + 1)


def _lost(regions: Regions, size: tuple[int, int]) -> set[int]:
    """The regions that have too few pixels left, for statistics, in features of a picture of this size."""
    height, width = size
    fewest = np.min([_pixels(regions.at(height >> halved, width >> halved)) for halved in range(4)], axis=0)
    return {one for one in regions.ids if fewest[one] < MINIMUM}


def _named(ids: list[int], names: Mapping[int, str]) -> str:
    named = ", ".join(names.get(one, str(one)) for one in ids[:MAX_NAMED])
    return named if len(ids) <= MAX_NAMED else f"{named} and {len(ids) - MAX_NAMED} more"


def _nearest(before: int, after: int) -> np.ndarray:
    """Which of `before` rows each of `after` rows takes, by Pillow's rule, whose rounding is its own."""
    rows = Image.fromarray(np.arange(before, dtype=np.int32)[:, None])
    return np.asarray(rows.resize((1, after), Image.Resampling.NEAREST))[:, 0]
