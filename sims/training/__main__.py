"""`python -m sims.training NAME... --minutes M --out DIR --data DIR`: train built-in checkpoints, one by one."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from sims.training.data import Frames, read_frames
from sims.training.loop import Recipe, train
from sims.training.pix2pix import Pix2PixRecipe
from sims.training.segmenter import SegmenterRecipe
from sims.training.spade import SpadeRecipe

NAMES = ("segmenter-world", "spade-street", "spade-landscape", "pix2pix-street", "pix2pix-landscape")


def main() -> None:
    """Train the named checkpoints for a number of minutes each; the same call again resumes."""
    parser = argparse.ArgumentParser(prog="python -m sims.training", description=main.__doc__)
    parser.add_argument("names", nargs="+", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--minutes", type=float, required=True, help="training time of each checkpoint, in all runs")
    parser.add_argument("--out", type=Path, required=True, help="where states, logs, sheets and weights go")
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="folders that hold street/ and landscape/")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for name in arguments.names:
        recipe = build(name, arguments.data, arguments.out, device)
        train(recipe, arguments.minutes, arguments.out, arguments.seed, device)


def build(name: str, data: list[Path], out: Path, device: torch.device) -> Recipe:
    """The recipe of a built-in checkpoint. Generators need `out`/segmenter-world, trained before them."""
    if name == "segmenter-world":
        spaces = ("street", "landscape")
        training = {space: _frames(data, space, held_out=False) for space in spaces}
        return SegmenterRecipe(training, {space: _frames(data, space, held_out=True) for space in spaces}, device)
    space = name.partition("-")[2]
    frames = _frames(data, space, held_out=False), _frames(data, space, held_out=True)
    recipe = SpadeRecipe if name.startswith("spade") else Pix2PixRecipe
    return recipe(space, *frames, out / "segmenter-world", device)


def _frames(data: list[Path], space: str, *, held_out: bool) -> Frames:
    """Of several folders all train; the first alone gives the held-out frames, so that figures stay comparable."""
    folders = [folder / space for folder in (data[:1] if held_out else data)]
    return read_frames(folders, held_out=held_out)


if __name__ == "__main__":
    main()
