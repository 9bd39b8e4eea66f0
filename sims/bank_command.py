"""`python -m sims bank build`: a memory bank from pictures and their layouts, or from the built-in world."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from sims.label_space import label_space_names
from sims.memory.bank import Bank
from sims.memory.bank_builder import build_bank
from sims.memory.bank_file import SCALES
from sims.memory.bank_sources import Choices, FolderSource, Source, WorldSource
from sims.world import SPACES
from zoo.command_line import UsageError, progress, whole_number

HEIGHT = Choices.size[0]
MINIMUM_AREA = {"own": 100, "world": 200}  # the built-in one is to be small; queries have more than 1000 pixels


def add_bank_commands(commands: Any) -> None:
    """Add the command `bank` to the subparsers of a command line."""
    bank = commands.add_parser("bank", help="build a memory bank, from which SIMS takes its segments")
    build = bank.add_subparsers(dest="bank_command", required=True, metavar="COMMAND").add_parser(
        "build", help="collect the segments of pictures with layouts", allow_abbrev=False
    )
    build.set_defaults(run=build_command)
    build.add_argument("--images", type=Path, metavar="DIR", help="pictures")
    build.add_argument("--labels", type=Path, metavar="DIR", help="their layouts, under the same names")
    build.add_argument("--label-space", choices=label_space_names(), help="of the layouts")
    build.add_argument(
        "--world",
        choices=[name for name, space in SPACES.items() if name == space],
        help="take the training frames of the built-in world, and only point to them",
    )
    build.add_argument("--out", type=Path, required=True, metavar="DIR")
    area = whole_number(0, 1_000_000)
    build.add_argument("--minimum-area", type=area, metavar="N", help="pixels that a segment must exceed, at 512x256")
    build.add_argument(
        "--limit-size",
        type=int,
        choices=[scale * HEIGHT for scale in SCALES],
        default=SCALES[-1] * HEIGHT,
        help="rows that pictures are reduced to if they have more",
    )
    build.add_argument("--lossless", action="store_true", help="keep pictures without loss, in far more room")
    build.add_argument("--licence", default="not stated", metavar="TEXT", help="of the pictures, for who gets the bank")


def build_command(args: argparse.Namespace) -> None:
    """Build a bank and check it; what a stopped run has done, the next one takes over."""
    kind = "own" if args.world is None else "world"
    choices = Choices(
        space=args.world or args.label_space or "",
        minimum_area=MINIMUM_AREA[kind] if args.minimum_area is None else args.minimum_area,
        largest=args.limit_size // HEIGHT,
        lossless=args.lossless,
    )
    if "\n" in args.licence or len(args.licence) > 300:
        raise UsageError("--licence must be a line of at most 300 characters.")
    source, origin = _source(args, choices)
    built = build_bank(
        source, args.out, choices, licence="MIT" if args.world else args.licence, origin=origin, progress=progress()
    )
    Bank.open(built.folder)
    print(f"{built.folder}: {built.segments} segments of {built.frames} frames, {built.size_bytes / 1e6:.1f} MB")


def _source(args: argparse.Namespace, choices: Choices) -> tuple[Source, str]:
    """Where the frames come from, and a line that says so."""
    given = [name for name in ("images", "labels", "label_space") if getattr(args, name) is not None]
    if args.world is not None:
        if given:
            raise UsageError(f"--{given[0].replace('_', '-')} does not go with --world; leave one of them out.")
        return WorldSource(choices), f"training frames of the built-in world, {args.world}"
    if len(given) < 3:
        raise UsageError("Give --images, --labels and --label-space, or --world.")
    own = FolderSource(args.images, args.labels, choices)
    if own.alone:
        print(f"{own.alone} files have no counterpart of the same name and are left out.")
    return own, f"{len(own.names)} pictures"
