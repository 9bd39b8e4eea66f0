"""Where the frames of a bank come from: two folders of files, or the built-in world."""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from sims.image_files import FORMATS, ImageError, read_image
from sims.label_space import LayoutError, label_space
from sims.layout import Layout
from sims.layout_files import read_layout
from sims.memory.bank_file import KINDS, SCALES, BankError, world_file
from sims.world import World, WorldError

VERSION = 1  # of the parts that a build leaves behind when it is stopped
LAYOUT_SUFFIXES = (".png", ".bmp", ".webp", ".gif")


@dataclass(frozen=True)
class Choices:
    """How a bank is built.

    `space` is the name of its label space, `size` the (height, width) of layouts and masks. Segments have more than
    `minimum_area` pixels there. Pictures are kept in at most `largest` times that size, as WebP, without loss or of
    high quality.
    """

    space: str = "street"
    size: tuple[int, int] = (256, 512)
    minimum_area: int = 100
    largest: int = 4
    lossless: bool = False


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """A frame: its layout as channels (H, W) uint8, and the files of its picture and layout as the bank has them."""

    channels: np.ndarray
    files: dict[str, bytes]  # by `bank_file.KINDS`


class Source(Protocol):
    """Frames by number."""

    kind: str  # "own" or "world", as in the bank's config
    names: tuple[str, ...]

    def key(self, frame: int) -> str:
        """What changes whenever the frame, or what is made of it, changes."""

    def read(self, frame: int) -> SourceFrame:
        """Read one frame. Raises `BankError`."""


class WorldSource:
    """The training frames of a space of the built-in world."""

    kind = "world"

    def __init__(self, choices: Choices) -> None:
        self._choices = choices
        try:
            self._world = World()
            self.names = tuple(notes.number for notes in self._world.frames(choices.space, "training"))
        except WorldError as error:
            raise BankError(str(error)) from error

    def key(self, frame: int) -> str:
        """Of the frame's files."""
        return _key(self._choices, *(self._path(kind, frame) for kind in KINDS))

    def read(self, frame: int) -> SourceFrame:
        """Read one frame. Raises `BankError`."""
        space = self._choices.space
        try:
            labels = self._world.read(space, self.names[frame]).labels
        except WorldError as error:
            raise BankError(str(error)) from error
        channels = _channels(Layout(labels, label_space(space)), self._choices)
        return SourceFrame(channels, {kind: self._path(kind, frame).read_bytes() for kind in KINDS})

    def _path(self, kind: str, frame: int) -> Path:
        return world_file(self._choices.space, kind, self.names[frame])


class FolderSource:
    """Pictures in one folder and their layouts in another, paired by the names of the files without the suffixes."""

    kind = "own"

    def __init__(self, images: Path, labels: Path, choices: Choices) -> None:
        self._choices = choices
        pictures = _by_stem(images, (".jpg", *(f".{form.lower()}" for form in FORMATS)))
        layouts = _by_stem(labels, LAYOUT_SUFFIXES)
        self.names = tuple(sorted(pictures.keys() & layouts.keys()))
        self._pairs = [(pictures[name], layouts[name]) for name in self.names]
        self.alone = len(pictures.keys() ^ layouts.keys())
        if not self.names:
            example = next(iter(pictures.values()), images)
            raise BankError(
                f"No picture in {images} has a layout in {labels}: of {len(pictures)} pictures and {len(layouts)}"
                f" layouts no two names agree; {example.name} would need {example.stem}.png."
            )

    def key(self, frame: int) -> str:
        """Of the sizes and times of change of the two files."""
        return _key(self._choices, *self._pairs[frame])

    def read(self, frame: int) -> SourceFrame:
        """Read one frame. Raises `BankError`."""
        picture_path, layout_path = self._pairs[frame]
        try:
            layout = read_layout(layout_path, self._choices.space).layout
            picture = read_image(picture_path, f"The picture {picture_path}")
        except LayoutError as error:
            raise BankError(f"{layout_path}: {error}") from error
        except ImageError as error:
            raise BankError(str(error)) from error
        if picture.shape[0] * layout.size[1] != picture.shape[1] * layout.size[0]:
            raise BankError(
                f"{picture_path} is {picture.shape[1]}x{picture.shape[0]} and its layout is"
                f" {layout.size[1]}x{layout.size[0]}; they must have the same shape."
            )
        channels = _channels(layout, self._choices)
        return SourceFrame(channels, {"pictures": self._webp(picture), "labels": packed_layout(channels)})

    def _webp(self, picture: np.ndarray) -> bytes:
        """The picture in the largest of the sizes that it fills, else in the smallest."""
        height, width = self._choices.size
        fitting = [n for n in SCALES if n <= self._choices.largest and n * height <= picture.shape[0]]
        scale = max(fitting, default=1)
        image = Image.fromarray(picture)
        if image.size != (scale * width, scale * height):
            image = image.resize((scale * width, scale * height), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        image.save(buffer, "WEBP", lossless=self._choices.lossless, quality=75 if self._choices.lossless else 95)
        return buffer.getvalue()


def check_of(data: bytes) -> int:
    """The CRC-32 by which a bank knows a frame's file again."""
    return zlib.crc32(data)


def _key(choices: Choices, *paths: Path) -> str:
    states = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return hashlib.sha256(json.dumps([VERSION, asdict(choices), states]).encode()).hexdigest()


def _by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """The files of a folder with one of the suffixes, by name without it."""
    if not folder.is_dir():
        raise BankError(f"{folder} is no folder; give a folder of files.")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and path.is_file():
            if path.stem in found:
                raise BankError(f"{found[path.stem]} and {path.name} have the same name; keep one of them.")
            if not path.stem.isprintable():
                raise BankError(f"{folder} holds a file named {path.name!r}; rename it.")
            found[path.stem] = path
    return found


def _channels(layout: Layout, choices: Choices) -> np.ndarray:
    return layout.space.channels_of(layout.resize(*choices.size).ids).astype(np.uint8)


def packed_layout(channels: np.ndarray) -> bytes:
    """A layout as channels (H, W) uint8, as a bank holds it."""
    return zlib.compress(channels.tobytes(), 9)
