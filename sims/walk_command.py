"""`python -m sims walk`: a short film from style to style, from the command line."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

from sims.animation import KINDS, MILLISECONDS, check_pace, encode_animation
from sims.cips_generator import CipsGenerator
from sims.cips_walk import FRAMES, MAX_TURNS, STOPS, WalkRequest, check_walk, walk
from sims.command_parts import add_run_arguments, check_folder, height_and_width, options_of
from sims.generator import GridRequest
from sims.grid_request import Style
from sims.image_files import read_bytes
from sims.latent_files import read_latent
from sims.load import card, load
from sims.request_error import check_seed
from zoo.command_line import UsageError, progress
from zoo.files import write_atomically


def walk_styles(args: argparse.Namespace) -> None:
    """Make a film that goes from style to style and ends where it begins."""
    kind = _kind(args.out)
    check_pace(kind, args.milliseconds)
    begin = []
    if args.latent is not None:
        latent = read_latent(read_bytes(args.latent, "The latent"), "The latent")
        begin = [Style(latent=latent, space=args.latent_space or "w")]
    elif args.latent_space is not None:
        raise UsageError("--latent-space goes with --latent; give both, or none.")
    request = WalkRequest(
        stops=(*begin, *(Style(seed=seed) for seed in args.seeds)),
        frames=args.frames,
        turn=args.turn,
        view=GridRequest(size=args.size, truncation=args.truncation, options=options_of(args.option)),
    )
    check_walk(card(args.name), request)
    show = progress()
    start = time.perf_counter()
    generator = load(args.name, device=args.device, progress=show)
    assert isinstance(generator, CipsGenerator)
    frames = walk(generator, request, seed=args.seed, progress=show)
    write_atomically(args.out, encode_animation(frames, args.milliseconds, kind))
    height, width = frames[0].shape[:2]
    print(f"{args.out}: {len(frames)} frames of {width}x{height}, {time.perf_counter() - start:.1f} s")


def add_walk_command(commands: Any) -> None:
    """Add this command to the subparsers of a command line."""
    film = commands.add_parser("walk", help="make a short film from style to style", allow_abbrev=False)
    film.set_defaults(run=walk_styles)
    film.add_argument("name", metavar="NAME_OR_DIR", help="a generator of the family cips, or a folder")
    film.add_argument(
        "--seeds",
        type=_seeds,
        required=True,
        metavar="N,N,...",
        help=f"where it passes; with the latent, {STOPS[0]} to {STOPS[1]} styles in all",
    )
    film.add_argument("--latent", type=Path, metavar="FILE.npy", help="a latent that it begins with")
    film.add_argument("--latent-space", choices=("z", "w"), help="of the latent; w if left out, which W+ is too")
    film.add_argument("--frames", type=int, default=48, metavar="N", help=f"{FRAMES[0]} to {FRAMES[1]}; 48 if left out")
    film.add_argument(
        "--size", type=height_and_width, metavar="HxW", help="height and width; the native ones if left out"
    )
    film.add_argument("--truncation", type=float, default=1.0, metavar="T", help="from 0 (the mean picture) to 1")
    film.add_argument(
        "--turn",
        type=float,
        default=0.0,
        metavar="DEGREES",
        help=f"how far a cylinder turns meanwhile: 0, or up to {MAX_TURNS} times 360 or -360",
    )
    low, high = MILLISECONDS
    film.add_argument(
        "--milliseconds", type=int, default=83, metavar="N", help=f"that a frame is shown, {low} to {high}"
    )
    film.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the generator")
    film.add_argument("--out", type=Path, required=True, metavar="FILE.webp", help="or FILE.gif")
    add_run_arguments(film)


def _kind(out: Path) -> str:
    """The kind of file that a name asks for. Raises `UsageError` unless one can be written there."""
    kind = out.suffix.lower().removeprefix(".")
    if kind not in KINDS:
        raise UsageError(f"The output is {out}; its name must end in .webp or .gif.")
    if out.is_dir():
        raise UsageError(f"The output {out} is a folder; give a file name.")
    check_folder(out.parent)
    return kind


def _seeds(text: str) -> list[int]:
    try:
        found = [int(word) for word in text.split(",")]
        for seed in found:
            check_seed(seed)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is no list of seeds such as 1,2,3") from error
    return found
