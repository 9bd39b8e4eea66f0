"""The command line `python -m zoo.world street|landscape|panorama`: render the frames that are not there yet.

Exit status 0, 1 if a frame failed, 2 with one sentence on standard error for bad input, or 130 when interrupted.
"""

from __future__ import annotations

import argparse
import functools
import importlib
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zoo.command_line import Parser, carry_out, whole_number
from zoo.errors import ZooError
from zoo.files import one_line

if TYPE_CHECKING:  # brings numpy and pillow, which may be missing as well as Blender
    from zoo.world.frames import Frame

KINDS = ("street", "landscape", "panorama")
SEEDS_END = 1_000_000  # file names have six digits
SIDE = range(32, 2049)  # pixels


class FailedFramesError(Exception):
    """Some frames of a run could not be made; its text is one sentence."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit status."""
    try:
        return carry_out(_parser(), arguments)
    except FailedFramesError as failed:
        print(failed, file=sys.stderr)
        return 1


def render(args: argparse.Namespace) -> None:
    """Render street scenes, landscapes or panoramas with labels, one frame a seed; finished frames are skipped."""
    height, width = args.size
    if args.kind == "panorama" and width < 2 * height:
        raise ZooError(f"A panorama of {height}x{width} is too narrow; give --size at least 2:1, such as 256x1024.")
    if args.out.exists() and not args.out.is_dir():
        raise ZooError(f"{args.out} is no folder; give --out a folder, or a name that is free.")
    make = functools.partial(maker(args.kind), height=height, width=width, samples=args.samples)
    args.out.mkdir(parents=True, exist_ok=True)
    render_all(make, args.seeds, args.out)


def maker(kind: str) -> Callable[..., Frame]:
    """The function that makes one frame of a kind, from seed, height, width and samples."""
    try:
        for module in ("bpy", "OpenEXR", "numpy", "PIL"):
            importlib.import_module(module)
    except ImportError as error:
        python = ".".join(map(str, sys.version_info[:2]))
        raise ZooError(
            f"Rendering needs Blender as a module, which cannot be loaded here ({one_line(error)}; Python {python}); "
            "in an environment of its own, with Python 3.11, run pip install -r zoo/world/requirements.txt."
        ) from error
    if kind == "street":
        from zoo.world.street import scene as street

        return street.make
    from zoo.world.landscape import scene as landscape

    return functools.partial(landscape.make, pano=kind == "panorama")


def render_all(make: Callable[[int], Frame], seeds: range, folder: Path) -> None:
    """Make and write the frames that are not there yet, one line each. Raises `FailedFramesError` if any failed."""
    from zoo.world.frames import is_finished, write

    todo = [seed for seed in seeds if not is_finished(folder, seed)]
    if len(todo) < len(seeds):
        print(f"{len(seeds) - len(todo)} of {len(seeds)} frames are already there", flush=True)
    spent: list[float] = []
    for done, seed in enumerate(todo, start=1):
        start = time.monotonic()
        try:
            frame = make(seed)
        except Exception as error:
            print(f"[{done}/{len(todo)}] seed {seed}: failed, {type(error).__name__}: {one_line(error)}", flush=True)
            continue
        write(frame, folder, seed)
        spent.append(time.monotonic() - start)
        left = duration(sum(spent) / len(spent) * (len(todo) - done))
        print(f"[{done}/{len(todo)}] seed {seed}: {spent[-1]:.1f} s, {summary(frame)}; {left} left", flush=True)
    print(f"{len(spent)} written", flush=True)
    if len(spent) < len(todo):
        raise FailedFramesError(
            f"{len(todo) - len(spent)} of {len(todo)} frames failed; the same command tries them again."
        )


def summary(frame: Frame) -> str:
    """What a frame shows, and why it is no good if it is not."""
    notes = frame.notes
    shown = f"{notes['kind']}, {notes['light']}, {notes['season']}"
    return shown if notes["good"] else f"{shown}, {notes['rejected'][-1]}"


def duration(seconds: float) -> str:
    """Seconds, minutes, or hours and minutes."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"


def _seeds(text: str) -> range:
    match = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text)
    if not match or not int(match[1]) < int(match[2]) <= SEEDS_END:
        raise argparse.ArgumentTypeError(f"{text!r} is no range A:B with 0 <= A < B <= {SEEDS_END}")
    return range(int(match[1]), int(match[2]))


def _size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"([0-9]{1,9})x([0-9]{1,9})", text)
    if not match or int(match[1]) not in SIDE or int(match[2]) not in SIDE:
        raise argparse.ArgumentTypeError(f"{text!r} is no size HxW with sides of {SIDE[0]} to {SIDE[-1]} pixels")
    return int(match[1]), int(match[2])


def _parser() -> Parser:
    parser = Parser(prog="python -m zoo.world", description=render.__doc__)
    parser.set_defaults(run=render)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument(
        "--seeds", metavar="A:B", type=_seeds, required=True, help="the first seed, and the one to stop at"
    )
    parser.add_argument("--size", metavar="HxW", type=_size, required=True, help="height and width, such as 256x512")
    parser.add_argument(
        "--samples",
        metavar="N",
        type=whole_number(1, 1024, "number"),
        default=6,
        help="rays a pixel, 6 unless told otherwise",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, required=True, help="the folder to write to")
    return parser


if __name__ == "__main__":
    sys.exit(main())
