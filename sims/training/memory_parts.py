"""The parts of the SIMS checkpoints, each trained by a recipe of its own, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from sims.training.completion import CompletionRecipe
from sims.training.data import Frames, read_frames
from sims.training.fitting import FittingRecipe
from sims.training.memory_frames import Canvases
from sims.training.memory_order import OrderRecipe
from sims.training.memory_synthesis import SynthesisRecipe
from sims.training.memory_transform import TransformRecipe
from sims.world import World

SPACE = "street"
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
