"""The memory: a bank of segments of real pictures, in which those that fit a layout are sought.

Qi et al., "Semi-parametric Image Synthesis" (2018). The form of the files is told in `bank_file`.
"""

from __future__ import annotations

import io
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from pathlib import Path

import numpy as np
from PIL import Image

from sims.label_space import LabelSpace
from sims.memory.bank_file import BOX, MAX_RUNS, SCALES, BankError, BankFile, open_bank_file
from sims.memory.mask_index import MaskIndex, decoded_runs
from sims.world import classes_and_instances

KEPT_BYTES = {"pictures": 128 << 20, "labels": 256 << 20}  # of decoded frames, in each of the two caches
# What Pillow's decoders were seen to raise on damaged files.
_BROKEN = (OSError, EOFError, RuntimeError, SyntaxError, ValueError, TypeError, LookupError, struct.error)


class Bank:
    """A bank of segments; what it holds is read when it is asked for, and frames are kept while there is room.

    `segments` (N,) is the table of `bank_file.SEGMENT`, sorted by channel; a segment's number is its place there.
    `size` is the (height, width) of layouts and masks. Every method may be called by several threads, and raises
    `BankError` where the bank is damaged.
    """

    def __init__(self, file: BankFile) -> None:
        self._file = file
        self._indices: dict[int, MaskIndex] = {}
        self._channel_bounds = np.searchsorted(file.segments["channel"], np.arange(file.space.channels + 1))
        self._lock = threading.Lock()
        self._kept = {kind: ArrayCache(limit) for kind, limit in KEPT_BYTES.items()}
        self._channel_of = bytes(file.space.channel_of.get(label, file.void) for label in range(256))

    @classmethod
    def open(cls, folder: Path, name: str | None = None) -> Bank:
        """The bank in a folder, which errors call `name`, or else by the folder.

        Raises `BankError` unless all of its tables are sound.
        """
        return cls(open_bank_file(folder, name))

    def __len__(self) -> int:
        return len(self.segments)

    @property
    def nbytes(self) -> int:
        """Bytes of what is in memory now: the table of segments, unpacked masks and decoded frames."""
        with self._lock:
            masks = sum(index.nbytes for index in self._indices.values())
        return int(self.segments.nbytes) + masks + sum(cache.nbytes for cache in self._kept.values())

    @property
    def space(self) -> LabelSpace:
        """The label space of its layouts."""
        return self._file.space

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) of layouts and masks."""
        return self._file.size

    @property
    def void(self) -> int:
        """The channel of what is no class."""
        return self._file.void

    @property
    def segments(self) -> np.ndarray:
        """The table of segments, (N,) of `bank_file.SEGMENT`, read-only."""
        return self._file.segments

    def frame_name(self, frame: int) -> str:
        """The name of a frame: its number in the world, or that of its files without the suffix."""
        return self._file.names[frame]

    def of_channel(self, channel: int) -> range:
        """The numbers of the segments of a channel."""
        return range(*self._channel_bounds[channel : channel + 2].tolist())

    def index(self, channel: int) -> MaskIndex:
        """The masks of a channel's segments, in the order of `of_channel`; unpacked at the first call."""
        with self._lock:
            if channel not in self._indices:
                self._indices[channel] = self._unpacked(channel)
            return self._indices[channel]

    def mask(self, segment: int) -> np.ndarray:
        """The pixels of a segment, (H, W) bool."""
        channel = int(self.segments["channel"][segment])
        return self.index(channel).mask(segment - self.of_channel(channel).start)

    def labels(self, frame: int) -> np.ndarray:
        """The layout of a frame as channels, (H, W) uint8, read-only."""
        return self._kept["labels"].get(int(frame), lambda: self._read_labels(int(frame)))

    def picture(self, frame: int) -> np.ndarray:
        """The picture of a frame at its own resolution, RGB (h, w, 3) uint8, read-only."""
        return self._kept["pictures"].get(int(frame), lambda: self._read_picture(int(frame)))

    def picture_at(self, frame: int, height: int) -> np.ndarray:
        """The picture of a frame in `height` rows, RGB (height, width, 3) uint8, resized with smoothing."""
        picture = self.picture(frame)
        width = self.size[1] * self._scale(height)
        if picture.shape[0] == height:
            return picture
        return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC))

    def tile(self, segment: int, height: int) -> np.ndarray:
        """The colours of a segment in a picture of `height` rows, (height, width, 3) uint8, zero outside of it."""
        scale = self._scale(height)
        support = self.mask(segment).repeat(scale, axis=0).repeat(scale, axis=1)
        return self.picture_at(int(self.segments["frame"][segment]), height) * support[..., None]

    def _scale(self, height: int) -> int:
        if height % self.size[0] or height // self.size[0] not in SCALES:
            accepted = ", ".join(str(self.size[0] * scale) for scale in SCALES)
            raise BankError(f"Pictures of {height} rows cannot be cut from this bank; it makes those of {accepted}.")
        return height // self.size[0]

    def _unpacked(self, channel: int) -> MaskIndex:
        rows = self.segments[self._channel_bounds[channel] : self._channel_bounds[channel + 1]]
        counts = rows["runs"].astype(np.int64)
        total = int(counts.sum())
        damaged = f"{self._file.name} is a damaged bank: the masks of channel {channel} cannot be read; get it again."
        if total > MAX_RUNS:
            raise BankError(damaged)
        try:
            packed = zlib.decompressobj()
            data = packed.decompress(self._file.codes(channel), 2 * total + 1)
            if total and not packed.eof:
                raise ValueError("too long")
            gaps, lengths = np.frombuffer(data, np.uint8).reshape(2, total)
            boxes = np.stack([rows[name] for name in BOX], axis=1)
            starts, ends = decoded_runs(gaps, lengths, counts, boxes, self.size)
            index = MaskIndex(starts, ends, np.concatenate([[0], np.cumsum(counts)]), self.size)
        except (zlib.error, ValueError) as error:
            raise BankError(damaged) from error
        if (index.areas != rows["area"]).any():
            raise BankError(damaged)
        return index

    def _read_labels(self, frame: int) -> np.ndarray:
        pixels = self.size[0] * self.size[1]
        if self._file.config["source"] == "world":
            classes, _ = classes_and_instances(self._decoded(frame, "labels", (self.size,)))
            data = classes.tobytes().translate(self._channel_of)
        else:
            try:
                data = zlib.decompressobj().decompress(self._checked(frame, "labels"), pixels + 1)
            except zlib.error as error:
                raise BankError(self._damaged(frame, "labels")) from error
        channels = np.frombuffer(data, np.uint8)
        if channels.size != pixels or channels.max() >= self.space.channels:
            raise BankError(self._damaged(frame, "labels"))
        return channels.reshape(self.size)

    def _read_picture(self, frame: int) -> np.ndarray:
        sizes = tuple((scale * self.size[0], scale * self.size[1]) for scale in SCALES)
        return self._decoded(frame, "pictures", sizes)

    def _decoded(self, frame: int, kind: str, sizes: tuple[tuple[int, int], ...]) -> np.ndarray:
        """The pixels (H, W, 3) of a frame's file, which must be an RGB WebP of one of the sizes."""
        data = self._checked(frame, kind)
        try:
            with Image.open(io.BytesIO(data), formats=("WEBP",)) as image:
                if image.mode != "RGB" or image.size[::-1] not in sizes:
                    raise ValueError("of another form")
                return np.array(image)
        except (*_BROKEN, Image.DecompressionBombError) as error:
            raise BankError(self._damaged(frame, kind)) from error

    def _checked(self, frame: int, kind: str) -> bytes:
        """The bytes of a frame's file, which must be unchanged."""
        try:
            data = self._file.frame_file(kind, frame)
        except OSError as error:
            raise BankError(self._damaged(frame, kind)) from error
        if zlib.crc32(data) != self._file.checks[kind][frame]:
            raise BankError(self._damaged(frame, kind))
        return data

    def _damaged(self, frame: int, kind: str) -> str:
        what = "picture" if kind == "pictures" else "layout"
        return (
            f"{self._file.name} is a damaged bank: the {what} of its frame {self.frame_name(frame)} is not the one that"
            " it was built with; get it again or build it anew."
        )


class ArrayCache:
    """The arrays that were used last, as many as fit in `limit` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit, self._bytes = limit, 0
        self._arrays: OrderedDict[Hashable, np.ndarray] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes of all that is kept."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], np.ndarray]) -> np.ndarray:
        """The array of `key`, from `make` if it is not there; two threads may make the same one at once."""
        with self._lock:
            if key in self._arrays:
                self._arrays.move_to_end(key)
                return self._arrays[key]
        array = make()
        array.setflags(write=False)
        with self._lock:
            if key not in self._arrays:
                self._arrays[key] = array
                self._bytes += array.nbytes
            while self._bytes > self._limit and len(self._arrays) > 1:
                self._bytes -= self._arrays.popitem(last=False)[1].nbytes
        return array
