"""The training loop that all recipes share: a time budget, a log, sample sheets, and resuming where it stopped."""

from __future__ import annotations

import json
import os
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Protocol

import numpy as np
import torch
from PIL import Image

from sims.training.shipping import write_card
from zoo.errors import ZooError
from zoo.files import one_line

LOG_EVERY = 50  # steps
SAVE_SECONDS = 240.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)
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
    also: str  # what it learns from besides the world's frames, for its card; mostly nothing
    device: torch.device

    def step(self, rng: np.random.Generator, done: float) -> dict[str, float]:
        """One optimisation step; `done` in [0, 1] is the share of the budget spent. Returns losses to log."""

    def state(self) -> dict[str, object]:
        """All that resuming needs, as tensors, numbers and containers of them."""

    def restore(self, state: dict[str, object]) -> None:
        """Go on from what `state` returned."""

    def adopt(self, folder: Path) -> None:
        """Start from the weights of a shipped checkpoint instead of random ones."""

    def review(self, limit: int) -> Review:
        """Figures and pictures on the first `limit` held-out frames."""

    def export(self, folder: Path) -> None:
        """Write model.safetensors (float16) and config.json."""


@dataclass
class Spent:
    """How far a training has come, and whether it began with the weights of an earlier version."""

    seconds: float = 0.0
    steps: int = 0
    started: bool = False


def train(
    recipe: Recipe,
    minutes: float,
    out: Path,
    seed: int,
    start: Path | None = None,
    *,
    own_world: bool = False,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Run `recipe` until it has had `minutes` of training in all, earlier runs included; `clock` counts seconds.

    Where there is no earlier run, it begins with the weights of the checkpoint folder `start`, if one is given.
    `own_world` says that the frames are not the built-in ones. Interrupted or terminated, it ends the step, keeps its
    state and raises `KeyboardInterrupt`. Raises `ZooError` for a state or a start that cannot be used.
    """
    folder = out / recipe.name
    folder.mkdir(parents=True, exist_ok=True)
    spent = _resume(recipe, folder)
    if spent.steps == 0 and start is not None:
        recipe.adopt(start)
        spent.started = True
    rng = np.random.default_rng((seed, spent.steps))
    torch.manual_seed(seed + spent.steps)
    losses: dict[str, list[float]] = defaultdict(list)
    half_precision = _fast_bfloat16(recipe.device)
    begun = saved = clock()
    before = spent.seconds
    with _stopping() as stopped:
        while spent.seconds < minutes * 60 and not stopped():
            with torch.autocast(recipe.device.type, torch.bfloat16, enabled=half_precision):
                for name, value in recipe.step(rng, spent.seconds / (minutes * 60)).items():
                    losses[name].append(value)
            spent.steps += 1
            spent.seconds = before + clock() - begun
            if spent.steps % LOG_EVERY == 0:
                _log(folder, spent, _means(losses))
                losses.clear()
            if clock() - saved > SAVE_SECONDS:
                _save(recipe, folder, spent)
                _review(recipe, folder, spent, GLANCE)
                saved = clock()
        _save(recipe, folder, spent)
        if stopped():
            raise KeyboardInterrupt
    scores = _review(recipe, folder, spent, ALL)
    recipe.export(folder)
    write_card(
        folder,
        recipe.name,
        minutes,
        spent.steps,
        seed,
        scores,
        started=spent.started,
        own_world=own_world,
        also=recipe.also,
    )


@contextmanager
def _stopping() -> Iterator[Callable[[], bool]]:
    """Whether somebody wants the training to stop; a step is not broken off, as half of one would spoil the state."""
    heard: list[int] = []
    before = {sign: signal.signal(sign, lambda sign, frame: heard.append(sign)) for sign in STOP_SIGNALS}
    try:
        yield lambda: bool(heard)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


def _review(recipe: Recipe, folder: Path, spent: Spent, limit: int) -> dict[str, float]:
    review = recipe.review(limit)
    Image.fromarray(review.sheet).save(folder / f"sheet_{spent.steps:06}.png")
    _log(folder, spent, review.scores)
    return review.scores


def _fast_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 is a gain: on CPUs without AVX512-BF16 it is slower by orders of magnitude."""
    if device.type == "cuda":
        return True
    flags = Path("/proc/cpuinfo")
    return flags.exists() and "avx512_bf16" in flags.read_text()


def _means(losses: dict[str, list[float]]) -> dict[str, float]:
    return {name: round(float(np.mean(values)), 4) for name, values in losses.items()}


def _log(folder: Path, spent: Spent, figures: dict[str, float]) -> None:
    row = {"step": spent.steps, "minutes": round(spent.seconds / 60, 2)} | figures
    with (folder / "log.jsonl").open("a") as log:
        log.write(json.dumps(row) + "\n")
    print(folder.name, json.dumps(row), flush=True)


def _save(recipe: Recipe, folder: Path, spent: Spent) -> None:
    temporary = folder / "state.pt.new"
    torch.save({"spent": asdict(spent), "recipe": recipe.state()}, temporary)
    os.replace(temporary, folder / "state.pt")


def _resume(recipe: Recipe, folder: Path) -> Spent:
    path = folder / "state.pt"
    if not path.exists():
        return Spent()
    try:
        saved = torch.load(path, weights_only=True, map_location="cpu")
        recipe.restore(saved["recipe"])
        return Spent(**saved["spent"])
    except (RuntimeError, LookupError, TypeError, ValueError, EOFError, UnpicklingError) as error:
        raise ZooError(f"{path} is no state of this recipe ({one_line(error)}); remove it to begin anew.") from error
