"""python -m zoo.world.pack --raw DIR [--earlier DIR] --out zoo/builtin/world: rendered frames in the form that ships.

Both folders hold street/, landscape/ and panorama/, or some of them. The form is told by the card written beside it.
"""

from __future__ import annotations

import argparse
import gzip
import io
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from zoo.command_line import Parser, carry_out, progress, whole_number
from zoo.errors import ZooError
from zoo.world.card import FrameFacts, card
from zoo.world.rendered import CLASSES, Source, find_sources, read
from zoo.world.segments import depth_text, find_segments, renumbered

PARTS = ("pictures", "labels")
TABLES = {
    "frames.csv": "frame,split,renderer,kind,light,season,ground,samples",
    "segments.csv.gz": "frame,label,instance,x,y,pixels,depth",
}
HELD_OUT_DIGIT = "7"
LEAST_INSTANCE = {"street": 1, "landscape": 24, "panorama": 24}  # pixels; fewer are far trees that no eye counts
MAX_INSTANCES = 65535  # two channels of a picture
MAX_BYTES = 45_000_000


def pack(
    sources: Sequence[Source],
    out: Path,
    quality: int = 76,
    jobs: int = 1,
    progress: Callable[[float, str], None] = lambda fraction, what: None,
) -> dict[str, int]:
    """Write the frames, tables and card under `out`, in the place of those of a former run.

    Returns the bytes of every part, such as {"street/pictures": 12345, ...}. Raises `ZooError` for damaged frames, and
    where all of it takes more than `MAX_BYTES`; what was under `out` is then left as it was.
    """
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as folder:
        sizes = _pack_into(Path(folder), sources, quality, jobs, progress)
        _clear(out)
        _move(Path(folder), out)
    return sizes


def _pack_into(
    out: Path,
    sources: Sequence[Source],
    quality: int,
    jobs: int,
    progress: Callable[[float, str], None],
) -> dict[str, int]:
    facts: dict[str, list[FrameFacts]] = {}
    segments: dict[str, list[str]] = {}
    work = partial(pack_frame, out=out, quality=quality)
    for done, (source, (fact, lines)) in enumerate(zip(sources, _mapped(work, sources, jobs), strict=True), start=1):
        facts.setdefault(source.space, []).append(fact)
        segments.setdefault(source.space, []).extend(lines)
        progress(done / len(sources), f"{source.space}/{source.number}")
    sizes = {}
    for space in facts:
        _write_table(out / space / "frames.csv", (fact.row() for fact in facts[space]))
        _write_table(out / space / "segments.csv.gz", segments[space])
        for part in PARTS:
            sizes[f"{space}/{part}"] = sum(path.stat().st_size for path in (out / space / part).iterdir())
        for table in TABLES:
            sizes[f"{space}/{table}"] = (out / space / table).stat().st_size
    (out / "card.md").write_text(card(facts, CLASSES, sizes, quality), encoding="utf-8")
    sizes["card.md"] = (out / "card.md").stat().st_size
    total = sum(sizes.values())
    if total > MAX_BYTES:
        raise ZooError(f"The world takes {total} bytes and may take {MAX_BYTES}; lower --quality or pack fewer frames.")
    return sizes


