"""`python -m sims.training NAME... --minutes M --out DIR`: train built-in checkpoints, one after the other."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from sims.generator import MAX_SEED
from sims.training.cips import CONFIGS as CIPS
from sims.training.cips import CipsRecipe
from sims.training.crn import CrnRecipe
from sims.training.data import Frames, read_frames
from sims.training.loop import Recipe, train
from sims.training.memory_parts import PARTS, assemble
from sims.training.photo_wct import PhotoWctRecipe
from sims.training.pix2pix import Pix2PixRecipe
from sims.training.segmenter import LABEL_SPACES, SegmenterRecipe
from sims.training.spade import SpadeRecipe
from sims.world import BUILTIN, World, WorldError
from zoo.command_line import Parser, carry_out, whole_number
from zoo.errors import ZooError

SEGMENTER = "segmenter-world"
PHOTO_WCT = "photo-wct-world"
NAMES = (
    *(SEGMENTER, PHOTO_WCT, "spade-street", "spade-landscape", "pix2pix-street", "pix2pix-landscape", "crn-street"),
    *CIPS,
    *PARTS,
)
Build = Callable[[str, Frames, Frames, Path, torch.device], Recipe]
RECIPES: dict[str, Build] = {"spade": SpadeRecipe, "pix2pix": Pix2PixRecipe, "crn": CrnRecipe}
MAX_MINUTES = 7 * 24 * 60


def main() -> int:
    """Run the command; returns the exit status."""
    parser = Parser(
        prog="python -m sims.training",
        description="Trains built-in checkpoints for a number of minutes each; the same call again resumes.",
    )
    parser.add_argument("names", nargs="+", choices=("all", *NAMES), metavar="NAME", help=", ".join(("all", *NAMES)))
    parser.add_argument("--minutes", type=_minutes, required=True, help="of each checkpoint, earlier runs included")
    parser.add_argument("--out", type=Path, required=True, help="where states, logs, sheets and weights go")
    parser.add_argument("--data", type=Path, default=BUILTIN, help="a packed world; the built-in one unless given")
    parser.add_argument(
        "--start", type=Path, help="a folder of NAME/model.safetensors, whose weights the generators go on from"
    )
    parser.add_argument("--seed", type=whole_number(0, MAX_SEED, "seed"), default=1)
    parser.set_defaults(run=_run)
    return carry_out(parser, None, bad_input=(ZooError, WorldError))


def _run(arguments: argparse.Namespace) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    names = NAMES if "all" in arguments.names else tuple(dict.fromkeys(arguments.names))
    world = World(arguments.data)
    for name in names:
        # A segmenter ships with its batch norms folded, so it always begins anew.
        start = arguments.start / _checkpoint(name) if arguments.start and name != SEGMENTER else None
        torch.manual_seed(arguments.seed)
        recipe = build(name, world, arguments.out, device)
        train(recipe, arguments.minutes, arguments.out, arguments.seed, start, own_world=arguments.data != BUILTIN)
    if PARTS.keys() & set(names):
        for folder in assemble(arguments.out):
            print(folder)


def build(name: str, world: World, out: Path, device: torch.device) -> Recipe:
    """The recipe of a built-in checkpoint on the frames of a world.

    Generators learn from the segmenter in `out` where one was trained, and else from the built-in one.
    """
    if name == SEGMENTER:
        both = {space: _frames(world, space) for space in LABEL_SPACES}
        training, held_out = ({space: pair[index] for space, pair in both.items()} for index in (0, 1))
        return SegmenterRecipe(training, held_out, device)
    segmenter = out / SEGMENTER
    if not (segmenter / "config.json").is_file():
        segmenter = BUILTIN.parent / SEGMENTER
    if name == PHOTO_WCT:
        return PhotoWctRecipe(name, world, segmenter, device)
    if name in CIPS:
        return CipsRecipe(name, world, segmenter, device)
    if name in PARTS:
        return PARTS[name].recipe(name, world, segmenter, device)
    family, _, space = name.partition("-")
    return RECIPES[family](space, *_frames(world, space), segmenter, device)


def _checkpoint(name: str) -> str:
    """The checkpoint that what is trained under this name ships in."""
    return PARTS[name].checkpoint if name in PARTS else name


def _frames(world: World, space: str) -> tuple[Frames, Frames]:
    """The training frames and the held-out ones."""
    return read_frames(world, space, "training"), read_frames(world, space, "held_out")


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes <= MAX_MINUTES:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of minutes above 0 and up to {MAX_MINUTES}")
    return minutes


if __name__ == "__main__":
    sys.exit(main())
