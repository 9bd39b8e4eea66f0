"""Banks of segments, the memory of SIMS: built from pictures and their layouts, never converted.

A bank lies in a folder with `model.safetensors` and `config.json` like a checkpoint, so that the catalogue lists,
pulls, verifies and publishes it like one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from zoo.convert.config import Config, Field, integer, one_of, pattern, size
from zoo.convert.errors import ConvertError

if TYPE_CHECKING:
    import torch

LINE = (r"[^\n]{0,300}", "a line of up to 300 characters")

FIELDS: Mapping[str, Field] = {
    "label_space": pattern(r"[a-z0-9_]{1,40}", "the name of a label space"),
    "size": size(),
    "segments": integer(1, 100_000_000),
    "frames": integer(1, 1_000_000),
    "minimum_area": integer(0, 256 * 512),
    "source": one_of("own", "world"),
    "licence": pattern(*LINE),
    "origin": pattern(*LINE),
}
PRESETS: Mapping[str, Config] = {}


def check(config: Config) -> None:
    """What fields must agree on. Raises `ConvertError` naming one of them."""
    if config["size"][1] != 2 * config["size"][0]:
        raise ConvertError(f"config field 'size' is {config['size']}; the width must be twice the height.")


def expected(config: Config) -> NoReturn:
    """Raises `ConvertError`: how long a bank's tensors are depends on its segments, not on its configuration."""
    raise ConvertError("the tensors of a bank follow from its segments, not from its config.")


def read(file: Path) -> NoReturn:
    """Raises `ConvertError`: nobody's files are converted into a bank."""
    raise ConvertError("a bank is not converted; python -m sims bank build makes one from pictures and layouts.")


def recognise(states: Sequence[Mapping[str, torch.Tensor]]) -> Config:
    """Nothing: nobody's files are a bank."""
    return {}


def gather(states: Sequence[Mapping[str, torch.Tensor]], config: Config) -> NoReturn:
    """Raises `ConvertError` as `read` does."""
    read(Path())
