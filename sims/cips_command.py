"""`python -m sims generate` from latents, `panorama` and `invert`: CIPS from the command line."""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from sims.cips_inversion import SPACES, STEPS, USUAL_STEPS, check_inversion, invert
from sims.command_parts import (
    add_run_arguments,
    check_folder,
    check_png,
    height_and_width,
    make,
    options_of,
    seed_number,
)
from sims.generator import Card, GridRequest, check_request
from sims.grid import WHOLE
from sims.grid_request import Style
from sims.image_files import encode_png, read_bytes, read_image
from sims.latent_files import latent_npy, read_latent
from sims.load import card, load
from sims.mask_files import read_mask
from sims.panorama import PROJECTION, SOFTNESS, WIDTH, banded, closes, panorama
from sims.provenance import picture_png
from zoo.command_line import UsageError, progress
from zoo.files import write_atomically

# What only generators that work from latents take, and what they take when it is left out.
GRID_DEFAULTS: dict[str, Any] = {
    "latent": None,
    "latent_space": None,
    "size": None,
    "truncation": 1.0,
    "noise": None,
    "window": WHOLE,
}


def grid_request(args: argparse.Namespace) -> GridRequest:
    """What `generate` asks of a generator that works from latents. Raises `UsageError` or `RequestError`."""
    options = options_of(args.option)
    if args.noise is not None:
        options = _once(options, "noise", args.noise)
    style = _style(args)
    return GridRequest(args.size, style, truncation=args.truncation, window=args.window, options=options)


def refuse_grid_arguments(args: argparse.Namespace, target: Card) -> None:
    """Raise `UsageError` if the command line says what only generators that work from latents take."""
    for name, default in GRID_DEFAULTS.items():
        if getattr(args, name) != default:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(
                f"{flag} is for generators that work from latents, and {target.name} does not; leave it out."
            )


def make_panorama(args: argparse.Namespace) -> None:
    """Make a panorama of one style, or of two that blend into each other."""
    check_png(args.out)
    target = _grid_card(args.name)
    options = options_of(args.option)
    for name in ("noise", "projection"):
        if getattr(args, name) is not None:
            options = _once(options, name, getattr(args, name))
    asked = GridRequest(args.size, truncation=args.truncation, turn=args.turn, options=options)
    request = _blended(args, target, panorama(target, asked))
    check_request(target, request)
    if not closes(target, request):
        print("This projection does not close: the right edge does not go on at the left.")
    make(args, args.name, request, args.out)


def invert_picture(args: argparse.Namespace) -> None:
    """Find the latent in which a generator shows a picture, and write it with what it shows."""
    check_folder(args.out)
    _grid_card(args.name)
    image = read_image(args.image, "The picture")
    check_inversion(image, args.space, args.steps, args.seed, args.seconds)
    show = progress()
    generator = load(args.name, device=args.device, progress=show)
    found = invert(
        generator,
        image,
        space=args.space,
        steps=args.steps,
        seed=args.seed,
        seconds=args.seconds,
        progress=show,
    )
    write_atomically(args.out / "latent.npy", latent_npy(found.latent))
    write_atomically(args.out / "picture.png", picture_png(found.picture))
    write_atomically(args.out / "target.png", encode_png(found.target))
    write_atomically(args.out / "report.json", (json.dumps(found.report(), indent=2) + "\n").encode())
    for note in found.notes:
        print(note)
    print(f"{args.out}: SSIM {found.ssim:.3f}, mean difference {found.l1:.3f}, {found.steps_done} steps")


def add_grid_arguments(parser: argparse.ArgumentParser) -> None:
    """What `generate` takes for generators that work from latents."""
    parser.add_argument("--latent", type=Path, metavar="FILE.npy", help="a latent, instead of the one the seed draws")
    parser.add_argument("--latent-space", choices=("z", "w"), help="of the latent; w if left out, which W+ is too")
    parser.add_argument(
        "--size", type=height_and_width, metavar="HxW", help="height and width; the native ones if left out"
    )
    parser.add_argument(
        "--window", type=_window, default=WHOLE, metavar="L,T,W,H", help="a part, in shares of the whole"
    )
    _add_look(parser)