def pack_frame(source: Source, out: Path, quality: int) -> tuple[FrameFacts, list[str]]:
    """Write the two files of a frame; returns what the table of frames says of it, and its rows of segments."""
    frame = read(source)
    instances = renumbered(frame.instances, LEAST_INSTANCE[source.space])
    count = int(instances.max())
    if count > MAX_INSTANCES:
        raise ZooError(f"{source.stem} has {count} instances and may have {MAX_INSTANCES}.")
    # Classes and instances share their outlines, so one file of both is a seventh smaller than two.
    coded = np.stack([frame.labels, instances & 255, instances >> 8], axis=-1).astype(np.uint8)
    pictures, labels = (out / source.space / part / f"{source.number}.webp" for part in PARTS)
    _write(pictures, _webp(frame.picture, quality=quality, method=6))
    # Smaller than the slower methods make it.
    _write(labels, _webp(coded, lossless=True, method=3, quality=100))
    _check_exact(labels, coded)

    names = CLASSES[source.space]
    found = find_segments(frame.labels, instances, frame.depth)
    found["depth"][np.isin(found["label"], [names.index(name) for name in ("sky", "cloud") if name in names])] = np.inf
    lines = [
        f"{source.number},{label},{instance},{x},{y},{pixels},{depth_text(depth)}"
        for label, instance, x, y, pixels, depth in found.tolist()
    ]
    snow = bool(source.notes.get("winter"))
    rendered_with = source.notes.get("samples")
    if not isinstance(rendered_with, int | None):
        raise ZooError(f"The notes of {source.stem} say samples = {rendered_with!r}; it should be a whole number.")
    facts = FrameFacts(
        number=source.number,
        split="held_out" if source.number.endswith(HELD_OUT_DIGIT) else "training",
        renderer="earlier" if source.earlier else "current",
        kind=_word(source, "kind"),
        light=_word(source, "light"),
        season="winter" if snow else _word(source, "season"),
        ground="snow" if snow else "wet" if source.notes.get("wet") else "dry",
        samples=rendered_with,
        size=(frame.labels.shape[0], frame.labels.shape[1]),
        pixels=tuple(np.bincount(frame.labels.ravel(), minlength=len(names)).tolist()),
    )
    return facts, lines


def _mapped(work: Callable[[Source], tuple], sources: Iterable[Source], jobs: int) -> Iterator[tuple]:
    if jobs == 1:
        yield from map(work, sources)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(work, sources, chunksize=8)


def _webp(pixels: np.ndarray, **options: int | bool) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "webp", **options)
    return buffer.getvalue()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _check_exact(path: Path, pixels: np.ndarray) -> None:
    with Image.open(path) as image:
        exact = np.array_equal(np.array(image), pixels)
    if not exact:
        raise ZooError(f"{path} does not hold what was written to it; check the disk and Pillow's WebP.")


def _write_table(path: Path, lines: Iterable[str]) -> None:
    """Write a table, packed where its name says so, with nothing of the time and the machine in it."""
    data = "".join(f"{line}\n" for line in (TABLES[path.name], *lines)).encode()
    path.write_bytes(gzip.compress(data, 9, mtime=0) if path.suffix == ".gz" else data)


def _word(source: Source, key: str) -> str:
    """A note that can stand in a table."""
    word = source.notes.get(key)
    if not isinstance(word, str) or not re.fullmatch("[A-Za-z][A-Za-z _-]*", word):
        raise ZooError(f"The notes of {source.stem} say {key} = {word!r}; it should be a word.")
    return word


def _move(folder: Path, out: Path) -> None:
    """Move what was written in `folder` to the same places in `out`."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        target = out / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(path, target)


def _clear(out: Path) -> None:
    """Remove what a former run wrote, and nothing else."""
    for space in CLASSES:
        for part in PARTS:
            for path in (out / space / part).glob(f"{'[0-9]' * 6}.webp"):
                path.unlink()
        for table in TABLES:
            (out / space / table).unlink(missing_ok=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = Parser(prog="python -m zoo.world.pack", description="Packs rendered frames into the form that ships.")
    parser.add_argument("--raw", type=Path, required=True, help="folder of street/, landscape/, panorama/ as rendered")
    parser.add_argument("--earlier", type=Path, help="the same of the renderer's earlier state")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--quality", type=whole_number(0, 100), default=76, help="of the pictures' WebP, 0..100")
    parser.add_argument("--jobs", type=whole_number(1, 64), default=1, help="processes")
    parser.set_defaults(run=_run)
    return carry_out(parser, arguments)


def _run(args: argparse.Namespace) -> None:
    sources = find_sources(args.raw, args.earlier)
    sizes = pack(sources, args.out, args.quality, args.jobs, progress())
    for part, size in sizes.items():
        print(f"{size / 1e6:8.2f} MB  {part}")
    print(f"{sum(sizes.values()) / 1e6:8.2f} MB  in all, {len(sources)} frames")


if __name__ == "__main__":
    sys.exit(main())
