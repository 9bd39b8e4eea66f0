"""The file of a memory bank: which tables it holds, and the checks that make them safe to use.

A bank is a folder with `config.json` (family "bank") and `model.safetensors`, whose tensors are

    segments.FIELD       (N,)            every field of `SEGMENT`, sorted by channel, frame and page
    masks.codes          bytes           of every channel the runs of its segments: all gaps, then all lengths; zlib
    masks.offsets        (channels + 1,) where they begin and end
    frames.names         bytes           the F names, a line each, UTF-8
    pictures.checks      (F,)            CRC-32 of every picture's file; labels.checks likewise
    pictures.bytes       bytes           the files of the pictures, one after the other: WebP, RGB
    pictures.offsets     (F + 1,)        where they begin and end
    labels.bytes, labels.offsets         likewise of the layouts: the channel of every pixel, a byte each; zlib

The last four are there in banks of source "own" only; those of source "world" point to frames of the built-in world.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from sims.label_space import LabelSpace, LayoutError, label_space
from sims.memory.context import context_boxes
from sims.world import BUILTIN, SPACES, World, WorldError
from zoo.convert import checked_config
from zoo.errors import ZooError
from zoo.files import WEIGHTS, check_safetensors, one_line, read_config

# `page` is the number among the segments of the channel in the frame; `context` counts the pixels of the frame's
# layout in the segment's context box that are not void; `runs` counts the mask's runs.
SEGMENT = np.dtype(
    [
        ("frame", np.int32),
        ("channel", np.uint8),
        ("page", np.uint16),
        ("top", np.uint16),
        ("left", np.uint16),
        ("bottom", np.uint16),
        ("right", np.uint16),
        ("area", np.int32),
        ("context", np.int32),
        ("runs", np.int32),
    ]
)
BOX = ["top", "left", "bottom", "right"]
KINDS = ("pictures", "labels")
SCALES = (1, 2, 4)  # of the pictures, to the layouts' size
MAX_RUNS = 1 << 25  # of one channel, which is more than a hundred thousand segments have


class BankError(ValueError):
    """A bank that cannot be used or built; its text is one sentence meant for the person who asked."""


@dataclass(frozen=True, eq=False)
class BankFile:
    """An open bank whose tables are checked; the codes of the masks and the frames' files are read piece by piece.

    `name` is what sentences call the bank.
    """

    name: str
    config: dict[str, Any]
    space: LabelSpace
    void: int
    segments: np.ndarray  # (N,) of SEGMENT, read-only
    names: tuple[str, ...]
    offsets: dict[str, np.ndarray]  # of "masks", and of the kinds of files that the bank holds
    checks: dict[str, np.ndarray]  # of the kinds of files
    tensors: Any  # safetensors' handle

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of the layouts."""
        height, width = self.config["size"]
        return height, width

    def codes(self, channel: int) -> bytes:
        """The packed runs of a channel's segments."""
        return self._piece("masks.codes", self.offsets["masks"], channel)

    def frame_file(self, kind: str, frame: int) -> bytes:
        """The bytes of a frame's file, `kind` being one of `KINDS`; they are not checked yet."""
        if kind in self.offsets:
            return self._piece(f"{kind}.bytes", self.offsets[kind], frame)
        return world_file(self.space.name, kind, self.names[frame]).read_bytes()

    def _piece(self, name: str, offsets: np.ndarray, number: int) -> bytes:
        start, stop = offsets[number : number + 2].tolist()
        return bytes(self.tensors.get_slice(name)[start:stop])


def open_bank_file(folder: Path, name: str | None = None) -> BankFile:
    """Open the bank in a folder, called `name` or else by the folder, and check every table. Raises `BankError`."""
    folder = Path(folder)
    name = str(folder) if name is None else name
    try:
        config = checked_config(read_config(folder))
        check_safetensors(folder / WEIGHTS)
        space = label_space(config["label_space"]) if config["family"] == "bank" else None
        tensors = safe_open(folder / WEIGHTS, "numpy")
    except (ZooError, LayoutError) as error:
        raise BankError(str(error).replace(str(folder), name)) from error
    except SafetensorError as error:
        raise BankError(f"{name}/{WEIGHTS} is a damaged safetensors file ({one_line(error)}); get it again.") from error
    except OSError as error:
        raise BankError(f"{name} cannot be read ({(error.strerror or type(error).__name__).lower()}).") from error
    if space is None:
        raise BankError(f"{name} is a checkpoint of family {config['family']}, and no bank of segments.")
    try:
        return _read_tables(name, config, space, tensors)
    except (_WrongTableError, SafetensorError, WorldError) as error:
        raise BankError(f"{name} is a damaged bank: {one_line(error)}; get it again or build it anew.") from error


def world_file(space: str, kind: str, number: str) -> Path:
    """Where the built-in world keeps the picture or the labels of a frame."""
    return BUILTIN / space / kind / f"{number}.webp"


def void_of(space: LabelSpace) -> int:
    """The channel of what is no class, which is never a segment and counts for nothing in a context."""
    return space.channel_of[space.unknown]


class _WrongTableError(ValueError):
    """What is wrong with a table."""