def add_cips_commands(commands: Any) -> None:
    """Add these commands to the subparsers of a command line."""
    wide = commands.add_parser("panorama", help="make a panorama from a latent", allow_abbrev=False)
    wide.set_defaults(run=make_panorama)
    wide.add_argument("name", metavar="NAME_OR_DIR", help="a generator of the family cips, or a folder")
    wide.add_argument("--size", type=height_and_width, metavar="HxW", help="height and width of the whole panorama")
    wide.add_argument("--turn", type=float, default=0.0, metavar="DEGREES", help="turns what is in the middle")
    wide.add_argument(
        "--projection", choices=("mirrored", "extended", "bent"), help=f"of a plane; {PROJECTION} if left out"
    )
    wide.add_argument(
        "--blend", type=seed_number, metavar="SEED2", help="a second style, which takes over in the middle"
    )
    wide.add_argument("--blend-mask", type=Path, metavar="FILE.png", help="where it does: grey, white for all of it")
    wide.add_argument("--blend-width", type=_share, metavar="S", help=f"share that it takes; {WIDTH} if left out")
    wide.add_argument(
        "--blend-softness", type=_share, metavar="S", help=f"share over which styles change; {SOFTNESS} if left out"
    )
    wide.add_argument("--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the generator")
    wide.add_argument("--out", type=Path, required=True, metavar="FILE.png")
    _add_look(wide)
    add_run_arguments(wide)

    back = commands.add_parser("invert", help="find the latent that shows a picture", allow_abbrev=False)
    back.set_defaults(run=invert_picture)
    back.add_argument("name", metavar="NAME_OR_DIR", help="a generator of the family cips, or a folder")
    back.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture to be shown")
    back.add_argument("--space", choices=SPACES, default="w+", help="one style, or one a layer (the default)")
    back.add_argument("--steps", type=int, default=USUAL_STEPS, metavar="N", help=f"{STEPS[0]} to {STEPS[1]}")
    back.add_argument("--seconds", type=int, metavar="N", help="ends the search with the best so far")
    back.add_argument("--out", type=Path, required=True, metavar="DIR")
    add_run_arguments(back)


def _add_look(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--truncation", type=float, default=1.0, metavar="T", help="from 0 (the mean picture) to 1")
    parser.add_argument("--noise", choices=("off", "seeded"), help="off if left out")


def _style(args: argparse.Namespace) -> Style:
    if args.latent is None:
        if args.latent_space is not None:
            raise UsageError("--latent-space goes with --latent; give both, or none.")
        return Style()
    latent = read_latent(read_bytes(args.latent, "The latent"), "The latent")
    return Style(latent=latent, space=args.latent_space or "w")


def _blended(args: argparse.Namespace, target: Card, request: GridRequest) -> GridRequest:
    """The request with the second style that a command line blends in. Raises `UsageError` or `RequestError`."""
    band = {name: getattr(args, f"blend_{name}") for name in ("width", "softness")}
    band = {name: share for name, share in band.items() if share is not None}
    if args.blend is None and (band or args.blend_mask is not None):
        raise UsageError(f"--blend-{next(iter(band), 'mask')} says where the style of --blend is; give both, or none.")
    if args.blend is None:
        return request
    if args.blend_mask is None:
        return banded(target, request, Style(seed=args.blend), **band)
    if band:
        raise UsageError(f"--blend-mask says where the second style is; leave --blend-{next(iter(band))} out.")
    return replace(request, second=Style(seed=args.blend), mask=read_mask(args.blend_mask))


def _grid_card(name: str) -> Card:
    target = card(name)
    if target.task != "grid":
        raise UsageError(f"{name} does not work from latents; name a generator of the family cips.")
    return target


def _once(options: dict[str, str], name: str, value: str) -> dict[str, str]:
    if name in options:
        raise UsageError(f"--{name} and --option {name}= say the same thing twice; give one of them.")
    return options | {name: value}


def _window(text: str) -> tuple[float, float, float, float]:
    try:
        left, top, width, height = (float(word) for word in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form LEFT,TOP,WIDTH,HEIGHT") from error
    return left, top, width, height


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = math.nan
    if not 0 <= share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")
    return share
