"""What the commands of `python -m sims` share: their arguments, where they write, and making one picture."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Sequence
from pathlib import Path

from sims.generator import MAX_SEED, Card, Picture, Request, check_seed
from sims.layout import Layout
from sims.layout_files import ENCODINGS, read_layout
from sims.load import load
from sims.provenance import picture_png
from zoo.command_line import UsageError, progress
from zoo.files import write_atomically

DEVICES = ("auto", "cpu", "cuda")


def make(args: argparse.Namespace, name: str, request: Request, out: Path) -> Picture:
    """Run one generator and write its picture to `out`; tells on standard output what was made."""
    show = progress()
    picture = load(name, device=args.device, progress=show).generate(request, seed=args.seed, progress=show)
    write_picture(picture, out)
    return picture


def write_picture(picture: Picture, out: Path) -> None:
    """Write a picture with its recipe to `out`, and tell so."""
    write_atomically(out, picture_png(picture))
    for note in picture.notes:
        print(note)
    height, width = picture.image.shape[:2]
    print(f"{out}: {width}x{height}, {sum(picture.seconds.values()):.1f} s, seed {picture.seed}")


def layout_of(args: argparse.Namespace, target: Card) -> Layout:
    """The layout file of a command line; its label space is that of `target` unless given."""
    if target.label_space is None:
        raise UsageError(f"{target.name} works from a picture, and was given a layout; use generate with --image.")
    reading = read_layout(
        args.layout,
        args.label_space or target.label_space,
        encoding=args.encoding or "auto",
        instances=args.instances,
    )
    print(f"{reading.sentence}.")
    return reading.layout


def options_of(texts: Sequence[str], flag: str = "--option") -> dict[str, str]:
    """The options in texts of the form NAME=VALUE, as `flag` gave them."""
    options: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"{flag} {text!r} is not of the form NAME=VALUE.")
        if name in options:
            raise UsageError(f"{flag} names {name!r} more than once; give every option once.")
        options[name] = value
    return options


def check_png(path: Path) -> None:
    """Raise `UsageError` unless a PNG can be written to `path`."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"The output is {path}; its name must end in .png.")
    if path.is_dir():
        raise UsageError(f"The output {path} is a folder; give a file name.")
    check_folder(path.parent)


def check_folder(path: Path) -> None:
    """Raise `UsageError` unless files can be written into `path`, which need not exist yet."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir():
        raise UsageError(f"The output cannot be written, because {existing} is a file and not a folder.")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"The output cannot be written, because {existing} is write-protected.")


def add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    """How a layout file is to be read."""
    parser.add_argument("--label-space", metavar="NAME", help="of the layout; the (first) generator's if left out")
    parser.add_argument("--instances", type=Path, metavar="FILE", help="ids of objects; connected areas if left out")
    parser.add_argument("--encoding", choices=ENCODINGS, help="of the layout; found out if left out")


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """What every run takes."""
    parser.add_argument("--seed", type=seed_number, default=0, metavar="N")
    parser.add_argument("--device", choices=DEVICES, default="auto")


def seed_number(text: str) -> int:
    """The argument type of seeds."""
    try:
        seed = int(text)
        check_seed(seed)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {MAX_SEED}") from error
    return seed


def height_and_width(text: str) -> tuple[int, int]:
    """The argument type of sizes, HEIGHTxWIDTH in pixels."""
    found = re.fullmatch("([0-9]{1,5})x([0-9]{1,5})", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form HEIGHTxWIDTH")
    return int(found[1]), int(found[2])
