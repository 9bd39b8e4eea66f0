"""Rendered frames as they lie in folders before they are packed: today's, and those of the renderer's earlier state."""

from __future__ import annotations

import itertools
import json
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from zoo.errors import ZooError
from zoo.files import one_line
from zoo.world.frames import FARTHEST
from zoo.world.grade import levels
from zoo.world.labels import LANDSCAPE, STREET

CLASSES = {"street": STREET, "landscape": LANDSCAPE, "panorama": LANDSCAPE}
NUMBER = re.compile("[0-9]{6}")
UNMEASURED = 65535  # the depth of an earlier frame where it is sky, or too far for centimetres in 16 bits
# What decoders raise on damaged files.
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    KeyError,
    SyntaxError,
    TypeError,
    NotImplementedError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Source:
    """One frame to read: its space, the path of its files without their endings, and its renderer's notes."""

    space: str
    stem: Path
    earlier: bool
    notes: dict[str, Any]

    @property
    def number(self) -> str:
        """The six digits of the frame."""
        return self.stem.name


@dataclass(frozen=True, eq=False)
class Rendered:
    """A frame; its depth is infinite where the sky is."""

    picture: np.ndarray  # (H, W, 3) uint8
    labels: np.ndarray  # (H, W) uint8
    instances: np.ndarray  # (H, W) int32, 0 for none
    depth: np.ndarray  # (H, W) float32, metres


def find_sources(raw: Path, earlier: Path | None) -> list[Source]:
    """All finished and good frames by space and number. Raises `ZooError` for none, and for a number used twice."""
    sources = [*_current(raw), *(_earlier(earlier) if earlier else ())]
    if not sources:
        raise ZooError(f"{raw} holds no finished frame in {', '.join(CLASSES)}; render some first.")
    sources.sort(key=lambda source: (list(CLASSES).index(source.space), source.number))
    for one, another in itertools.pairwise(sources):
        if (one.space, one.number) == (another.space, another.number):
            raise ZooError(f"Frame {one.number} of {one.space} is there twice, {one.stem} and {another.stem}.")
    return sources


def read(source: Source) -> Rendered:
    """The frame, checked. Raises `ZooError` for what is missing, damaged, of another size or of no class."""
    frame = _read_earlier(source.stem) if source.earlier else _read_current(source.stem)
    size = frame.labels.shape
    for name, found in (("picture", frame.picture.shape[:2]), ("depth", frame.depth.shape)):
        if found != size:
            raise ZooError(f"The {name} of {source.stem} is {_size(found)} and its labels are {_size(size)}.")
    if frame.instances.shape != size:
        raise ZooError(
            f"The instances of {source.stem} are {_size(frame.instances.shape)} and its labels {_size(size)}."
        )
    names = CLASSES[source.space]
    if frame.labels.max() >= len(names):
        raise ZooError(
            f"{source.stem} has label {frame.labels.max()}; those of a {source.space} are 0..{len(names) - 1}."
        )
    if frame.instances.min() < 0 or not (frame.depth > 0).all():
        raise ZooError(f"{source.stem} has negative instances or depths that are no positive numbers; render it again.")
    return frame


def _current(raw: Path) -> Iterator[Source]:
    """Today's frames that their renderer found good; a frame is finished when its notes are there."""
    if not raw.is_dir():
        raise ZooError(f"{raw} is no folder; give the one that holds {', '.join(CLASSES)}.")
    for space in CLASSES:
        for path in (raw / space).glob("*.json"):
            if NUMBER.fullmatch(path.stem):
                notes = _json(path, dict)
                if notes.get("good", True):
                    yield Source(space, path.with_suffix(""), False, notes)


def _earlier(folder: Path) -> Iterator[Source]:
    """The frames that the lists `frames.json` name."""
    spaces = [space for space in CLASSES if (folder / space).is_dir()]
    if not spaces:
        raise ZooError(f"{folder} holds none of {', '.join(CLASSES)}; give the folder of the earlier frames.")
    for space in spaces:
        listing = folder / space / "frames.json"
        for notes in _json(listing, list):
            number = notes.get("frame") if isinstance(notes, dict) else None
            if not isinstance(number, str) or not NUMBER.fullmatch(number):
                raise ZooError(f"{listing} lists {notes!r}, which names no frame by six digits.")
            yield Source(space, folder / space / number, True, notes)


def _json(path: Path, kind: type) -> Any:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ZooError(f"{path} cannot be read as JSON ({one_line(error)}).") from error
    if not isinstance(found, kind):
        raise ZooError(f"{path} holds a {type(found).__name__} and should hold a {kind.__name__}.")
    return found


def _read_current(stem: Path) -> Rendered:
    """NNNNNN.png, NNNNNN_labels.png and NNNNNN.npz."""
    path = stem.with_suffix(".npz")
    try:
        with np.load(path) as arrays:
            instances, depth = arrays["instances"], arrays["depth"].astype(np.float32)
    except _BROKEN as error:
        raise _unreadable(path, error) from error
    depth[depth >= FARTHEST] = np.inf
    return Rendered(_colours(stem.with_suffix(".png")), _grey(stem, "labels", "L"), instances, depth)


def _read_earlier(stem: Path) -> Rendered:
    """NNNNNN.webp and, as PNG, labels, instances and depth, the depth at half the resolution.

    The picture is brought to the contrast of today's, whose tone function the earlier renderer lacked.
    """
    picture = levels(_colours(stem.with_suffix(".webp")) / np.float32(255))
    labels = _grey(stem, "labels", "L")
    centimetres = _grey(stem, "depth", "I;16").repeat(2, axis=0).repeat(2, axis=1)
    depth = np.where(centimetres == UNMEASURED, np.inf, centimetres / np.float32(100)).astype(np.float32)
    instances = _grey(stem, "instances", "L", "I;16").astype(np.int32)
    return Rendered((picture * 255 + 0.5).astype(np.uint8), labels, instances, depth)


def _colours(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.array(image.convert("RGB"))
    except _BROKEN as error:
        raise _unreadable(path, error) from error


def _grey(stem: Path, what: str, *modes: str) -> np.ndarray:
    """The numbers (H, W) of a grey PNG."""
    path = stem.with_name(f"{stem.name}_{what}.png")
    try:
        with Image.open(path) as image:
            if image.mode in modes:
                return np.array(image)
    except _BROKEN as error:
        raise _unreadable(path, error) from error
    raise ZooError(f"{path} is of mode {image.mode} and should be of {' or '.join(modes)}.")


def _unreadable(path: Path, error: Exception) -> ZooError:
    if isinstance(error, FileNotFoundError):
        return ZooError(f"{path} is missing; render the frame again.")
    return ZooError(f"{path} cannot be read ({one_line(error)}); render the frame again.")


def _size(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))
