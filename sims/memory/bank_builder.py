"""Building a bank: frame by frame into parts, which a stopped build goes on from, then into one file.

Qi et al., "Semi-parametric Image Synthesis" (2018): every segment of every training picture is kept.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from sims.label_space import label_space
from sims.memory.bank_file import KINDS, SEGMENT, void_of
from sims.memory.bank_sources import BankError, Choices, Source, SourceFrame, check_of
from sims.memory.context import BoxCounts, context_boxes
from sims.memory.mask_index import encoded_runs
from sims.memory.rules import roles
from sims.memory.segments import segments_of
from zoo.files import CONFIG, FORMAT, WEIGHTS, write_atomically

Progress = Callable[[float, str], None]
_TYPES = {"uint8": "U8", "uint16": "U16", "int32": "I32", "int64": "I64"}


@dataclass(frozen=True, eq=False)
class Built:
    """What was built: the folder, how many segments of how many frames, and the bytes of the file."""

    folder: Path
    segments: int
    frames: int
    size_bytes: int


def build_bank(source: Source, out: Path, choices: Choices, *, licence: str, origin: str, progress: Progress) -> Built:
    """Build a bank of all frames of `source` in the folder `out`.

    Beside `out` a hidden folder keeps what is done; a build that was stopped goes on there, and redoes frames whose
    files or choices have changed since. Memory holds the table of segments and the runs of their masks, and of
    pictures one at a time. Raises `BankError`.
    """
    out = Path(out)
    parts = out.parent / f".{out.resolve().name}.parts"
    parts.mkdir(parents=True, exist_ok=True)
    paths = []
    for frame, name in enumerate(source.names):
        progress(0.95 * frame / len(source.names), name)
        paths.append(_part(source, frame, parts, choices))
    progress(0.95, "writing the bank")
    tables = _tables([_table(path) for path in paths], choices)
    if not len(tables["segments.area"]):
        raise BankError(f"No segment of more than {choices.minimum_area} pixels is in these layouts; lower the limit.")
    tables["frames.names"] = np.frombuffer("\n".join(source.names).encode(), np.uint8)
    out.mkdir(parents=True, exist_ok=True)
    if source.kind == "own":
        _write(out / WEIGHTS, tables, {f"{kind}.bytes": _files(paths, kind) for kind in KINDS})
    else:
        without = {name: table for name, table in tables.items() if name not in {f"{kind}.offsets" for kind in KINDS}}
        _write(out / WEIGHTS, without, {})
    segments, frames = len(tables["segments.area"]), len(source.names)
    config = {
        "format": FORMAT,
        "family": "bank",
        "label_space": choices.space,
        "size": list(choices.size),
        "segments": segments,
        "frames": frames,
        "minimum_area": choices.minimum_area,
        "source": source.kind,
        "licence": licence,
        "origin": origin,
    }
    write_atomically(out / CONFIG, json.dumps(config, indent=2).encode() + b"\n")
    shutil.rmtree(parts)
    progress(1.0, "done")
    return Built(out, segments, frames, (out / WEIGHTS).stat().st_size)


def _part(source: Source, frame: int, parts: Path, choices: Choices) -> Path:
    """The file of what is kept of one frame, made unless it is there and still right."""
    path = parts / f"{hashlib.sha256(source.names[frame].encode()).hexdigest()[:32]}.safetensors"
    key = source.key(frame)
    try:
        with safe_open(path, "numpy") as there:
            if (there.metadata() or {}).get("key") == key:
                return path
    except (OSError, SafetensorError):
        pass
    write_atomically(path, save(_part_tensors(source.read(frame), source.kind, choices), {"key": key}))
    return path


def _part_tensors(frame: SourceFrame, kind: str, choices: Choices) -> dict[str, np.ndarray]:
    space = label_space(choices.space)
    void = void_of(space)
    found = [
        segment
        for segment in segments_of(frame.channels, space.channels, roles(space.name).thin, choices.minimum_area)
        if segment.channel != void
    ]
    boxes = np.array([segment.box for segment in found], np.int64).reshape(-1, 4)
    contexts = BoxCounts(frame.channels != void).inside(context_boxes(boxes, choices.size))
    codes = [encoded_runs(segment.mask[segment.box.slices]) for segment in found]
    rows = [
        (0, segment.channel, segment.page, *segment.box, segment.area, context, len(gaps))
        for segment, context, (gaps, _) in zip(found, contexts, codes, strict=True)
    ]
    nothing = np.zeros((2, 0), np.uint8)
    tensors = {
        "segments": np.frombuffer(np.array(rows, SEGMENT).tobytes(), np.uint8),
        "runs": np.concatenate([nothing, *(np.stack(pair) for pair in codes)], axis=1),
        "checks": np.array([check_of(frame.files[kind]) for kind in KINDS], np.int64),
    }
    files = frame.files if kind == "own" else {}
    return tensors | {kind: np.frombuffer(data, np.uint8) for kind, data in files.items()}


@dataclass(frozen=True, eq=False)
class _Table:
    """Of one frame: its segments, the runs (2, R) of their masks, and of its two files the checks and lengths."""

    segments: np.ndarray
    runs: np.ndarray
    checks: np.ndarray
    lengths: tuple[int, ...]


def _table(path: Path) -> _Table:
    with safe_open(path, "numpy") as part:
        lengths = [part.get_slice(kind).get_shape()[0] if kind in part.keys() else 0 for kind in KINDS]  # noqa: SIM118
        segments = np.frombuffer(part.get_tensor("segments").tobytes(), SEGMENT).copy()
        return _Table(segments, part.get_tensor("runs"), part.get_tensor("checks"), tuple(lengths))


def _tables(frames: list[_Table], choices: Choices) -> dict[str, np.ndarray]:
    """The bank's tables, all but the names of the frames, from those of the frames in order."""
    for number, frame in enumerate(frames):
        frame.segments["frame"] = number
    segments = np.concatenate([frame.segments for frame in frames])
    runs = np.concatenate([frame.runs for frame in frames], axis=1)
    firsts = np.cumsum(segments["runs"], dtype=np.int64) - segments["runs"]
    order = np.lexsort([segments["page"], segments["frame"], segments["channel"]])
    segments, firsts = segments[order], firsts[order]
    codes = []
    for channel in range(label_space(choices.space).channels):
        mine = segments["channel"] == channel
        counts = segments["runs"][mine].astype(np.int64)
        picked = np.arange(counts.sum()) + np.repeat(firsts[mine] - (np.cumsum(counts) - counts), counts)
        codes.append(zlib.compress(runs[:, picked].tobytes(), 9) if len(picked) else b"")
    tables = {f"segments.{name}": np.ascontiguousarray(segments[name]) for name in SEGMENT.names or ()}
    tables["masks.codes"] = np.frombuffer(b"".join(codes), np.uint8)
    tables["masks.offsets"] = _offsets(len(code) for code in codes)
    for number, kind in enumerate(KINDS):
        tables[f"{kind}.checks"] = np.array([frame.checks[number] for frame in frames], np.int64)
        tables[f"{kind}.offsets"] = _offsets(frame.lengths[number] for frame in frames)
    return tables