def _read_tables(called: str, config: dict[str, Any], space: LabelSpace, tensors: Any) -> BankFile:
    own = config["source"] == "own"
    blobs = {"masks.codes", "frames.names"} | ({f"{kind}.bytes" for kind in KINDS} if own else set())
    offset_tables = ["masks", *(KINDS if own else ())]
    tables = {f"segments.{name}": SEGMENT[name] for name in SEGMENT.names or ()}
    tables |= {f"{name}.offsets": np.dtype(np.int64) for name in offset_tables}
    tables |= {f"{kind}.checks": np.dtype(np.int64) for kind in KINDS}
    there = set(tensors.keys())
    for name in sorted(there ^ (blobs | set(tables))):
        raise _WrongTableError(
            f"it has a table {name} that banks do not have" if name in there else f"it has no table {name}"
        )
    found, lengths = {}, {}
    for name in sorted(there):
        part = tensors.get_slice(name)
        shape, kind = part.get_shape(), part.get_dtype()
        wanted = "U8" if name in blobs else f"{tables[name].kind.upper()}{8 * tables[name].itemsize}"
        if len(shape) != 1 or kind != wanted:
            raise _WrongTableError(f"its table {name} is {kind} of shape {shape} and should be a row of {wanted}")
        lengths[name] = shape[0]
        if name not in blobs:
            found[name] = tensors.get_tensor(name)
    names = _names(tensors.get_tensor("frames.names").tobytes(), config)
    if not own:
        _check_world(names, space)
    segments = _segments({name: found[f"segments.{name}"] for name in SEGMENT.names or ()}, config, space)
    pieces = {name: (len(names), f"{name}.bytes") for name in offset_tables}
    pieces["masks"] = (space.channels, "masks.codes")
    for name, (count, blob) in pieces.items():
        _check_offsets(name, found[f"{name}.offsets"], count, lengths[blob])
    for kind in KINDS:
        if len(found[f"{kind}.checks"]) != len(names):
            raise _WrongTableError(
                f"it has {len(names)} frames and {len(found[f'{kind}.checks'])} checks of their {kind}"
            )
    return BankFile(
        called,
        config,
        space,
        void_of(space),
        segments,
        names,
        {name: found[f"{name}.offsets"] for name in offset_tables},
        {kind: found[f"{kind}.checks"] for kind in KINDS},
        tensors,
    )


def _names(data: bytes, config: dict[str, Any]) -> tuple[str, ...]:
    try:
        names = tuple(data.decode("utf-8").split("\n"))
    except UnicodeDecodeError as error:
        raise _WrongTableError("the names of its frames are no text") from error
    if len(names) != config["frames"] or len(set(names)) != len(names) or not all(map(str.isprintable, names)):
        raise _WrongTableError(
            f"its config says {config['frames']} frames, and there are {len(set(names))} different names"
        )
    return names


def _check_world(names: tuple[str, ...], space: LabelSpace) -> None:
    if space.name not in SPACES:
        raise _WrongTableError(f"its frames are of the built-in world, which has none of the {space.name} space")
    known = {notes.number for notes in World().frames(space.name, "training")}
    for name in names:
        if name not in known:
            raise _WrongTableError(f"its frame {name[:40]!r} is no training frame of the built-in world")


def _segments(columns: dict[str, np.ndarray], config: dict[str, Any], space: LabelSpace) -> np.ndarray:
    """The table of segments, after every check that needs no mask."""
    counts = {len(column) for column in columns.values()} | {config["segments"]}
    if len(counts) > 1:
        raise _WrongTableError(
            f"its config says {config['segments']} segments, and its tables have {min(counts)}..{max(counts)}"
        )
    segments = np.empty(config["segments"], SEGMENT)
    for name, column in columns.items():
        segments[name] = column
    height, width = config["size"]
    frame, channel, area = (segments[name].astype(np.int64) for name in ("frame", "channel", "area"))
    top, left, bottom, right = boxes = np.stack([segments[name].astype(np.int64) for name in BOX])
    box_area = (bottom - top) * (right - left)
    order = (channel * config["frames"] + frame) * (1 << 16) + segments["page"]
    context_top, context_left, context_bottom, context_right = context_boxes(boxes.T, (height, width)).T
    context_area = (context_bottom - context_top) * (context_right - context_left)
    covered = np.bincount(frame.clip(0, config["frames"] - 1), area, minlength=config["frames"])
    for what, wrong in (
        ("is of a frame that there is not", (frame < 0) | (frame >= config["frames"])),
        ("has a channel that is no class", (channel >= space.channels) | (channel == void_of(space))),
        ("is out of order", np.diff(order, prepend=-1) <= 0),
        ("has a box outside the layout", (top >= bottom) | (left >= right) | (bottom > height) | (right > width)),
        ("has an area that its box has no room for", (area <= config["minimum_area"]) | (area > box_area)),
        ("has more context than its box", (segments["context"] < area) | (segments["context"] > context_area)),
        ("has an impossible number of runs", (segments["runs"] < 1) | (segments["runs"] > area + box_area // 255)),
        ("shares a frame with segments that overlap it", (covered > height * width)[frame.clip(0, len(covered) - 1)]),
    ):
        if wrong.any():
            raise _WrongTableError(f"its segment {int(wrong.argmax())} {what}")
    segments.setflags(write=False)
    return segments


def _check_offsets(name: str, offsets: np.ndarray, count: int, length: int) -> None:
    if len(offsets) != count + 1 or offsets[0] != 0 or offsets[-1] != length or (np.diff(offsets) < 0).any():
        raise _WrongTableError(f"the offsets of its {name} do not divide {length} bytes into {count} pieces")
