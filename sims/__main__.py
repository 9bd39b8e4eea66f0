"""The command line: what the app does, without the browser.

Exit status 0, or 2 with one sentence on standard error for bad input.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sims.bank_command import add_bank_commands
from sims.generator import (
    MAX_SEED,
    Card,
    ImageRequest,
    LayoutRequest,
    Picture,
    Request,
    RequestError,
    check_request,
    check_seed,
)
from sims.image_files import ImageError, encode_png, read_image
from sims.layout import Layout, LayoutError
from sims.layout_files import ENCODINGS, read_layout
from sims.load import LoadError, card, load
from sims.memory.bank_file import BankError
from sims.provenance import picture_png
from sims.sheet import contact_sheet
from zoo import Entry, ZooError, catalog
from zoo.command_line import Parser, UsageError, carry_out, progress
from zoo.files import write_atomically
from zoo.hub import availability

DEVICES = ("auto", "cpu", "cuda")
BAD_INPUT = (ZooError, LoadError, LayoutError, ImageError, RequestError, BankError)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit status."""
    return carry_out(_parser(), arguments, BAD_INPUT)


def list_generators(args: argparse.Namespace) -> None:
    """Print every generator of the catalogue: what it works from, its size, whether it can run, and is verified."""
    for entry in catalog().values():
        if entry.task not in ("layout", "image"):
            continue
        works_from = "picture" if entry.task == "image" else f"{entry.label_space or ''} layout".strip()
        size = "x".join(map(str, entry.native_size[::-1])) if entry.native_size else "any size"
        print(f"{entry.name:38}{works_from:20}{size:11}{_state(entry)}")


def _state(entry: Entry) -> str:
    if entry.unsupported:
        return "not readable here"
    found = availability(entry)
    state = "ready" if found.ready else "can be pulled" if found.can_pull else "not here"
    return state if entry.verified else f"{state}, not verified"


def generate(args: argparse.Namespace) -> None:
    """Make one picture, and write it with its recipe."""
    _check_png(args.out)
    target = card(args.name)
    request = _request(args, target)
    check_request(target, request)
    _make(args, args.name, request, args.out)


def compare(args: argparse.Namespace) -> None:
    """Make one picture per generator from the same layout, and a sheet that shows them side by side."""
    _check_folder(args.out)
    cards = [card(name) for name in args.names]
    names = [target.name for target in cards]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise UsageError(f"{repeated} is named more than once; name every generator once.")
    request = LayoutRequest(_layout(args, cards[0]))
    for target in cards:
        check_request(target, request)
    for name in args.names:  # all before the first runs, so that one that cannot be had is known at once
        load(name, device=args.device, progress=progress())
    shown = [("layout", request.layout.colours())]
    for name, target in zip(args.names, cards, strict=True):
        shown.append((target.name, _make(args, name, request, args.out / f"{target.name}.png").image))
    write_atomically(args.out / "sheet.png", encode_png(contact_sheet(shown)))
    print(args.out / "sheet.png")


def _make(args: argparse.Namespace, name: str, request: Request, out: Path) -> Picture:
    """Run one generator and write its picture to `out`; tells on standard output what was made."""
    show = progress()
    picture = load(name, device=args.device, progress=show).generate(request, seed=args.seed, progress=show)
    write_atomically(out, picture_png(picture))
    for note in picture.notes:
        print(note)
    height, width = picture.image.shape[:2]
    print(f"{out}: {width}x{height}, {sum(picture.seconds.values()):.1f} s, seed {picture.seed}")
    return picture


def _request(args: argparse.Namespace, target: Card) -> Request:
    options = _options(args.option)
    if args.layout is not None:
        style = None if args.style is None else read_image(args.style, "The style picture")
        return LayoutRequest(_layout(args, target), style, options)
    for name in ("label_space", "instances", "encoding", "style"):
        if getattr(args, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} goes with --layout and not with --image; leave it out.")
    return ImageRequest(read_image(args.image, "The picture"), options)


def _layout(args: argparse.Namespace, target: Card) -> Layout:
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


def _options(texts: Sequence[str]) -> dict[str, str]:
    options = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise UsageError(f"--option {text!r} is not of the form NAME=VALUE.")
        options[name] = value
    return options


def _seed(text: str) -> int:
    try:
        seed = int(text)
        check_seed(seed)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0 to {MAX_SEED}") from error
    return seed


def _check_png(path: Path) -> None:
    """Raise `UsageError` unless a PNG can be written to `path`."""
    if path.suffix.lower() != ".png":
        raise UsageError(f"The output is {path}; its name must end in .png.")
    if path.is_dir():
        raise UsageError(f"The output {path} is a folder; give a file name.")
    _check_folder(path.parent)


def _check_folder(path: Path) -> None:
    """Raise `UsageError` unless files can be written into `path`, which need not exist yet."""
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not existing.is_dir():
        raise UsageError(f"The output cannot be written, because {existing} is a file and not a folder.")
    if not os.access(existing, os.W_OK):
        raise UsageError(f"The output cannot be written, because {existing} is write-protected.")


def _parser() -> Parser:
    parser = Parser(prog="python -m sims", description="Pictures from layouts and from other pictures.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show the generators and whether they can run now")
    listing.set_defaults(run=list_generators)

    one = commands.add_parser("generate", help="make one picture", allow_abbrev=False)
    one.set_defaults(run=generate)
    one.add_argument("name", metavar="NAME_OR_DIR", help="a generator of the list, or a folder with a checkpoint")
    source = one.add_mutually_exclusive_group(required=True)
    source.add_argument("--layout", type=Path, metavar="FILE", help="a label map, as ids or as colours")
    source.add_argument("--image", type=Path, metavar="FILE", help="a picture to translate")
    one.add_argument("--style", type=Path, metavar="FILE", help="a picture whose look the result takes on")
    one.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the generator")
    one.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    _add_common(one)

    several = commands.add_parser("compare", help="make one picture per generator, and a sheet", allow_abbrev=False)
    several.set_defaults(run=compare)
    several.add_argument("names", nargs="+", metavar="NAME", help="generators of the list, or folders")
    several.add_argument("--layout", type=Path, required=True, metavar="FILE", help="a label map, as ids or as colours")
    several.add_argument("--out", type=Path, required=True, metavar="DIR")
    _add_common(several)
    add_bank_commands(commands)
    return parser


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label-space", metavar="NAME", help="of the layout; the (first) generator's if left out")
    parser.add_argument("--instances", type=Path, metavar="FILE", help="ids of objects; connected areas if left out")
    parser.add_argument("--encoding", choices=ENCODINGS, help="of the layout; found out if left out")
    parser.add_argument("--seed", type=_seed, default=0, metavar="N")
    parser.add_argument("--device", choices=DEVICES, default="auto")


if __name__ == "__main__":
    sys.exit(main())
