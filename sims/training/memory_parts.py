"""The parts of the SIMS checkpoints, each trained by a recipe of its own, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from sims.training.completion import CompletionRecipe
from sims.training.data import read_frames
from sims.training.fitting import FittingRecipe
from sims.training.memory_transform import TransformRecipe
from sims.world import World

SPACE = "street"


@dataclass(frozen=True)
class Part:
    """A network of a checkpoint: the checkpoint that it ships in, and what makes its recipe."""

    checkpoint: str
    recipe: Callable[[str, World, Path, torch.device], FittingRecipe]


def _transform(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
    return TransformRecipe(name, SPACE, *_frames(world), device)


def _completion(name: str, world: World, segmenter: Path, device: torch.device) -> FittingRecipe:
    return CompletionRecipe(name, SPACE, *_frames(world), device)


def _frames(world: World):
    return read_frames(world, SPACE, "training"), read_frames(world, SPACE, "held_out")


PARTS = {
    "sims-street-transform": Part("sims-street", _transform),
    "sims-street-completion": Part("sims-street", _completion),
}
