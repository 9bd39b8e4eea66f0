"""The command line: what the app does, without the browser.

Exit status 0, or 2 with one sentence on standard error for bad input.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from sims.bank_command import add_bank_commands
from sims.cips_command import add_cips_commands, add_grid_arguments, grid_request, refuse_grid_arguments
from sims.command_parts import (
    add_layout_arguments,
    add_run_arguments,
    check_folder,
    check_png,
    layout_of,
    make,
    options_of,
)
from sims.generator import (
    REQUESTS,
    WORKS_FROM,
    Card,
    ImageRequest,
    LayoutRequest,
    Request,
    RequestError,
    check_request,
)
from sims.image_files import ImageError, encode_png, read_image
from sims.layout import LayoutError
from sims.load import WITHOUT_WEIGHTS, LoadError, card, entry_card, load
from sims.memory.bank_file import BankError
from sims.sheet import contact_sheet
from sims.style_command import add_style_commands
from sims.walk_command import add_walk_command
from zoo import Entry, ZooError, catalog
from zoo.command_line import Parser, UsageError, carry_out, progress
from zoo.files import write_atomically
from zoo.hub import availability

BAD_INPUT = (ZooError, LoadError, LayoutError, ImageError, RequestError, BankError)
WITH_LAYOUT = ("label_space", "instances", "encoding", "style")  # arguments of `generate` that only layouts need


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out one command line and return its exit status."""
    return carry_out(_parser(), arguments, BAD_INPUT)


def list_generators(args: argparse.Namespace) -> None:
    """Print every generator: its size, whether it can run, and is verified, and what it works from."""
    for name in WITHOUT_WEIGHTS:
        _tell(card(name), "ready")
    for entry in catalog().values():
        known = entry_card(entry)
        if known.task in REQUESTS:
            _tell(known, _state(entry))


def _tell(known: Card, state: str) -> None:
    size = "x".join(map(str, known.native_size[::-1])) if known.native_size else "any size"
    layout = "a layout" if known.label_space is None else f"a layout of {known.label_space}"
    works_from = " or ".join(layout if task == "layout" else WORKS_FROM[task] for task in known.tasks)
    print(f"{known.name:38}{size:11}{state:30}{works_from}")


def _state(entry: Entry) -> str:
    if entry.unsupported:
        return "not readable here"
    found = availability(entry)
    state = "ready" if found.ready else "can be pulled" if found.can_pull else "not here"
    return state if entry.verified else f"{state}, not verified"


def generate(args: argparse.Namespace) -> None:
    """Make one picture, and write it with its recipe."""
    check_png(args.out)
    target = card(args.name)
    request = _request(args, target)
    check_request(target, request)
    make(args, args.name, request, args.out)


def compare(args: argparse.Namespace) -> None:
    """Make one picture per generator from the same layout, and a sheet that shows them side by side."""
    check_folder(args.out)
    cards = [card(name) for name in args.names]
    names = [target.name for target in cards]
    repeated = next((name for name in names if names.count(name) > 1), None)
    if repeated is not None:
        raise UsageError(f"{repeated} is named more than once; name every generator once.")
    request = LayoutRequest(layout_of(args, cards[0]))
    for target in cards:
        check_request(target, request)
    for name in args.names:  # all before the first runs, so that one that cannot be had is known at once
        load(name, device=args.device, progress=progress())
    shown = [("layout", request.layout.colours())]
    for name, target in zip(args.names, cards, strict=True):
        shown.append((target.name, make(args, name, request, args.out / f"{target.name}.png").image))
    write_atomically(args.out / "sheet.png", encode_png(contact_sheet(shown)))
    print(args.out / "sheet.png")


def _request(args: argparse.Namespace, target: Card) -> Request:
    if target.task == "grid":
        _refuse(args, ("layout", "image", *WITH_LAYOUT), f"does not go with {target.name}, which works from latents")
        return grid_request(args)
    refuse_grid_arguments(args, target)
    options = options_of(args.option)
    if args.layout is not None:
        style = None if args.style is None else read_image(args.style, "The style picture")
        return LayoutRequest(layout_of(args, target), style, options)
    if args.image is None:
        works_from = " or ".join(WORKS_FROM[task] for task in target.tasks)
        raise UsageError(f"{target.name} works from {works_from}; give --layout or --image.")
    _refuse(args, WITH_LAYOUT, "goes with --layout and not with --image")
    return ImageRequest(read_image(args.image, "The picture"), options)


def _refuse(args: argparse.Namespace, names: Sequence[str], reason: str) -> None:
    given = next((name for name in names if getattr(args, name) is not None), None)
    if given is not None:
        raise UsageError(f"--{given.replace('_', '-')} {reason}; leave it out.")


def _parser() -> Parser:
    parser = Parser(prog="python -m sims", description="Pictures from layouts, from other pictures and from latents.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    listing = commands.add_parser("list", help="show the generators and whether they can run now")
    listing.set_defaults(run=list_generators)

    one = commands.add_parser("generate", help="make one picture", allow_abbrev=False)
    one.set_defaults(run=generate)
    one.add_argument("name", metavar="NAME_OR_DIR", help="a generator of the list, or a folder with a checkpoint")
    source = one.add_mutually_exclusive_group()
    source.add_argument("--layout", type=Path, metavar="FILE", help="a label map, as ids or as colours")
    source.add_argument("--image", type=Path, metavar="FILE", help="a picture to translate")
    one.add_argument("--style", type=Path, metavar="FILE", help="a picture whose look the result takes on")
    one.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the generator")
    one.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    add_layout_arguments(one)
    add_grid_arguments(one)
    add_run_arguments(one)

    several = commands.add_parser("compare", help="make one picture per generator, and a sheet", allow_abbrev=False)
    several.set_defaults(run=compare)
    several.add_argument("names", nargs="+", metavar="NAME", help="generators of the list, or folders")
    several.add_argument("--layout", type=Path, required=True, metavar="FILE", help="a label map, as ids or as colours")
    several.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_layout_arguments(several)
    add_run_arguments(several)
    add_style_commands(commands)
    add_cips_commands(commands)
    add_walk_command(commands)
    add_bank_commands(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