def _offsets(lengths: Iterable[int]) -> np.ndarray:
    return np.cumsum([0, *lengths], dtype=np.int64)


def _files(paths: list[Path], kind: str) -> Iterator[np.ndarray]:
    for path in paths:
        with safe_open(path, "numpy") as part:
            yield part.get_tensor(kind)


def _write(path: Path, tables: dict[str, np.ndarray], streams: dict[str, Iterator[np.ndarray]]) -> None:
    """Write a safetensors file of the tables and of streams of bytes, whose lengths their tables of offsets tell."""
    # Wide numbers first, as the format's own writer does, so that every table is aligned.
    names = [*sorted(tables, key=lambda name: (-tables[name].itemsize, name)), *streams]
    header, end = {}, 0
    for name in names:
        length = len(tables[name]) if name in tables else int(tables[name.replace(".bytes", ".offsets")][-1])
        start, end = end, end + length * (tables[name].itemsize if name in tables else 1)
        kind = _TYPES[str(tables[name].dtype)] if name in tables else "U8"
        header[name] = {"dtype": kind, "shape": [length], "data_offsets": [start, end]}
    head = json.dumps({"__metadata__": {"format": "pt"}, **header}, separators=(",", ":")).encode()
    head += b" " * (-len(head) % 8)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(len(head).to_bytes(8, "little") + head)
            for name in names:
                for piece in streams.get(name) or [tables[name]]:
                    file.write(piece.tobytes())
        os.chmod(temporary, 0o644)  # mkstemp makes files for their owner only
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
