"""Photorealistic image stylisation: PhotoWCT, then smoothing that brings back the content's edges.

Li, Liu, Li, Yang and Kautz, "A Closed-form Solution to Photorealistic Image Stylization", ECCV 2018. As in the released
program, every step but the first begins from the 8-bit picture that the one before it gives.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sims.generator import Card, Choice, Generator, Run, StyleRequest, loaded, placed, to_uint8
from sims.kept import Kept
from sims.style.guided import guided
from sims.style.local_affine import local_affine
from sims.style.photo_wct import LEVELS, SMALLEST_SIDE, PhotoWct, Statistics
from sims.style.regions import Matched, regions_of
from sims.style.smoothing import smooth

KEPT_BYTES = 200_000_000  # of pictures on the way to a result, so that a changed option does not begin anew
KEPT_STYLE_BYTES = 64_000_000  # of statistics of styles; those of one without regions are 1.4 MB at full width
LOOK, STYLISE, SMOOTH, FILTER = "look at the style", "stylise", "smooth", "filter"
SMOOTHING = Choice(
    "smoothing",
    ("exact", "fast", "off"),
    "how the content's edges come back: the paper's closed form, a guided filter, or not at all",
)
POST_FILTER = Choice(
    "post_filter",
    ("on", "off"),
    "fit the smoothed colours to the content once more, window by window; off where smoothing is",
)


def _depth(default: int) -> Choice:
    values = (default, *(level for level in LEVELS if level != default))
    return Choice("depth", tuple(map(str, values)), "coarsest level of features that is restyled; 1 is colours alone")


class PisGenerator(Generator):
    """PhotoWCT, smoothing and the local-affine filter behind the common interface. The seed changes nothing.

    What was made of the last pictures is kept stage by stage: another smoothing or strength starts from there, and a
    style is looked at once for all contents. Regions that are left as they are have the content's own pixels in the
    end; what they are shown to have on the way is what the network and the smoothing make of them.
    """

    stage_names = (LOOK, STYLISE, SMOOTH, FILTER)

    def __init__(self, card: Card, config: Mapping[str, Any], tensors: Mapping[str, Tensor], device: torch.device):
        """`tensors` is the checkpoint under the official names."""
        super().__init__(card, device)
        self.network = placed(loaded(PhotoWct(config["width"]), tensors), device)
        self._styles: Kept[Statistics] = Kept(KEPT_STYLE_BYTES)
        self._pictures: Kept[np.ndarray] = Kept(KEPT_BYTES)

    @staticmethod
    def describe(card: Card, config: Mapping[str, Any]) -> Card:
        """`card` completed by what the configuration says."""
        options = (SMOOTHING, POST_FILTER, _depth(config["depth"]))
        return replace(
            card, task="style", native_size=None, accepts_style=True, options=options, least_side=SMALLEST_SIDE
        )

    def memory_bytes(self) -> int:
        weights = sum(tensor.numel() * tensor.element_size() for tensor in self.network.state_dict().values())
        return weights + self._pictures.nbytes + self._styles.nbytes

    def _from_style(self, request: StyleRequest, options: Mapping[str, str], run: Run) -> np.ndarray:
        content, regions = request.content, regions_of(request)
        run.notes.extend(regions.notes)
        smoothing = options["smoothing"]
        if smoothing == "off":
            run.settled["post_filter"] = "off"
        if not regions.looks:
            return content.copy()
        depth = int(options["depth"])
        key = (depth, *_key(content, request.style, regions))
        stylised = self._once((key, STYLISE), lambda: self._stylised(request, regions, depth, run))
        result = stylised
        if smoothing != "off":
            run.shown[STYLISE] = stylised
            result = self._once((key, smoothing), lambda: _smoothed(stylised, content, smoothing, run))
        if smoothing != "off" and options["post_filter"] == "on":
            smoothed = run.shown[SMOOTH] = result
            result = self._once((key, smoothing, FILTER), lambda: _filtered(smoothed, content, run))
        kept = regions.kept(*content.shape[:2])[..., None]
        return blended(content, np.where(kept, content, result), request.strength)

    def _once(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The picture kept under `key`, or else made now and kept; nobody can write to it."""
        picture = self._pictures.get(key)
        if picture is None:
            picture = self._pictures[key] = make()
            picture.setflags(write=False)
        return picture

    def _stylised(self, request: StyleRequest, regions: Matched, depth: int, run: Run) -> np.ndarray:
        """What PhotoWCT makes of the content, RGB uint8 of its size."""
        with run.stage(LOOK):
            statistics = self._statistics(request.style, regions, run)
        with run.stage(STYLISE):
            content = unit_tensor(request.content, self.device)
            return to_uint8(self.network.stylise(content, statistics, regions, run.advance, depth) * 2 - 1)

    def _statistics(self, style: np.ndarray, regions: Matched, run: Run) -> Statistics:
        key = (_digest(style), _digest(regions.style.labels), regions.style.ids)
        found = self._styles.get(key)
        if found is None:
            found = self.network.style_statistics(unit_tensor(style, self.device), regions.style, run.advance)
            self._styles[key] = found
        return found


def blended(content: np.ndarray, result: np.ndarray, strength: float) -> np.ndarray:
    """RGB uint8 (H, W, 3), `strength` of the way from the content to the result."""
    mixed = content + np.float32(strength) * (result.astype(np.float32) - content)
    return np.round(mixed).astype(np.uint8)


def unit_tensor(image: np.ndarray, device: torch.device) -> Tensor:
    """(1, 3, H, W) float32 in [0, 1] of an RGB uint8 picture (H, W, 3)."""
    return torch.from_numpy(np.array(image)).to(device).permute(2, 0, 1)[None].float() / 255


def _smoothed(stylised: np.ndarray, content: np.ndarray, smoothing: str, run: Run) -> np.ndarray:
    with run.stage(SMOOTH):
        filtered = smooth if smoothing == "exact" else guided
        return filtered(stylised, content, lambda done: run.advance(done, SMOOTH))


def _filtered(smoothed: np.ndarray, content: np.ndarray, run: Run) -> np.ndarray:
    with run.stage(FILTER):
        return local_affine(smoothed, content, lambda done: run.advance(done, FILTER))


def _key(content: np.ndarray, style: np.ndarray, regions: Matched) -> tuple[Hashable, ...]:
    looks = tuple(regions.looks.items())
    return (*map(_digest, (content, style, regions.content.labels, regions.style.labels)), looks)


def _digest(array: np.ndarray) -> bytes:
    return hashlib.sha256(repr((array.shape, array.dtype)).encode() + np.ascontiguousarray(array).tobytes()).digest()
