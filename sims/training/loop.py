"""The training loop that all recipes share: a time budget, a log, sample sheets, and resuming where it stopped."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from sims.training.shipping import write_card

LOG_EVERY = 50  # steps
SAVE_SECONDS = 600.0
GLANCE = 12  # held-out frames that are looked at on the way
ALL = 1 << 30


@dataclass(frozen=True, eq=False)
class Review:
    """How far a training is: figures by name, and a picture (H, W, 3) uint8 that shows results beside renders."""

    scores: dict[str, float]
    sheet: np.ndarray


class Recipe(Protocol):
    """One checkpoint's training: its networks, their optimisers, and what is shown and shipped."""

    name: str
    device: torch.device

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One optimisation step; `done` in [0, 1] is the share of the budget spent. Returns losses to log."""

    def state(self) -> dict[str, object]:
        """All that resuming needs, as tensors, numbers and containers of them."""

    def restore(self, state: dict[str, object]) -> None:
        """Undo `state`."""

    def adopt(self, folder: Path) -> None:
        """Start from the weights of a shipped checkpoint instead of random ones."""

    def review(self, limit: int) -> Review:
        """Figures and pictures on the first `limit` held-out frames."""

    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""


def train(
    recipe: Recipe,
    minutes: float,
    out: Path,
    seed: int,
    start: Path | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run `recipe` until it has had `minutes` of training in all, earlier runs included; `clock` counts seconds.

    Where there is no earlier run, it begins with the weights of the checkpoint folder `start`, if one is given.
    """
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    spent, step = _resume(recipe, folder)
    if step == 0 and start is not None:
        recipe.adopt(start)
    rng = np.random.default_rng((seed, step))
    torch.manual_seed(seed + step)
    losses: dict[str, list[float]] = defaultdict(list)
    half_precision = _fast_bfloat16(recipe.device)
    begun = saved = clock()
    before = spent
    try:
        while spent < minutes * 60:
            with torch.autocast(recipe.device.type, torch.bfloat16, enabled=half_precision):
                for name, value in recipe.step(rng, spent / (minutes * 60)).items():
                    losses[name].append(value)
            step += 1
            spent = before + clock() - begun
            if step % LOG_EVERY == 0:
                _log(folder, {"step": step, "minutes": round(spent / 60, 2)} | _means(losses))
                losses.clear()
            if clock() - saved > SAVE_SECONDS:
                _save(recipe, folder, spent, step)
                _review(recipe, folder, spent, step, GLANCE)
                saved = clock()
    finally:
        _save(recipe, folder, spent, step)  # also when interrupted
    scores = _review(recipe, folder, spent, step, ALL)
    recipe.export(folder)
    write_card(folder, recipe.name, minutes, step, seed, scores, started=start is not None)


def _review(recipe: Recipe, folder: Path, spent: float, step: int, limit: int) -> dict[str, float]:
    review = recipe.review(limit)
    Image.fromarray(review.sheet).save(folder / "sheet.png")
    _log(folder, {"step": step, "minutes": round(spent / 60, 2)} | review.scores)
    return review.scores


def _fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is a gain: on CPUs without AVX512-BF16 it is slower by orders of magnitude."""
    if device.type == "cuda":
        return True
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512_bf16" in flags.read_text()


def _means(losses: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(float(np.mean(values)), 4) for name, values in losses.items()}


def _log(folder: Path, row: dict[str, float]) -> None:
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(folder.name, json.dumps(row), flush=True)


def _save(recipe: Recipe, folder: Path, spent: float, step: int) -> None:
    temporary = folder / "state.pt.new"
    torch.save({"spent": spent, "step": step, "recipe": recipe.state()}, temporary)
    os.replace(temporary, folder / "state.pt")


def _resume(recipe: Recipe, folder: Path) -> tuple[float, int]:
    path = folder / "state.pt"
    if not path.exists():
        return 0.0, 0
    saved = torch.load(path, weights_only=True)
    recipe.restore(saved["recipe"])
    return saved["spent"], saved["step"]
