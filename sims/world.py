"""A world to learn from: rendered frames with labels, instances and segments, the built-in one or a person's own.

The form of the files is told in `zoo/builtin/world/card.md`; `python -m zoo.world.pack` writes it.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from sims.label_space import LabelSpace, LayoutError, label_space

BUILTIN = Path(__file__).parent.parent / "zoo" / "builtin" / "world"
SPACES = {"street": "street", "landscape": "landscape", "panorama": "landscape"}  # with the label space of each
SPLITS = ("training", "held_out", "all")
MAX_PIXELS = 50_000_000
MAX_TABLE = 50_000_000  # characters of a table, twenty times the largest of the built-in world
# The rows of the segments, by frame; the depth is the median in metres, infinite where there is none.
SEGMENT = np.dtype(
    [
        ("frame", np.int32),
        ("label", np.int32),
        ("instance", np.int32),
        ("x", np.int32),
        ("y", np.int32),
        ("pixels", np.int32),
        ("depth", np.float32),
    ]
)

_FRAMES_HEADER = "frame,split,renderer,kind,light,season,ground,samples"
_FRAME_ROW = re.compile("([0-9]{6}),(training|held_out)" + ",([A-Za-z _-]{1,40})" * 5 + ",([0-9]{0,6})")
_SEGMENTS_HEADER = ",".join(SEGMENT.names or ())
_SEGMENT_ROW = "[0-9]{6},[0-9]{1,3},[0-9]{1,5}(?:,[0-9]{1,8}){3},(?:[0-9]{1,7}(?:[.][0-9]{1,4})?)?"
_SEGMENT_ROWS = re.compile(f"(?:{_SEGMENT_ROW}\n)*+")
_NUMBER = re.compile("[0-9]{6}")
# What Pillow's decoders were seen to raise on damaged files.
_BROKEN = (OSError, EOFError, RuntimeError, SyntaxError, ValueError, TypeError, LookupError, struct.error)


class WorldError(ValueError):
    """A world, or a part of one, that cannot be used; its text is one sentence meant for the person who asked."""


@dataclass(frozen=True)
class FrameNotes:
    """What the table says of a frame; `samples` a pixel it was rendered with, where that is known."""

    number: str
    split: str
    renderer: str
    kind: str
    light: str
    season: str
    ground: str
    samples: int | None


@dataclass(frozen=True, eq=False)
class Frame:
    """One frame of a world; instances are numbered from 1 and 0 is none."""

    number: str
    picture: np.ndarray  # (H, W, 3) uint8
    labels: np.ndarray  # (H, W) uint8
    instances: np.ndarray  # (H, W) int32


class World:
    """The frames in a folder of street/, landscape/ and panorama/, or of some of them; tables and files are read late.

    Every method raises `WorldError` for what is missing, damaged or out of range.
    """

    def __init__(self, folder: Path = BUILTIN) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise WorldError(f"{self.folder} is no folder; give the folder of a world.")
        self._parts = {name: _Space(self.folder / name) for name in SPACES if (self.folder / name).is_dir()}
        if not self._parts:
            raise WorldError(f"{self.folder} holds none of {', '.join(SPACES)}; give the folder of a world.")

    @property
    def spaces(self) -> tuple[str, ...]:
        """The spaces that are there."""
        return tuple(self._parts)

    def frames(self, space: str, split: str = "all") -> tuple[FrameNotes, ...]:
        """The frames of a space whose split is "training" or "held_out", or "all", by their numbers."""
        if split not in SPLITS:
            raise WorldError(f"The split is {split!r}; it is one of {', '.join(SPLITS)}.")
        return tuple(notes for notes in self._part(space).frames.values() if split in ("all", notes.split))

    def read(self, space: str, number: str) -> Frame:
        """Read the two files of a frame; the frames that there are, `frames` lists."""
        return self._part(space).read(number)

    def segments(self, space: str, number: str | None = None) -> np.ndarray:
        """The segments (N,) of `SEGMENT`, read-only: those of one frame, or of the whole space by frame."""
        part = self._part(space)
        if number is None:
            return part.segments
        return part.segments_of(number)

    def _part(self, space: str) -> _Space:
        if space not in self._parts:
            raise WorldError(f"{self.folder} holds no space {space!r}; it holds {', '.join(self._parts)}.")
        return self._parts[space]


class _Space:
    """One of the folders of a world."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.label_space: LabelSpace = label_space(SPACES[folder.name])

    @cached_property
    def frames(self) -> dict[str, FrameNotes]:
        """The table of frames by number."""
        path = self.folder / "frames.csv"
        found: dict[str, FrameNotes] = {}
        for line, row in enumerate(_table(path, _FRAMES_HEADER).splitlines(), start=2):
            match = _FRAME_ROW.fullmatch(row)
            if not match:
                raise WorldError(f"Line {line} of {path} is no frame: {row[:80]!r} is not {_FRAMES_HEADER}.")
            number, split, renderer, kind, light, season, ground, samples = match.groups()
            if found and number <= next(reversed(found)):
                raise WorldError(
                    f"Line {line} of {path} is out of order: frame {number} follows {next(reversed(found))}."
                )
            counted = int(samples) if samples else None
            found[number] = FrameNotes(number, split, renderer, kind, light, season, ground, counted)
        return found

    @cached_property
    def segments(self) -> np.ndarray:
        """The table of segments."""
        path = self.folder / "segments.csv.gz"
        text = _table(path, _SEGMENTS_HEADER)
        if not _SEGMENT_ROWS.fullmatch(text):
            rows = enumerate(text.splitlines(), start=2)
            line, row = next((line, row) for line, row in rows if not re.fullmatch(_SEGMENT_ROW, row))
            raise WorldError(f"Line {line} of {path} is no segment: {row[:80]!r} is not {_SEGMENTS_HEADER}.")
        if not text:
            return np.empty(0, SEGMENT)
        # One parse of the whole text, because a space has a hundred thousand segments.
        found = np.loadtxt(io.StringIO(text.replace(",\n", ",inf\n")), SEGMENT, delimiter=",", ndmin=1)
        known = np.array([int(number) for number in self.frames], np.int32)
        self._refuse(
            path, found, ~np.isin(found["frame"], known), f"is of a frame that {path.parent.name} does not list"
        )
        falling = np.diff(found["frame"], prepend=found["frame"][:1]) < 0
        self._refuse(path, found, falling, "is out of order: its frame is smaller than that of the line before")
        outside = ~np.isin(found["label"], list(self.label_space.by_id))
        self._refuse(path, found, outside, f"has a label that is none of {self.label_space.describe_ids()}")
        found.setflags(write=False)
        return found

    def _refuse(self, path: Path, found: np.ndarray, wrong: np.ndarray, what: str) -> None:
        if wrong.any():
            raise WorldError(f"Line {int(wrong.argmax()) + 2} of {path} {what}.")

    def segments_of(self, number: str) -> np.ndarray:
        """The segments of one frame."""
        self._check_number(number)
        start, stop = np.searchsorted(self.segments["frame"], [int(number), int(number) + 1])
        return self.segments[start:stop]

    def read(self, number: str) -> Frame:
        """The files of one frame, checked against each other and against the label space."""
        self._check_number(number)
        picture, coded = (_decode(self.folder / kind / f"{number}.webp") for kind in ("pictures", "labels"))
        if picture.shape != coded.shape:
            sizes = sorted(f"{array.shape[1]}x{array.shape[0]}" for array in (picture, coded))
            raise WorldError(
                f"Frame {number} of {self.folder} is of several sizes, {', '.join(sizes)}; picture and labels have one."
            )
        labels, instances = classes_and_instances(coded)
        try:
            self.label_space.check(labels)
        except LayoutError as error:
            raise WorldError(f"The labels of frame {number} of {self.folder} are wrong: {error}") from error
        return Frame(number, picture, labels, instances)

    def _check_number(self, number: str) -> None:
        if not _NUMBER.fullmatch(number):
            raise WorldError(f"{number!r} is no frame's number; it has six digits, such as '000123'.")
        if number not in self.frames:
            raise WorldError(f"{self.folder} lists no frame {number}.")


