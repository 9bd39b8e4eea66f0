"""The parts of the SIMS checkpoints, each trained by a recipe of its own, and how they are put together.

`python -m sims.training.memory_parts --runs DIR --out DIR`, once all parts are trained.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from sims.training.completion import CompletionRecipe
from sims.training.data import SIZE, Frames, read_frames
from sims.training.fitting import FittingRecipe
from sims.training.memory_frames import MINIMUM_AREA, REACH, Canvases
from sims.training.memory_order import OrderRecipe
from sims.training.memory_synthesis import SynthesisRecipe
from sims.training.memory_transform import TransformRecipe
from sims.world import World
from zoo.command_line import Parser, carry_out
from zoo.errors import ZooError
from zoo.files import FORMAT, read_config, read_weights, write_atomically, write_checkpoint

SPACE = "street"
BANK = "bank-street"
Build = Callable[[str, World, Path, torch.device], FittingRecipe]


@dataclass(frozen=True)
class Part:
    """A network of a checkpoint: the checkpoint that it ships in, and what makes its recipe."""

    checkpoint: str
    recipe: Build


def _transform(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
    return TransformRecipe(name, SPACE, *_frames(world), device)


def _order(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
    return OrderRecipe(name, SPACE, world, *_frames(world), device)


def _completion(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
    return CompletionRecipe(name, SPACE, *_frames(world), device)


def _synthesis(kind: str) -> Build:
    def build(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
        training, held_out = _frames(world)
        return SynthesisRecipe(name, SPACE, Canvases(kind, SPACE, training), held_out, segmenter, device)

    return build


def _frames(world: World) -> tuple[Frames, Frames]:
    return read_frames(world, SPACE, "training"), read_frames(world, SPACE, "held_out")


PARTS = {
    "sims-street-transform": Part("sims-street", _transform),
    "sims-street-order": Part("sims-street", _order),
    "sims-street-completion": Part("sims-street", _completion),
    "sims-street-synthesis": Part("sims-street", _synthesis("simulated")),
    "sims-street-no-simulation": Part("sims-street-no-simulation", _synthesis("true")),
    "sims-street-no-memory": Part("sims-street-no-memory", _synthesis("blank")),
}

# What each checkpoint is put together from; the transformation and the order are trained once.
CHECKPOINTS = {
    "sims-street": (
        "sims-street-synthesis",
        "sims-street-transform",
        "sims-street-order",
        "sims-street-completion",
    ),
    "sims-street-no-simulation": ("sims-street-no-simulation", "sims-street-transform", "sims-street-order"),
    "sims-street-no-memory": ("sims-street-no-memory",),
}
_WIDTHS = ("synthesis_width", "transform_width", "order_width", "completion_width")


def assemble(name: str, runs: Path, out: Path) -> None:
    """Put the checkpoint `name` together from the parts in `runs`. Raises `ZooError` where one is missing."""
    parts = CHECKPOINTS[name]
    widths: dict[str, object] = dict.fromkeys(_WIDTHS)
    tensors: dict[str, torch.Tensor] = {}
    cards = [f"# {name}\n\nPut together by `python -m sims.training.memory_parts` from what follows.\n"]
    for part in parts:
        config = read_config(runs / part)
        widths |= {key: value for key, value in config.items() if key in _WIDTHS}
        tensors |= read_weights(runs / part)
        cards.append("#" + (runs / part / "card.md").read_text(encoding="utf-8"))
    has_memory = "transform_width" in widths and widths["transform_width"] is not None
    config = {
        **{"format": FORMAT, "family": "sims", "size": list(SIZE), "label_space": SPACE, "colour_order": "rgb"},
        **widths,
        **{"memory": "bank" if has_memory else "none", "bank": BANK if has_memory else None},
        **{"minimum_area": MINIMUM_AREA, "elision_reach": REACH},
    }
    write_checkpoint(out / name, tensors, config)
    write_atomically(out / name / "card.md", "\n".join(cards).encode())


def main() -> int:
    """Run the command; returns the exit status."""
    parser = Parser(
        prog="python -m sims.training.memory_parts",
        description="Puts the SIMS checkpoints together from their trained parts.",
    )
    parser.add_argument("names", nargs="*", choices=[*CHECKPOINTS, []], metavar="NAME", help="all unless given")
    parser.add_argument("--runs", type=Path, required=True, help="where the parts were trained")
    parser.add_argument("--out", type=Path, required=True, help="where the checkpoints' folders go")
    parser.set_defaults(run=_run)
    return carry_out(parser, None, bad_input=(ZooError,))


def _run(arguments: argparse.Namespace) -> None:
    for name in arguments.names or CHECKPOINTS:
        assemble(name, arguments.runs, arguments.out)
        print(arguments.out / name)


if __name__ == "__main__":
    sys.exit(main())
