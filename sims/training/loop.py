"""The training loop that all recipes share: a time budget, a log, sample sheets, and resuming where it stopped."""

from __future__ import annotations

import json
import os
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from sims.training.shipping import write_card

LOG_EVERY = 50  # steps
SAVE_SECONDS = 600.0


class Recipe(Protocol):
    """One checkpoint's training: its networks, their optimisers, and what is shown and shipped."""

    name: str

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One optimisation step; `done` in [0, 1] is the share of the budget spent. Returns losses to log."""

    def state(self) -> dict[str, object]:
        """All that resuming needs, as tensors, numbers and containers of them."""

    def restore(self, state: dict[str, object]) -> None:
        """Undo `state`."""

    def sheet(self) -> np.ndarray:
        """A picture, RGB uint8, that shows how far it is: renders beside results."""

    def scores(self) -> dict[str, float]:
        """Figures on held-out frames."""

    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""


def train(
    recipe: Recipe,
    minutes: float,
    out: Path,
    seed: int,
    device: torch.device,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run `recipe` until it has had `minutes` of training in all, earlier runs included; `clock` counts seconds."""
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    spent, step = _resume(recipe, folder)
    rng = np.random.default_rng((seed, step))
    torch.manual_seed(seed + step)
    losses: dict[str, list[float]] = defaultdict(list)
    half_precision = _fast_bfloat16(device)
    start = saved = clock()
    before = spent
    while spent < minutes * 60:
        with torch.autocast(device.type, torch.bfloat16, enabled=half_precision):
            for name, value in recipe.step(rng, spent / (minutes * 60)).items():
                losses[name].append(value)
        step += 1
        spent = before + clock() - start
        if step % LOG_EVERY == 0:
            _log(folder, {"step": step, "minutes": round(spent / 60, 2)} | _means(losses))
            losses.clear()
        if clock() - saved > SAVE_SECONDS:
            _save(recipe, folder, spent, step)
            saved = clock()
    _save(recipe, folder, spent, step)
    scores = recipe.scores()
    _log(folder, {"step": step, "minutes": round(spent / 60, 2)} | scores)
    recipe.export(folder)
    write_card(folder, recipe.name, minutes, step, seed, scores)


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
    Image.fromarray(recipe.sheet()).save(folder / "sheet.png")


def _resume(recipe: Recipe, folder: Path) -> tuple[float, int]:
    path = folder / "state.pt"
    if not path.exists():
        return 0.0, 0
    saved = torch.load(path, weights_only=True)
    recipe.restore(saved["recipe"])
    return saved["spent"], saved["step"]
