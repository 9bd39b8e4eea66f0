"""The parts of the SIMS checkpoints, each trained by a recipe of its own, and how they are put together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from sims.layout import listed
from sims.training.completion import CompletionRecipe
from sims.training.data import SIZE, Frames, read_frames
from sims.training.fitting import FittingRecipe
from sims.training.memory_frames import MINIMUM_AREA, REACH, Canvases
from sims.training.memory_order import OrderRecipe
from sims.training.memory_synthesis import SynthesisRecipe
from sims.training.memory_transform import TransformRecipe
from sims.world import World
from zoo.files import CONFIG, FORMAT, read_config, read_weights, write_atomically, write_checkpoint

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
    "sims-street-synthesis-true": Part("sims-street-no-simulation", _synthesis("true")),
    "sims-street-synthesis-blank": Part("sims-street-no-memory", _synthesis("blank")),
}

# What each checkpoint is put together from; the transformation and the order are trained once.
CHECKPOINTS = {
    "sims-street": (
        "sims-street-synthesis",
        "sims-street-transform",
        "sims-street-order",
        "sims-street-completion",
    ),
    "sims-street-no-simulation": ("sims-street-synthesis-true", "sims-street-transform", "sims-street-order"),
    "sims-street-no-memory": ("sims-street-synthesis-blank",),
}
_WIDTHS = ("synthesis_width", "transform_width", "order_width", "completion_width")


def assemble(out: Path) -> list[Path]:
    """Put together every checkpoint whose parts were all trained in `out`, beside them; returns the folders."""
    whole = {
        name: parts for name, parts in CHECKPOINTS.items() if all((out / part / CONFIG).is_file() for part in parts)
    }
    for name, parts in whole.items():
        _assemble(name, parts, out)
    return [out / name for name in whole]


def _assemble(name: str, parts: Sequence[str], out: Path) -> None:
    widths: dict[str, object] = dict.fromkeys(_WIDTHS)
    tensors: dict[str, torch.Tensor] = {}
    cards = [f"# {name}\n\nPut together from {listed(list(parts))}, of which the following is known.\n"]
    for part in parts:
        config = read_config(out / part)
        widths |= {key: value for key, value in config.items() if key in _WIDTHS}
        tensors |= read_weights(out / part)
        cards.append("#" + (out / part / "card.md").read_text(encoding="utf-8"))
    has_memory = widths["transform_width"] is not None
    config = {
        **{"format": FORMAT, "family": "sims", "size": list(SIZE), "label_space": SPACE, "colour_order": "rgb"},
        **widths,
        **{"memory": "bank" if has_memory else "none", "bank": BANK if has_memory else None},
        **{"minimum_area": MINIMUM_AREA, "elision_reach": REACH},
    }
    write_checkpoint(out / name, tensors, config)
    write_atomically(out / name / "card.md", "\n".join(cards).encode())