def classes_and_instances(coded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The classes, uint8 (H, W), and the instances, int32 (H, W), of the decoded file of labels, RGB (H, W, 3)."""
    return coded[..., 0].copy(), coded[..., 1] + 256 * coded[..., 2].astype(np.int32)


def _table(path: Path, header: str) -> str:
    """The rows of a table, each with its line's end, without the header; a `.gz` is unpacked no further than needed."""
    open_text = gzip.open if path.suffix == ".gz" else open
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            text = file.read(MAX_TABLE + 1)
    except FileNotFoundError as error:
        raise WorldError(f"{path} does not exist; a space of a world has one.") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise WorldError(f"{path} is damaged or no gzip file; pack the world again.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise WorldError(f"{path} cannot be read as text; pack the world again.") from error
    if len(text) > MAX_TABLE:
        raise WorldError(f"{path} holds more than {MAX_TABLE} characters, too many for a table; pack fewer frames.")
    first, _, rows = text.partition("\n")
    if first != header:
        raise WorldError(f"Line 1 of {path} is {first[:80]!r} and should be {header}.")
    return rows if not rows or rows.endswith("\n") else rows + "\n"


def _decode(path: Path) -> np.ndarray:
    """The pixels (H, W, 3) of an RGB WebP file."""
    try:
        with Image.open(path, formats=("WEBP",)) as image:
            pixels = image.width * image.height
            if image.mode == "RGB" and pixels <= MAX_PIXELS:
                return np.array(image)
    except FileNotFoundError as error:
        raise WorldError(f"{path} is missing, though its frame is listed; pack the world again.") from error
    except (*_BROKEN, Image.DecompressionBombError) as error:
        raise WorldError(f"{path} is damaged or no WebP file; pack the world again.") from error
    raise WorldError(f"{path} is {image.mode} of {pixels} pixels; it should be RGB of at most {MAX_PIXELS}.")
