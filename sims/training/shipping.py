"""What a trained checkpoint ships as: float16 weights, its configuration, and a card with its figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.files import FORMAT, one_line, write_checkpoint

MEANING = {
    "accuracy": "share of held-out pixels whose class it finds",
    "iou": "mean intersection over union of the classes that occur",
    "pixel": "mean absolute difference from the render, pictures in [-1, 1]",
    "perceptual": "mean relative difference of the segmenter's features",
    "consistency": "share of pixels that the segmenter reads as the layout says",
    "consistency_render": "the same for the renders; pictures made to please the segmenter can exceed it",
    "iou_render": "the same for the renders",
    "disturbed": "mean absolute difference of disturbed segments from what they were, under their masks, in [0, 1]",
    "found": "the same of segments that were brought back",
    "overlap_disturbed": "mean intersection over union of disturbed segments and their masks",
    "overlap_found": "the same of segments that were brought back",
    "ordered": "share of touching pairs of segments whose nearer one it tells",
    "ordered_coarse": "the same by the coarse order of classes alone",
    "reconstruction": "mean absolute difference, in [0, 1], of pictures decoded from their own features, level",
    "open": "share of pixels that the coarse layouts leave open",
    "kernel": "squared kernel distance of 256 new pictures to the held-out ones, of the segmenter's features",
    "kernel_render": "the same of 256 training pictures",
    "filled": "share of these whose class it finds",
}


def ship(folder: Path, tensors: Mapping[str, Tensor], config: Mapping[str, Any]) -> None:
    """Write the checkpoint in half precision; counts of batches seen are left out, as nothing reads them."""
    halved = {key: value.half() for key, value in tensors.items() if not key.endswith("num_batches_tracked")}
    write_checkpoint(folder, halved, {"format": FORMAT, **config})


def unship(network: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Load shipped tensors into a network to be trained on. Raises `ZooError` if they are another network's."""
    counts = {key: value for key, value in network.state_dict().items() if key.endswith("num_batches_tracked")}
    try:
        network.load_state_dict({**counts, **{key: value.float() for key, value in tensors.items()}})
    except RuntimeError as error:
        raise ZooError(f"The weights to start from are those of another network: {one_line(error)}.") from error


def write_card(
    folder: Path,
    name: str,
    minutes: float,
    steps: int,
    seed: int,
    scores: Mapping[str, float],
    *,
    started: bool,
    own_world: bool,
    also: str = "",
) -> None:
    """Write `card.md` into a checkpoint's folder.

    `started` says that it went on from an earlier checkpoint, `own_world` that its frames were not the built-in ones,
    `also` what it learned from besides.
    """
    rows = [f"| {key} | {value:.3f} | {_meaning(key)} |" for key, value in scores.items()]
    options = " --data DIR" * own_world + " --start DIR" * started
    origin = " that went on from the weights of an earlier version" if started else ""
    frames = "on a world of one's own" if own_world else "on scenes that this project made and rendered"
    frames += f", and on {also or 'nothing else'}" if also or not own_world else ""
    licence = "" if own_world else " Licence: MIT, as the rest of the project."
    text = f"""# {name}

Trained {frames}, by

    python -m sims.training {name} --minutes {minutes:g} --seed {seed}{options} --out runs

in {steps} steps{origin}. Frames whose number ends in 7 were held out; on them:

| figure | value | meaning |
|---|---|---|
{chr(10).join(rows)}

Weights are float16 and are computed with in float32.{licence}
"""
    (folder / "card.md").write_text(text, encoding="utf-8")


def _meaning(key: str) -> str:
    if key in MEANING:
        return MEANING[key]
    kind, _, space = key.rpartition("_")
    return f"{MEANING[kind]}, {space}"
